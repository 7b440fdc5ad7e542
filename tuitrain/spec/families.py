"""Families: what a spec is, which members a family has, and where a path into a spec leads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

from tuitrain.spec.problems import Path

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue


class Spec(BaseModel):
    """Base of everything that stands in an experiment file: frozen, strict, no unknown keys.

    The word "none" leaves out a spec that need not be there, which TOML has no other value for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out(cls, document: object) -> object:
        if not isinstance(document, Mapping):
            return document
        left_out = {name: None for name in _optional_specs(cls) if document.get(name) == "none"}
        return {**document, **left_out} if left_out else document


def _is_base(spec: type[BaseModel]) -> bool:
    """Whether a spec has no type, neither a field nor, as the output layer, which is no member, one of the class."""
    return "type" not in spec.model_fields and not hasattr(spec, "type")


class Family(Spec):
    """Base of every family: a field of such a base takes each member, chosen by its ``type``, or by its bare name.

    A class below the base is a member from its declaration on if it has a field ``type``, whoever declares it; without
    one it is a base of some members, and a family too. A member's validator is built when it is first used.
    """

    default_type: ClassVar[str | None] = None
    """The type that a table has which names none; None where it has to name one."""

    if TYPE_CHECKING:

        @property
        def type(self) -> str:
            """The word for a member in a document."""

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        if "type" not in cls.model_fields:
            return
        name = cls.model_fields["type"].default
        for family in filter(is_family, cls.__mro__[: cls.__mro__.index(Family)]):
            known = _MEMBERS[family].setdefault(name, cls)
            if not issubclass(cls, known):
                raise TypeError(f"{family.__name__} has two members {name!r}: {known} and {cls}")

    @classmethod
    def _validate(cls, document: object) -> Spec:
        if isinstance(document, cls):
            return document
        table = {"type": document} if isinstance(document, str) else document
        if not isinstance(table, dict):
            raise PydanticKnownError("dict_type")
        if "type" not in table and cls.default_type:
            table = {"type": cls.default_type, **table}
        if "type" not in table:
            raise PydanticCustomError("no_type", "needs a type", {"known": list(_MEMBERS[cls])})
        member = _member(cls, table)
        if member is None:
            found = {"found": str(table["type"]), "known": list(_MEMBERS[cls])}
            raise PydanticCustomError("unknown_type", "unknown type", found)
        return member.model_validate(table)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._validate) if _is_base(cls) else handler(source)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        if not _is_base(cls):
            return handler(schema)
        types = {"enum": list(_MEMBERS[cls])}
        return {"anyOf": [types, {"type": "object", "properties": {"type": types}}]}


_MEMBERS: defaultdict[type, dict[str, type[Spec]]] = defaultdict(dict)
"""The members of each family by their ``type``, in the order of their declaration."""


def is_family(annotation: object) -> TypeGuard[type[Family]]:
    """Whether an annotation is the base of several members."""
    return isinstance(annotation, type) and issubclass(annotation, Family) and _is_base(annotation)


def _member(family: type[Family], document: object) -> type[Spec] | None:
    """The member that a document is meant to describe, None where it names none that there is."""
    named = document if isinstance(document, str) else child(document, "type")
    return _MEMBERS[family].get(str(family.default_type if named is ABSENT else named))


OF_ITS_TYPE = "of_its_type"
"""In a field's json_schema_extra: its values mean something for one member of the family only."""


def parts(annotation: object) -> tuple[object, ...]:
    """The parts of a union, the annotation itself if it is none; Annotated is looked through."""
    if get_origin(annotation) is Annotated:
        return parts(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(one for part in get_args(annotation) for one in parts(part))
    return (annotation,)


def alternatives(annotation: object) -> tuple[object, ...]:
    """The parts of a union, and in place of a family its members."""
    return tuple(one for part in parts(annotation) for one in (_MEMBERS[part].values() if is_family(part) else [part]))


def members(family: object) -> dict[str, type[Spec]]:
    """The members of a family by their ``type``, in the order in which they were declared."""
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


def spec_for(annotation: object, document: object) -> type[Spec] | None:
    """The spec that a document is meant to describe, by its type where the annotation is a family."""
    for one in parts(annotation):
        if isinstance(one, type) and issubclass(one, Spec):
            return _member(one, document) if is_family(one) else one
    return None


ABSENT = object()
"""What `child` gives where there is nothing."""


def child(document: object, part: str | int) -> object:
    """What a document has under a key or at an index."""
    try:
        return document[part]  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        return ABSENT
