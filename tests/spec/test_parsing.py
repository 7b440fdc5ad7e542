from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import Field, ValidationInfo, field_validator

from tuitrain.model.structure import Model
from tuitrain.spec import Family, Invalid, Problem, Spec, annotation_at, dotted, members, parse, summary


class Function(Family):
    pass


class Plain(Function):
    type: Literal["plain"] = "plain"


class Leaky(Function):
    type: Literal["leaky"] = "leaky"
    slope: float = Field(0.01, ge=0)


Positive = Annotated[int, Field(ge=1)]


class Unit(Spec):
    function: Function = Plain()
    width: Annotated[int, Field(ge=1)] | Literal["full"] = 3


class Part(Family):
    default_type: ClassVar[str | None] = "share"


class Whole(Part):
    type: Literal["whole"] = "whole"


class Share(Part):
    type: Literal["share"] = "share"
    size: Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)] = 0.2


class Span(Spec):
    low: int = 1
    high: int = Field(5, validate_default=True)

    @field_validator("high")
    @classmethod
    def _not_below_low(cls, high: int, info: ValidationInfo) -> int:
        if high < info.data["low"]:
            raise ValueError(f"must be at least low, {info.data['low']}")
        return high


class Switch(Family):
    pass


class On(Switch):
    type: Literal["on"] = "on"


class Off(Switch):
    type: Literal["none"] = "none"


class Net(Spec):
    size: Annotated[int, Field(ge=1)] | Annotated[tuple[Positive, Positive], Field(strict=False)] = 3
    pair: Annotated[tuple[float, float], Field(strict=False)] = (1.0, 1.0)
    extra: Function | None = None
    span: Span | None = None
    switch: Switch | None = None
    name: str = Field("net", min_length=1, max_length=5)
    part: Part = Whole()
    groups: Annotated[tuple[Group, ...], Field(strict=False)] = ()
    units: Annotated[tuple[Unit, ...], Field(strict=False)] = ()
    rate: float = Field(0.1, gt=0)
    spans: Span = Span()


class Group(Spec):
    units: Annotated[tuple[Unit, ...], Field(strict=False, min_length=1)]


Net.model_rebuild()


def problems(document: dict[str, object]) -> list[str]:
    with pytest.raises(Invalid) as caught:
        parse(Net, document)
    return [str(problem) for problem in caught.value.problems]


def test_a_bare_name_stands_for_the_member_with_its_defaults() -> None:
    assert parse(Unit, {"function": "leaky"}) == Unit(function=Leaky())


def test_none_leaves_out_a_spec_that_need_not_be_there() -> None:
    net = parse(Net, {"extra": "none", "span": "none", "name": "none"})
    assert (net.extra, net.span, net.name) == (None, None, "none")
    assert parse(Net, {"switch": "none"}).switch == Off()


def test_none_is_no_value_of_a_spec_that_has_to_be_there() -> None:
    assert problems({"part": "none"}) == ["part: unknown type 'none'; known: whole, share"]


def test_members_are_listed_by_type_in_order() -> None:
    assert members(Function) == {"plain": Plain, "leaky": Leaky}


def test_every_problem_is_reported_with_its_path() -> None:
    assert problems({"units": [{"width": 0}, {"function": {"type": "leaky", "slope": -1}}], "rate": "fast"}) == [
        "units[0].width: must be at least 1, or must be 'full', got 0",
        "units[1].function.slope: must be at least 0, got -1",
        "rate: must be a number, got 'fast'",
    ]


