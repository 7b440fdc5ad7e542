"""Specs: frozen, checked values that say what can be chosen, within which limits, and what it means.

A *family* is a discriminated union of specs on their field ``type``. A member whose other fields
are all at their defaults can be written as its bare name: ``activation = "relu"``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, ValidationError
from pydantic_core import ErrorDetails

from tuitrain.errors import Refused

Path = tuple[str | int, ...]
S = TypeVar("S", bound="Spec")


class Spec(BaseModel):
    """Base of everything that stands in an experiment file: frozen, strict, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


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


def summary(value: object) -> str:
    """A spec in a few characters: its type and what differs from the defaults."""
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
        if isinstance(part, int):
            annotation = next((arg for one in alternatives(annotation) for arg in get_args(one)), None)
        else:
            owner = _spec_for(annotation, document)
            field = owner.model_fields.get(part) if owner else None
            annotation = field and Annotated[(field.annotation, *(field.metadata or ["plain"]))]
        document = _child(document, part)
        if annotation is None:
            return None
    return annotation


def _spec_for(annotation: object, document: object) -> type[Spec] | None:
    kinds = members(annotation)
    name = document if isinstance(document, str) else _child(document, "type")
    if kinds and len(alternatives(annotation)) > 1:
        return kinds.get(str(name))
    return next((one for one in alternatives(annotation) if isinstance(one, type) and issubclass(one, Spec)), None)


_ABSENT = object()


def _child(document: object, part: str | int) -> object:
    try:
        return document[part]  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        return _ABSENT


def _problems(spec: type[Spec], document: Mapping[str, Any], error: ValidationError) -> Iterator[Problem]:
    found: dict[Path, list[str]] = {}
    for details in error.errors(include_url=False):
        path = _path(document, details)
        found.setdefault(path, []).append(_in_words(details, _owner(spec, document, path)))
    for path, messages in found.items():
        yield Problem(path, _joined(list(dict.fromkeys(messages))))


def _joined(messages: list[str]) -> str:
    """What each alternative of a union misses in one sentence; what was found is said once, at the end."""
    _, comma, found = messages[-1].rpartition(", got ")
    ending = comma + found
    if comma and all(message.endswith(ending) for message in messages):
        return ", or ".join(message.removesuffix(ending) for message in messages) + ending
    return ", or ".join(messages)


def _path(document: object, details: ErrorDetails) -> Path:
    """The location without the union tags that pydantic puts into it: they are no keys of the document."""
    path: list[str | int] = []
    location = details["loc"]
    for part in location:
        child = _child(document, part)
        missing = details["type"] == "missing" and part == location[-1]
        if child is not _ABSENT or missing:
            path.append(part)
            document = child
    return tuple(path)


def _owner(spec: type[Spec], document: Mapping[str, Any], path: Path) -> type[Spec] | None:
    if not path:
        return spec
    inner: object = document
    for part in path[:-1]:
        inner = _child(inner, part)
    annotation = annotation_at(spec, document, path[:-1]) if path[:-1] else spec
    return _spec_for(annotation, inner)


def _in_words(details: ErrorDetails, owner: type[Spec] | None) -> str:
    kind, context, found = details["type"], details.get("ctx", {}), details["input"]
    got = "true" if found is True else "false" if found is False else repr(found) if isinstance(found, str) else found
    if isinstance(found, (dict, list, tuple)):
        got = "a table" if isinstance(found, dict) else "a list"
    match kind:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            known = [name for name in owner.model_fields if name != "type"] if owner else []
            return f"unknown key; {nearest(str(details['loc'][-1]), known)}" if known else "unknown key"
        case "union_tag_invalid":
            known = [word.strip(" '") for word in str(context["expected_tags"]).split(",")]
            return f"unknown type {context['tag']!r}; {nearest(str(context['tag']), known)}"
        case "union_tag_not_found":
            return "needs a type"
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
        case "too_short":
            return f"needs at least {context['min_length']}"
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


def _round(limit: float) -> float:
    """A limit as people write it: 0 and not 0.0."""
    return int(limit) if limit == int(limit) else limit
