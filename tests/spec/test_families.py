"""A family is open: a class below its base is a member from its declaration on, wherever it stands."""

from __future__ import annotations

from typing import Literal

import pytest

from tuitrain.spec import Family, Invalid, Spec, members, parse


def shapes() -> type[Spec]:
    """A family of its own for each test, with a family of some of its members, and a spec that takes one of each."""

    class Shape(Family):
        pass

    class Round(Shape):
        pass

    class Square(Shape):
        type: Literal["square"] = "square"

    class Circle(Round):
        type: Literal["circle"] = "circle"
        radius: float = 1.0

    class Drawing(Spec):
        shape: Shape = Square()
        hole: Round | None = None

    Drawing.model_rebuild(_types_namespace={"Shape": Shape, "Round": Round})
    return Drawing


def family(drawing: type[Spec], field: str) -> object:
    return drawing.model_fields[field].annotation


def test_a_member_that_is_declared_later_is_the_last_and_is_taken_at_once() -> None:
    drawing = shapes()
    assert list(members(family(drawing, "shape"))) == ["square", "circle"]
    with pytest.raises(Invalid, match=r"^shape: unknown type 'oval'; known: square, circle$"):
        parse(drawing, {"shape": "oval"})

    class Oval(members(family(drawing, "hole"))["circle"].__bases__[0]):  # type: ignore[misc]
        type: Literal["oval"] = "oval"
        width: int = 2

    assert list(members(family(drawing, "shape"))) == ["square", "circle", "oval"]
    assert list(members(family(drawing, "hole"))) == ["circle", "oval"]
    taken = parse(drawing, {"shape": "oval", "hole": {"type": "oval", "width": 3}})
    assert dict(taken) == {"shape": Oval(), "hole": Oval(width=3)}
    with pytest.raises(Invalid, match=r"^hole\.wide: unknown key; did you mean 'width'\?$"):
        parse(drawing, {"hole": {"type": "oval", "wide": 3}})


def test_a_part_of_a_family_takes_its_own_members_only() -> None:
    with pytest.raises(Invalid, match=r"^hole: unknown type 'square'; known: circle$"):
        parse(shapes(), {"hole": "square"})


def test_a_value_is_taken_as_it_is() -> None:
    drawing = shapes()
    circle = members(family(drawing, "shape"))["circle"]
    value = circle.model_validate({"radius": 2.0})
    assert dict(drawing.model_validate({"shape": value}))["shape"] is value


def test_two_members_of_one_type_are_a_fault_of_the_second() -> None:
    class Shape(Family):
        pass

    class Square(Shape):
        type: Literal["square"] = "square"

    with pytest.raises(TypeError, match="Shape has two members 'square'"):

        class Other(Shape):
            type: Literal["square"] = "square"

    assert members(Shape) == {"square": Square}


def test_a_class_below_a_member_that_has_its_type_is_no_other_member() -> None:
    drawing = shapes()
    square = members(family(drawing, "shape"))["square"]

    class Better(square):  # type: ignore[misc, valid-type]
        pass

    assert members(family(drawing, "shape"))["square"] is square
    assert dict(drawing.model_validate({"shape": Better()}))["shape"] == Better()


def test_the_json_schema_names_the_members() -> None:
    schema = str(shapes().model_json_schema())
    assert "square" in schema and "circle" in schema
