"""What a field takes, in a few words, from its annotation."""

from collections.abc import Iterator
from types import EllipsisType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from tuitrain.optim import LR_LIMIT

_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def limits(field: FieldInfo) -> str:
    """``whole number, 1 to 100 or full``; empty where everything is allowed."""
    return " or ".join(_phrases(field.annotation, tuple(field.metadata)))


def _phrases(annotation: object, marks: tuple[object, ...] = ()) -> Iterator[str]:
    """One for each alternative that has limits."""
    for part, marks_of_it in _parts(annotation, marks):
        bounds = _bounds(marks_of_it)
        if get_origin(part) is Literal:
            yield from map(str, get_args(part))
        elif part is int:
            yield ", ".join(["whole number", *bounds])
        elif part is float and bounds:
            yield ", ".join(bounds)
        elif get_origin(part) is tuple:
            yield _list_phrase(get_args(part), marks_of_it)


def _list_phrase(entries: tuple[object, ...], marks: tuple[object, ...]) -> str:
    first, *rest = entries
    if rest and not isinstance(rest[0], EllipsisType):
        return f"{len(entries)} of them, comma-separated"
    least = max((mark.min_length for mark in marks if isinstance(mark, annotated_types.MinLen)), default=0)
    number = f"{least} or more, " if least > 1 else ""
    words = ["text"] if any(part is str for part, _ in _parts(first)) else []
    return f"{' or '.join([*_phrases(first), *words])}, {number}comma-separated"


def _parts(annotation: object, marks: tuple[object, ...] = ()) -> Iterator[tuple[object, tuple[object, ...]]]:
    """The alternatives of an annotation, each with the constraints that hold for it."""
    if get_origin(annotation) is Annotated:
        inner, *own = get_args(annotation)
        nearest = [mark for one in own for mark in (one.metadata if isinstance(one, FieldInfo) else [one])]
        yield from _parts(inner, (*nearest, *marks))
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _parts(part, marks)
    else:
        yield annotation, marks


def _bounds(marks: tuple[object, ...]) -> list[str]:
    """The first of the marks holds where there are two of a kind: it is the nearest to the value."""
    found = {name: getattr(mark, name) for mark in reversed(marks) for name in _BOUNDS if hasattr(mark, name)}
    if found.keys() == {"ge", "le"}:
        return [f"{show_number(found['ge'])} to {show_number(found['le'])}"]
    return [f"{words} {show_number(found[name])}" for name, words in _BOUNDS.items() if name in found]


def show_number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


def check_rate(text: str) -> str:
    """What is wrong with a typed learning rate; the empty text if nothing is."""
    try:
        rate = float(text)
    except ValueError:
        return "must be a number"
    return "" if 0 < rate <= LR_LIMIT else f"must be greater than 0 and at most {LR_LIMIT:g}"