def test_a_default_that_does_not_go_with_another_field_is_a_problem_of_its_own_path() -> None:
    assert problems({"spans": {"low": 7}}) == ["spans.high: must be at least low, 7"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"rat": 1.0}, "rat: unknown key; did you mean 'rate'?"),
        ({"units": [{"widht": 1}]}, "units[0].widht: unknown key; did you mean 'width'?"),
        (
            {"units": [{"function": {"type": "leaky", "slop": 1}}]},
            "units[0].function.slop: unknown key; did you mean 'slope'?",
        ),
        ({"units": [{"function": "leakey"}]}, "units[0].function: unknown type 'leakey'; did you mean 'leaky'?"),
        ({"units": [{"function": "xyz"}]}, "units[0].function: unknown type 'xyz'; known: plain, leaky"),
        ({"units": [{"function": {}}]}, "units[0].function: needs a type: plain or leaky"),
        ({"units": 3}, "units: must be a list, got 3"),
        ({"units": [3]}, "units[0]: must be a table, got 3"),
        ({"rate": True}, "rate: must be a number, got true"),
        ({"rate": float("nan")}, "rate: must be a number, got nan"),
        ({"rate": 0}, "rate: must be greater than 0, got 0"),
        ({"part": {"sizee": 3}}, "part.sizee: unknown key; did you mean 'size'?"),
        ({"part": {"share": 3}}, "part.share: unknown key; known: size"),
        ({"part": {"size": 1.0}}, "part.size: must be less than 1, got 1.0"),
        ({"part": {"size": 0}}, "part.size: must be at least 1, got 0"),
        ({"part": {"size": "much"}}, "part.size: must be a whole number, or must be a number, got 'much'"),
        ({"groups": [{"units": []}]}, "groups[0].units: needs at least 1"),
        (
            {"groups": [{"units": [{"widht": 1}]}]},
            "groups[0].units[0].widht: unknown key; did you mean 'width'?",
        ),
        ({"name": ""}, "name: must not be empty"),
        ({"size": [3]}, "size: needs 2 entries, got 1"),
        ({"size": []}, "size: needs 2 entries, got 0"),
        ({"size": [3, 3, 3]}, "size: takes at most 2 entries, got 3"),
        ({"size": [3, "x"]}, "size[1]: must be a whole number, got 'x'"),
        ({"size": "x"}, "size: must be a whole number, or must be a list, got 'x'"),
        ({"pair": [8.0]}, "pair: needs 2 entries, got 1"),
        ({"extra": "leak"}, "extra: unknown type 'leak'; did you mean 'leaky'?"),
        ({"name": "none", "extra": {"type": "none"}}, "extra: unknown type 'none'; known: plain, leaky"),
        ({"name": "network"}, "name: must have at most 5 characters, has 7"),
    ],
)
def test_problems_are_in_plain_words(document: dict[str, object], message: str) -> None:
    assert problems(document) == [message]


def test_what_is_nested_too_deep_is_refused() -> None:
    document: dict[str, object] = {"type": "dense"}
    for _ in range(10_000):
        document = {"type": "block", "layers": [document]}
    with pytest.raises(Invalid, match=r"^my\.toml: is nested too deep$"):
        parse(Model, {"layers": [document]}, "my.toml")


def test_the_source_stands_before_every_problem() -> None:
    error = Invalid([Problem(("a", 0, "b"), "is wrong"), Problem((), "no")], "my.toml")
    assert str(error) == "my.toml: a[0].b: is wrong\nmy.toml: no"
    assert dotted(("a", 0, "b")) == "a[0].b"


def test_annotation_at_follows_the_types_in_the_document() -> None:
    document = {"units": [{"function": {"type": "leaky"}}]}
    assert members(annotation_at(Net, document, ("units", 0, "function"))) == members(Function)
    assert annotation_at(Net, document, ("units", 0, "function", "slope")) is not None
    assert annotation_at(Net, document, ("units", 0, "function", "slop")) is None


def test_a_spec_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Net().rate = 3.0  # type: ignore[misc]


def test_summary_names_what_differs_from_the_defaults() -> None:
    assert summary(Plain()) == "plain"
    assert summary(Leaky(slope=0.3)) == "leaky slope=0.3"
    assert summary((5, 0.001, Plain())) == "5,0.001,plain"
    assert summary(True) == "true"
