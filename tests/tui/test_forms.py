import functools
import math
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from tuitrain.data import Data
from tuitrain.data.split import ValidationSpec
from tuitrain.experiment.document import parse_value, to_document
from tuitrain.experiment.experiment import Observe, Training
from tuitrain.model.activations import Activation
from tuitrain.model.base import Layer
from tuitrain.model.dense import Dense, Output
from tuitrain.model.freezing import Freeze
from tuitrain.model.initializers import BiasInitializer, Initializer
from tuitrain.model.regularizers import Regularizer
from tuitrain.model.structure import Defaults
from tuitrain.optim.callback_base import CallbackSpec
from tuitrain.optim.clipping import Clipping
from tuitrain.optim.losses import Loss
from tuitrain.optim.optimizers import Optimizer, Sgd
from tuitrain.optim.schedule_base import Schedule
from tuitrain.spec import Family, Spec, members, parse
from tuitrain.tui.forms import about, check, form_fields, fragment_of, with_field

FAMILIES = (
    *(Activation, Initializer, BiasInitializer, Regularizer, Layer),
    *(Optimizer, Schedule, Loss, Clipping, CallbackSpec, Data, ValidationSpec),
)
SECTIONS = (Training, Observe, Defaults, Output, Freeze)
SPECS = tuple(dict.fromkeys([*(member for family in FAMILIES for member in members(family).values()), *SECTIONS]))
REQUIRED = {name: {"layers": [{"type": "dense"}]} for name in ("block", "residual")}

every_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.__name__)


def bare(spec):
    """The fragment of a spec in which nothing was set that need not be."""
    kind = getattr(spec.model_fields.get("type"), "default", "")
    texts = {name: "x" for name, info in spec.model_fields.items() if info.is_required()}
    return {**texts, **({"type": kind} if kind else {}), **REQUIRED.get(kind, {})}


@functools.cache
def fields_of(spec):
    return tuple(_fields_of(spec))


def _fields_of(spec):
    """The fields of a spec together with those that each choice of a nested one brings; a fragment that has them."""
    for field in form_fields(spec, bare(spec)):
        yield field, bare(spec)
        for kind in field.specs:
            fragment = with_field(bare(spec), field.path, field.chosen(kind))
            for inner in form_fields(spec, fragment):
                if inner.path[:-1] == field.path:
                    yield inner, fragment


def field_at(spec, fragment, path):
    return next(field for field in form_fields(spec, fragment) if field.path == path)


@every_spec
def test_every_field_has_a_label_a_help_and_its_limits(spec):
    for field, _ in fields_of(spec):
        assert field.label and "_" not in field.label
        assert len(field.help) > 10, field.path
        if field.kind in ("number", "list"):
            assert field.limits, field.path
        if field.kind == "choice":
            assert len({*field.choices, field.default}) > 1, field.path


@every_spec
def test_a_form_asks_for_all_that_a_spec_has_but_its_type_and_its_layers_what_is_required_first(spec):
    asked = [field.path[0] for field in form_fields(spec, bare(spec))]
    left_out = {"type", *REQUIRED.get(bare(spec).get("type"), {})}
    required = [name for name, info in spec.model_fields.items() if info.is_required()]
    names = dict.fromkeys([*required, *spec.model_fields])
    assert asked == [name for name in names if name not in left_out]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: next(iter(members(family).values())).__name__)
def test_every_member_can_be_told_from_the_others(family):
    sentences = [about(member) for member in members(family).values()]
    assert all(sentences) and len(set(sentences)) == len(sentences)


@every_spec
def test_nothing_is_wrong_where_nothing_was_set(spec):
    assert check(spec, bare(spec)) == {}


@every_spec
@settings(max_examples=30)
@given(data=st.data())
def test_what_was_typed_is_shown_again_or_complained_about_in_a_line(spec, data):
    if not fields_of(spec):
        return
    field, fragment = data.draw(st.sampled_from(fields_of(spec)))
    value = data.draw(entries(field))
    changed = with_field(fragment, field.path, field.chosen(value) if field.kind == "choice" else value)
    problems = check(spec, changed)
    lines = {line.path for line in form_fields(spec, changed)}
    assert set(problems) <= lines and all(problems.values())
    if problems:
        # Another line than its own complains only if it depends on this one.
        assert field.path in problems or field_at(spec, changed, field.path).value == value
        return
    described = parse(spec, changed)
    again = fragment_of(described)
    assert parse(spec, again) == described
    line = field_at(spec, again, field.path)
    assert line.value == value
    if field.kind in ("number", "text", "list"):
        assert line.read(line.text) == value


