"""Parsing: a spec from a document, or every problem with its path in the document and in plain words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tuitrain.spec.families import ABSENT, Spec, child, inside, spec_for
from tuitrain.spec.hints import unknown_key
from tuitrain.spec.problems import Invalid, Path, Problem
from tuitrain.spec.words import in_words

S = TypeVar("S", bound=Spec)


def parse(spec: type[S], document: Mapping[str, Any], source: str = "") -> S:
    """Check a document against a spec.

    Raises:
        Invalid: with every problem found, each in plain words and with its path.
    """
    try:
        return spec.model_validate(dict(document))
    except ValidationError as error:
        raise Invalid(list(_problems(spec, document, error)), source) from None
    except RecursionError:
        raise Invalid([Problem((), "is nested too deep")], source) from None


@dataclass(frozen=True)
class _Location:
    """Where an error is: its path, the annotation there, and the spec whose key the path ends with."""

    path: Path
    annotation: object | None
    owner: type[Spec] | None


def _problems(spec: type[Spec], document: Mapping[str, Any], error: ValidationError) -> Iterator[Problem]:
    found: dict[Path, list[tuple[ErrorDetails, _Location]]] = {}
    every = error.errors(include_url=False)
    for details in every:
        if not (_is_consequence(details) or _is_beside_a_list(details, every)):
            place = _place(spec, document, details)
            found.setdefault(place.path, []).append((details, place))
    for path, errors in found.items():
        messages = [_message(spec, document, details, place) for details, place in _meant(errors)]
        yield Problem(path, _joined(list(dict.fromkeys(messages))))


def _message(spec: type[Spec], document: Mapping[str, Any], details: ErrorDetails, place: _Location) -> str:
    if details["type"] == "extra_forbidden":
        return unknown_key(spec, document, place.path, place.owner)
    return in_words(details, place.annotation)


def _is_consequence(details: ErrorDetails) -> bool:
    """Whether a list is called too short only because its entries, which have errors of their own, do not count."""
    return details["type"] == "too_short" and len(details["input"]) >= details["ctx"]["min_length"]


def _is_beside_a_list(details: ErrorDetails, every: Sequence[ErrorDetails]) -> bool:
    """Whether a list is only not this alternative of a union, and another tells what is wrong in it as a list."""
    *around, tag = details["loc"] or ("",)
    depth = len(around)
    return isinstance(details["input"], (list, tuple)) and any(
        list(other["loc"][:depth]) == around and other["loc"][depth] != tag and _is_list_tag(other["loc"][depth])
        for other in every
        if len(other["loc"]) > depth
    )


def _is_list_tag(part: str | int) -> bool:
    """Whether a part of a location of pydantic's is that alternative of a union that is a list."""
    return str(part).startswith(("tuple[", "list["))


def _meant(errors: list[tuple[ErrorDetails, _Location]]) -> list[tuple[ErrorDetails, _Location]]:
    """The errors without that of the other kind of number, where both kinds are allowed: 1.0 is meant as a number."""
    numbers = {str((details["loc"] or ("",))[-1]).removeprefix("constrained-"): details for details, _ in errors}
    written = type(errors[0][0]["input"])
    if not {"int", "float"} <= numbers.keys() or written not in (int, float):
        return errors
    other = numbers["float" if written is int else "int"]
    return [one for one in errors if one[0] is not other]


def _joined(messages: list[str]) -> str:
    """What each alternative of a union misses in one sentence; what was found is said once, at the end."""
    _, comma, found = messages[-1].rpartition(", got ")
    ending = comma + found
    if comma and all(message.endswith(ending) for message in messages):
        return ", or ".join(message.removesuffix(ending) for message in messages) + ending
    return ", or ".join(messages)


def _place(spec: type[Spec], document: object, details: ErrorDetails) -> _Location:
    """Follow a location of pydantic's; the tags in it, of the parts of a union, are no keys of the document."""
    path: list[str | int] = []
    annotation: object | None = spec
    owner: type[Spec] | None = spec
    for part in details["loc"]:
        value, around = child(document, part), spec_for(annotation, document)
        # A field is missing, or its default does not go with another field.
        is_left_out = around is not None and part in around.model_fields
        if value is not ABSENT or is_left_out:
            path.append(part)
            owner = around
            annotation, document = inside(annotation, owner, part), value
    return _Location(tuple(path), annotation, owner)
