"""Specs: frozen, checked values that say what can be chosen, within which limits, and what it means.

A *family* is a discriminated union of specs on their field ``type``. A member whose other fields
are all at their defaults can be written as its bare name: ``activation = "relu"``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, ValidationError, model_validator
from pydantic_core import ErrorDetails

from tuitrain.errors import Refused

Path = tuple[str | int, ...]
S = TypeVar("S", bound="Spec")


class Spec(BaseModel):
    """Base of everything that stands in an experiment file: frozen, strict, no unknown keys.

    The word "none" leaves out a spec that need not be there, which TOML has no other value for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _leave_out(cls, document: object) -> object:
        if not isinstance(document, Mapping):
            return document
        left_out = {name: None for name in _optional_specs(cls) if document.get(name) == "none"}
        return {**document, **left_out} if left_out else document


def _expand_name(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


BY_TYPE = Discriminator("type")
"""Annotates the union of a family: the member is chosen by its ``type``."""

BY_NAME = BeforeValidator(_expand_name)
"""Annotates a family after BY_TYPE: a bare name stands for the member with its defaults."""


def alternatives(annotation: object) -> tuple[object, ...]:
    """The alternatives of a union, the annotation itself if it is none; Annotated is looked through."""
    if get_origin(annotation) is Annotated:
        return alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(one for part in get_args(annotation) for one in alternatives(part))
    return (annotation,)


def members(family: object) -> dict[str, type[Spec]]:
    """The members of a family by their ``type``, in the order in which they were listed."""
    return {
        one.model_fields["type"].default: one
        for one in alternatives(family)
        if isinstance(one, type) and issubclass(one, Spec) and "type" in one.model_fields
    }


@cache
def _optional_specs(spec: type[Spec]) -> tuple[str, ...]:
    """The fields that hold a spec or None, but for families that have a member named none."""

    def is_optional(annotation: object) -> bool:
        options = alternatives(annotation)
        has_spec = any(isinstance(one, type) and issubclass(one, Spec) for one in options)
        return has_spec and NoneType in options and "none" not in members(annotation)

    return tuple(name for name, field in spec.model_fields.items() if is_optional(field.annotation))


def summary(value: object) -> str:
    """A spec in a few characters: its type and what differs from the defaults."""
    if isinstance(value, tuple):
        return ",".join(map(summary, value))
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, Spec):
        return f"{value:g}" if isinstance(value, float) else str(value)
    name = str(getattr(value, "type", ""))
    fields = type(value).model_fields
    changed = [
        f"{key}={summary(item)}"
        for key, item in value
        if key != "type" and item is not None and item != fields[key].default
    ]
    return f"{name} {' '.join(changed)}".strip()


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where (a path into the document) and what."""

    path: Path
    message: str

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.message}" if self.path else self.message


class Invalid(Refused):
    """A document that does not describe a valid spec; ``problems`` has every error with its path."""

    def __init__(self, problems: Sequence[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        prefix = f"{source}: " if source else ""
        super().__init__("\n".join(f"{prefix}{problem}" for problem in self.problems))


def dotted(path: Path) -> str:
    """``("model", "layers", 2, "units")`` as ``model.layers[2].units``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parse(spec: type[S], document: Mapping[str, Any], source: str = "") -> S:
    """Check a document against a spec.

    Raises:
        Invalid: with every problem found, each in plain words and with its path.
    """
    try:
        return spec.model_validate(dict(document))
    except ValidationError as error:
        raise Invalid(list(_problems(spec, document, error)), source) from None


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word that is probably meant, and else all that are known."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


def annotation_at(spec: type[Spec], document: object, path: Path) -> object | None:
    """The annotation that a path of a document leads to, None where there is no such key."""
    annotation: object = spec
    for part in path:
        annotation = _inside(annotation, _spec_for(annotation, document), part)
        document = _child(document, part)
        if annotation is None:
            return None
    return annotation


def _inside(annotation: object, owner: type[Spec] | None, part: str | int) -> object | None:
    """What stands at an index of a list, or under a key of ``owner``."""
    if isinstance(part, int):
        return next((arg for one in alternatives(annotation) for arg in get_args(one)), None)
    field = owner.model_fields.get(part) if owner else None
    return field and Annotated[(field.annotation, *(field.metadata or ["plain"]))]


def _tagged(annotation: object) -> dict[str, type[Spec]]:
    """The members of a family that has several: which one is meant has to be said."""
    return members(annotation) if len(alternatives(annotation)) > 1 else {}


def _spec_for(annotation: object, document: object) -> type[Spec] | None:
    if kinds := _tagged(annotation):
        return kinds.get(str(document if isinstance(document, str) else _child(document, "type")))
    return next((one for one in alternatives(annotation) if isinstance(one, type) and issubclass(one, Spec)), None)


_ABSENT = object()


