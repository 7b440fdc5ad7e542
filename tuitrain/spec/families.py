"""Families: what a spec is, which members a family has, and where a path into a spec leads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, model_validator

from tuitrain.spec.problems import Path


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


OF_ITS_TYPE = "of_its_type"
"""In a field's json_schema_extra: its values mean something for one member of the family only."""


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


def annotation_at(spec: type[Spec], document: object, path: Path) -> object | None:
    """The annotation that a path of a document leads to, None where there is no such key."""
    annotation: object = spec
    for part in path:
        annotation = inside(annotation, spec_for(annotation, document), part)
        document = child(document, part)
        if annotation is None:
            return None
    return annotation


def inside(annotation: object, owner: type[Spec] | None, part: str | int) -> object | None:
    """What stands at an index of a list, or under a key of ``owner``."""
    if isinstance(part, int):
        return next((arg for one in alternatives(annotation) for arg in get_args(one)), None)
    field = owner.model_fields.get(part) if owner else None
    return field and Annotated[(field.annotation, *(field.metadata or ["plain"]))]


def tagged(annotation: object) -> dict[str, type[Spec]]:
    """The members of a family that has several: which one is meant has to be said."""
    return members(annotation) if len(alternatives(annotation)) > 1 else {}


def spec_for(annotation: object, document: object) -> type[Spec] | None:
    """The spec that a document is meant to describe, by its type where the annotation is a family of several."""
    if kinds := tagged(annotation):
        return kinds.get(str(document if isinstance(document, str) else child(document, "type")))
    return next((one for one in alternatives(annotation) if isinstance(one, type) and issubclass(one, Spec)), None)


ABSENT = object()
"""What `child` gives where there is nothing."""


def child(document: object, part: str | int) -> object:
    """What a document has under a key or at an index."""
    try:
        return document[part]  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        return ABSENT