def entries(field):
    """What a person may choose or type in a line, right or wrong."""
    if field.kind == "switch":
        return st.booleans()
    if field.kind == "choice":
        return st.sampled_from(field.choices)
    words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
    numbers = st.integers(-2, 10**7).map(str) | st.floats(0, 1).map(str) | st.floats().map(str)
    typed = numbers | words | st.sampled_from(["full", "auto", "epoch", "1/sqrt(fan_in)"])
    if field.kind == "list":
        typed = typed | st.lists(numbers | st.integers(1, 9).map(str) | words, max_size=4).map(", ".join)
    return typed.map(field.read)


@every_spec
def test_a_value_that_is_unset_leaves_the_fragment_as_it_was(spec):
    for field, fragment in fields_of(spec):
        value = True if field.kind == "switch" else field.chosen(field.choices[0]) if field.choices else 1
        there = with_field(fragment, field.path, value)
        assert with_field(there, field.path, None) == with_field(fragment, field.path, None)
        unset = with_field(fragment, field.path, None)
        for part in field.path[:-1]:
            unset = unset[part]
        assert field.path[-1] not in unset


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_typed_number_is_that_number(number):
    assert parse_value(str(number)) == number


@pytest.mark.parametrize(("text", "value"), [(".5", 0.5), ("1e-3", 1e-3), ("true", True), ("full", "full")])
def test_what_people_type(text, value):
    assert parse_value(text) == value


def test_typed_nan_and_infinity_are_no_numbers_to_train_with():
    assert math.isnan(parse_value("nan"))
    assert set(check(Sgd, {"lr": parse_value("nan"), "momentum": parse_value("-inf")})) == {("lr",), ("momentum",)}


def test_every_problem_is_told_at_once_and_in_its_place():
    fragment = {"units": 0, "init": {"type": "normal", "std": -1.0}, "max_norm": "much", "biass": True}
    problems = check(Dense, fragment)
    assert set(problems) == {("units",), ("init", "std"), ("max_norm",), ("biass",)}
    assert problems["units",] == "must be at least 1, got 0"
    assert "did you mean 'bias'" in problems["biass",]


def test_what_spans_two_fields_is_told_at_the_one_that_asks_for_the_other():
    assert check(Sgd, {"nesterov": True}) == {("nesterov",): "needs a momentum greater than 0"}
    assert check(Sgd, {"nesterov": True, "momentum": 0.9}) == {}


def test_an_unset_field_shows_what_the_defaults_of_the_model_say():
    inherited = dict(Defaults.model_validate({"activation": "tanh", "max_norm": 0.5}))
    fields = {field.path: field for field in form_fields(Dense, {"units": 7}, inherited)}
    assert fields["activation",].value is None and fields["activation",].default == "tanh"
    assert fields["max_norm",].default == "0.5"
    assert fields["init",].default == "glorot_uniform"
    assert fields["units",].value == 7


def test_a_choice_brings_its_fields_right_below_it():
    fields = list(form_fields(Dense, {"init": {"type": "normal", "std": 0.1}}))
    place = [field.path for field in fields].index(("init",))
    assert fields[place].value == "normal" and "normal" in fields[place].specs
    assert (fields[place + 1].path, fields[place + 1].value, fields[place + 1].depth) == (("init", "std"), 0.1, 1)


def test_what_is_optional_is_chosen_and_unset():
    line = field_at(Maxout, {}, ("freeze",))
    assert (line.value, line.default, line.chosen("on")) == (None, "none", {})
    fragment = with_field({}, line.path, line.chosen("on"))
    assert field_at(Maxout, fragment, ("freeze", "epochs")).default == "1"
    assert parse(Maxout, fragment).freeze == Freeze()
    assert with_field(fragment, line.path, None) == {}
    assert field_at(Defaults, {}, ("regularizer",)).default == "unset"  # "none" is one of its members


def test_the_problem_of_an_entry_stands_in_the_line_of_its_list():
    assert check(Maxout, {"places": [1, 0]}) == {("places",): "must be at least 1, got 0"}
    assert check(Maxout, {"size": [3, "x"]}) == {("size",): "must be a whole number, got 'x'"}
    assert check(Maxout, {"size": 3}) == check(Maxout, {"size": "all"}) == {}