def _child(document: object, part: str | int) -> object:
    try:
        return document[part]  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        return _ABSENT


@dataclass(frozen=True)
class _Place:
    """Where an error is: its path, the annotation there, and the spec whose key the path ends with."""

    path: Path
    annotation: object | None
    owner: type[Spec] | None


def _problems(spec: type[Spec], document: Mapping[str, Any], error: ValidationError) -> Iterator[Problem]:
    found: dict[Path, list[tuple[ErrorDetails, _Place]]] = {}
    every = error.errors(include_url=False)
    for details in every:
        if not (_is_consequence(details) or _is_beside_a_list(details, every)):
            place = _place(spec, document, details)
            found.setdefault(place.path, []).append((details, place))
    for path, errors in found.items():
        messages = [_in_words(details, place) for details, place in _meant(errors)]
        yield Problem(path, _joined(list(dict.fromkeys(messages))))


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


def _meant(errors: list[tuple[ErrorDetails, _Place]]) -> list[tuple[ErrorDetails, _Place]]:
    """Of a whole number and a number the one that was written: nobody who writes 1.0 means a whole number."""
    numbers = {str(details["loc"][-1]).removeprefix("constrained-"): details for details, _ in errors}
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


def _place(spec: type[Spec], document: object, details: ErrorDetails) -> _Place:
    """Follow a location of pydantic's; the union tags in it are no keys of the document, but say which member it is."""
    path: list[str | int] = []
    annotation: object | None = spec
    owner: type[Spec] | None = spec
    for part in details["loc"]:
        if member := _tagged(annotation).get(str(part)):
            annotation = member
            continue
        child, around = _child(document, part), _spec_for(annotation, document)
        # A field is missing, or its default does not go with another field.
        is_left_out = around is not None and part in around.model_fields
        if child is not _ABSENT or is_left_out:
            path.append(part)
            owner = around
            annotation, document = _inside(annotation, owner, part), child
    return _Place(tuple(path), annotation, owner)


def _in_words(details: ErrorDetails, place: _Place) -> str:
    kind, context, found = details["type"], details.get("ctx", {}), details["input"]
    got = "true" if found is True else "false" if found is False else repr(found) if isinstance(found, str) else found
    if isinstance(found, (dict, list, tuple)):
        got = "a table" if isinstance(found, dict) else "a list"
    match kind:
        case "missing" if isinstance(details["loc"][-1], int):
            return f"needs {_length(place.annotation)} entries, got {len(found)}"
        case "missing":
            return "is missing"
        case "extra_forbidden":
            known = [name for name in place.owner.model_fields if name != "type"] if place.owner else []
            return f"unknown key; {nearest(str(details['loc'][-1]), known)}" if known else "unknown key"
        case "union_tag_invalid":
            known = [word.strip(" '") for word in str(context["expected_tags"]).split(",")]
            return f"unknown type {context['tag']!r}; {nearest(str(context['tag']), known)}"
        case "union_tag_not_found":
            return f"needs a type: {_either(list(members(place.annotation)))}"
        case "literal_error":
            return f"must be {context['expected']}, got {got}"
        case "greater_than_equal":
            return f"must be at least {_round(context['ge'])}, got {got}"
        case "greater_than":
            return f"must be greater than {_round(context['gt'])}, got {got}"
        case "less_than_equal":
            return f"must be at most {_round(context['le'])}, got {got}"
        case "less_than":
            return f"must be less than {_round(context['lt'])}, got {got}"
        case "too_long":
            return f"takes at most {context['max_length']} entries, got {len(found)}"
        case "too_short":
            return f"needs at least {context['min_length']}"
        case "string_too_short":
            least = context["min_length"]
            return "must not be empty" if least == 1 else f"must have at least {least} characters, has {len(found)}"
        case "string_too_long":
            return f"must have at most {context['max_length']} characters, has {len(found)}"
        case "int_type" | "int_from_float" | "int_parsing":
            return f"must be a whole number, got {got}"
        case "float_type" | "float_parsing" | "finite_number":
            return f"must be a number, got {got}"
        case "bool_type" | "bool_parsing":
            return f"must be true or false, got {got}"
        case "string_type":
            return f"must be text, got {got}"
        case "tuple_type" | "list_type":
            return f"must be a list, got {got}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"must be a table, got {got}"
        case "value_error":
            return str(context["error"])
        case _:
            return details["msg"]


def _length(annotation: object) -> int:
    """How many entries a list has there whose length is fixed."""
    return next(len(get_args(one)) for one in alternatives(annotation) if get_origin(one) is tuple)


def _either(words: Sequence[str]) -> str:
    return " or ".join([*([", ".join(words[:-1])] if words[:-1] else []), *words[-1:]])


def _round(limit: float) -> float:
    """A limit as people write it: 0 and not 0.0."""
    return int(limit) if limit == int(limit) else limit
