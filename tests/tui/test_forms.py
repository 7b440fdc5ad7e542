import math
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from tuitrain.data import Data
from tuitrain.data.split import Validation
from tuitrain.experiment.document import parse_value, to_document
from tuitrain.experiment.experiment import Observe, Training
from tuitrain.model.activations import Activation
from tuitrain.model.base import LayerSpec
from tuitrain.model.dense import Dense, Output
from tuitrain.model.initializers import Initializer
from tuitrain.model.network import Defaults, Layer
from tuitrain.optim.losses import Loss
from tuitrain.optim.optimizers import Optimizer, Sgd
from tuitrain.optim.schedules import Schedule
from tuitrain.spec import BY_NAME, BY_TYPE, Spec, members, parse
from tuitrain.tui.forms import about, check, form_fields, fragment_of, with_field

FAMILIES = (Activation, Initializer, Layer, Optimizer, Schedule, Loss, Data, Validation)
SECTIONS = (Training, Observe, Defaults, Output)
SPECS = (*(member for family in FAMILIES for member in members(family).values()), *SECTIONS)
REQUIRED = {"block": {"layers": [{"type": "dense"}]}}

every_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.__name__)


def bare(spec):
    """The fragment of a spec in which nothing was set that need not be."""
    kind = getattr(spec.model_fields.get("type"), "default", None)
    return {"type": kind, **REQUIRED.get(kind, {})} if kind else {}


def fields_of(spec):
    """The fields of a spec together with those that each choice of a nested one brings; a fragment that has them."""
    for field in form_fields(spec, bare(spec)):
        yield field, bare(spec)
        for kind in field.choices if field.is_spec else ():
            fragment = with_field(bare(spec), field.path, {"type": kind})
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
        if field.kind == "number":
            assert field.limits, field.path
        if field.kind == "choice":
            assert len(field.choices) > 1, field.path


@every_spec
def test_a_form_asks_for_all_that_a_spec_has_but_its_type_and_its_layers(spec):
    asked = [field.path[0] for field in form_fields(spec, bare(spec))]
    assert asked == [name for name in spec.model_fields if name not in ("type", "layers")]


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_every_member_can_be_told_from_the_others(family):
    sentences = [about(member) for member in members(family).values()]
    assert all(sentences) and len(set(sentences)) == len(sentences)


@every_spec
def test_nothing_is_wrong_where_nothing_was_set(spec):
    assert check(spec, bare(spec)) == {}


@every_spec
@given(data=st.data())
def test_what_was_typed_is_shown_again_or_complained_about_in_its_own_line(spec, data):
    fields = list(fields_of(spec))
    if not fields:
        return
    field, fragment = data.draw(st.sampled_from(fields))
    value = data.draw(entries(field))
    changed = with_field(fragment, field.path, value)
    problems = check(spec, changed)
    if problems:
        assert set(problems) == {field.path}
        assert problems[field.path]
    else:
        described = parse(spec, changed)
        again = fragment_of(described)
        assert parse(spec, again) == described
        shown = field_at(spec, again, field.path).value
        assert shown == value
        if field.kind == "number":
            assert parse_value(str(shown)) == value


def entries(field):
    """What a person may choose or type in a line, right or wrong."""
    if field.kind == "switch":
        return st.booleans()
    if field.kind == "choice":
        return st.sampled_from(field.choices)
    words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
    if field.kind == "text":
        return words
    numbers = st.integers(-2, 10**7).map(str) | st.floats(0, 1).map(str) | st.floats().map(str)
    return (numbers | words | st.sampled_from(["full", "auto", "epoch", "1/sqrt(fan_in)"])).map(parse_value)


@every_spec
def test_a_value_that_is_unset_leaves_the_fragment_as_it_was(spec):
    for field, fragment in fields_of(spec):
        value = True if field.kind == "switch" else field.choices[0] if field.choices else 1
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
    assert fields[place].value == "normal" and fields[place].is_spec
    assert (fields[place + 1].path, fields[place + 1].value, fields[place + 1].depth) == (("init", "std"), 0.1, 1)


def test_a_table_without_a_type_is_shown_as_what_it_stands_for():
    mnist = members(Data)["mnist"]
    fields = {field.path: field for field in form_fields(mnist, {"validation": {"size": 5000, "take": "first"}})}
    assert fields["validation",].value == "held_out"
    assert fields["validation", "size"].value == 5000


class Warmup(Spec):
    """lr(t) grows."""

    type: Literal["warmup"] = "warmup"
    steps: int = Field(100, ge=1, le=5000, description="How many steps it takes.")
    shape: Literal["linear", "cosine"] = Field("linear", description="Along which curve.")


class Maxout(LayerSpec):
    """The largest of several."""

    type: Literal["maxout"] = "maxout"
    pieces: int = Field(2, gt=1, lt=10, description="Of how many.")
    share: float = Field(0.5, gt=0, le=1, description="Which part of them.")
    schedule: Annotated[Warmup | Sgd, BY_TYPE, BY_NAME] = Field(Warmup(), description="A family of its own.")
    on: bool = Field(True, description="Whether at all.")


def test_a_new_member_of_a_family_has_its_form_without_another_edit():
    fragment = {"pieces": 3, "schedule": {"type": "warmup", "shape": "cosine"}, "on": False}
    fields = list(form_fields(Maxout, fragment))
    assert [(field.path, field.kind, field.value, field.default, field.limits, field.choices) for field in fields] == [
        (("pieces",), "number", 3, "2", "whole number, more than 1, less than 10", ()),
        (("share",), "number", None, "0.5", "more than 0, at most 1", ()),
        (("schedule",), "choice", "warmup", "warmup", "", ("warmup", "sgd")),
        (("schedule", "steps"), "number", None, "100", "whole number, 1 to 5,000", ()),
        (("schedule", "shape"), "choice", "cosine", "linear", "", ("linear", "cosine")),
        (("on",), "switch", False, "yes", "", ()),
    ]
    assert fragment_of(parse(Maxout, fragment)) == {"type": "maxout", **fragment}
    assert to_document(parse(Maxout, fragment)) == {"type": "maxout", **fragment}
    assert about(Maxout) == "The largest of several."