def test_what_reads_as_a_number_is_text_where_only_text_can_stand():
    names, size = field_at(Maxout, {}, ("names",)), field_at(Maxout, {}, ("size",))
    assert names.read('2020, b, "c, d"') == ["2020", "b", "c, d"] and names.read("2020") == ["2020"]
    assert (size.read("3"), size.read("3, 5"), size.read("all"), size.read(" ")) == (3, [3, 5], "all", None)


def test_a_table_without_a_type_is_shown_as_what_it_stands_for():
    mnist = members(Data)["mnist"]
    fields = {field.path: field for field in form_fields(mnist, {"validation": {"size": 5000, "take": "first"}})}
    assert fields["validation",].value == "held_out"
    assert fields["validation", "size"].value == 5000


class Curve(Family):
    """A family of its own."""


class Flat(Curve):
    """lr(t) stays."""

    type: Literal["flat"] = "flat"


class Warmup(Curve):
    """lr(t) grows."""

    type: Literal["warmup"] = "warmup"
    steps: int = Field(100, ge=1, le=5000, description="How many steps it takes.")
    shape: Literal["linear", "cosine"] = Field("linear", description="Along which curve.")


class Maxout(Spec):
    """The largest of several."""

    type: Literal["maxout"] = "maxout"
    pieces: int = Field(2, gt=1, lt=10, description="Of how many.")
    share: float = Field(0.5, gt=0, le=1, description="Which part of them.")
    schedule: Curve = Field(Warmup(), description="A family of its own.")
    on: bool = Field(True, description="Whether at all.")
    places: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False)] = Field(
        (2, 3), description="Where."
    )
    size: Annotated[int, Field(ge=1, le=9)] | Annotated[tuple[int, int], Field(strict=False)] | Literal["all"] = Field(
        3, description="Height and width."
    )
    names: Annotated[tuple[str, ...], Field(strict=False, min_length=2)] | None = Field(None, description="Of whom.")
    clipping: Clipping | None = Field(None, description="A family, or none of it.")
    freeze: Freeze | None = Field(None, description="A spec without a type, or none.")


def test_a_new_member_of_a_family_has_its_form_without_another_edit():
    fragment = {
        "pieces": 3,
        "schedule": {"type": "warmup", "shape": "cosine"},
        "on": False,
        "size": [3, 5],
        "clipping": {"type": "by_norm", "norm": 2.0},
        "freeze": {"epochs": 4},
    }
    fields = list(form_fields(Maxout, fragment))
    assert [(field.path, field.kind, field.value, field.default, field.limits, field.choices) for field in fields] == [
        (("pieces",), "number", 3, "2", "whole number, more than 1, less than 10", ()),
        (("share",), "number", None, "0.5", "more than 0, at most 1", ()),
        (("schedule",), "choice", "warmup", "warmup", "", ("flat", "warmup")),
        (("schedule", "steps"), "number", None, "100", "whole number, 1 to 5,000", ()),
        (("schedule", "shape"), "choice", "cosine", "linear", "", ("linear", "cosine")),
        (("on",), "switch", False, "yes", "", ()),
        (("places",), "list", None, "2, 3", "whole number, at least 1, comma-separated", ()),
        (("size",), "list", [3, 5], "3", "whole number, 1 to 9 or 2 of them, comma-separated or all", ()),
        (("names",), "list", None, "", "text, 2 or more, comma-separated", ()),
        (("clipping",), "choice", "by_norm", "none", "", ("by_value", "by_norm", "by_global_norm")),
        (("clipping", "norm"), "number", 2.0, "1", "more than 0, at most 1e+09", ()),
        (("freeze",), "choice", "on", "none", "", ("on",)),
        (("freeze", "layers"), "number", None, "all_but_last", "whole number, 1 to 10,000 or all_but_last", ()),
        (("freeze", "epochs"), "number", 4, "1", "whole number, 1 to 1,000,000", ()),
        (("freeze", "lr"), "number", None, "", "more than 0, at most 1,000", ()),
    ]
    assert fragment_of(parse(Maxout, fragment)) == {"type": "maxout", **fragment}
    assert to_document(parse(Maxout, fragment)) == {"type": "maxout", **fragment}
    assert about(Maxout) == "The largest of several."
