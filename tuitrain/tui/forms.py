"""Forms: the fields that a spec asks for, derived from it, and the check of what was typed. No widgets here.

A form edits a *fragment*: the part of an experiment's document that describes one spec, holding only
what was set. Unset fields show the value that would apply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tuitrain.experiment.document import Document, to_document
from tuitrain.spec import Invalid, Path, Spec, alternatives, members, parse, summary

Kind = Literal["choice", "number", "text", "switch"]


@dataclass(frozen=True)
class FormField:
    """One line of a form. ``value`` is None where nothing was set; ``default`` is what then applies, in words."""

    path: Path
    label: str
    kind: Kind
    value: Any
    default: str
    help: str
    limits: str = ""
    choices: tuple[str, ...] = ()
    is_spec: bool = False
    """Whether the choice is one of specs, which bring fields of their own."""

    @property
    def depth(self) -> int:
        return len(self.path) - 1


def form_fields(
    spec: type[Spec], fragment: Mapping[str, Any], inherited: Mapping[str, Any] | None = None, at: Path = ()
) -> Iterator[FormField]:
    """The fields of ``spec`` in order, those of nested specs behind the choice that brings them.

    ``inherited`` has values that apply where the fragment sets none (``model.defaults`` for a layer).
    """
    for name, field in spec.model_fields.items():
        if name == "type" or _is_list_of_specs(field):
            continue
        inherits = (inherited or {}).get(name)
        value = fragment.get(name)
        path = (*at, name)
        family = members(field.annotation)
        if family:
            chosen = value if isinstance(value, str) else (value or {}).get("type", _implied(field, value))
            default = summary(_default(field) if inherits is None else inherits)
            yield FormField(
                path, _label(name), "choice", chosen, default, _help(field), choices=tuple(family), is_spec=True
            )
            if chosen in family:
                yield from form_fields(family[chosen], value if isinstance(value, Mapping) else {}, None, path)
        else:
            yield _scalar(path, name, field, value, inherits)


def check(spec: type[Spec], fragment: Mapping[str, Any]) -> dict[Path, str]:
    """What is wrong with a fragment, by path; empty if nothing is."""
    try:
        parse(spec, fragment)
    except Invalid as error:
        return {problem.path: problem.message for problem in error.problems}
    return {}


def with_field(fragment: Mapping[str, Any], path: Path, value: Any) -> Document:
    """A copy of the fragment with one field set, or unset if ``value`` is None."""
    name, rest = str(path[0]), path[1:]
    changed = dict(fragment)
    if rest:
        inner = changed.get(name, {})
        changed[name] = with_field({"type": inner} if isinstance(inner, str) else inner, rest, value)
    elif value is None:
        changed.pop(name, None)
    else:
        changed[name] = value
    return changed


def fragment_of(value: Spec) -> Document:
    """What is set in a spec, as a fragment; the type of a nested spec is always written out."""
    fragment = to_document(value)
    for name, inner in value:
        if name in fragment and isinstance(inner, Spec) and "type" in type(inner).model_fields:
            nested = fragment_of(inner)
            fragment[name] = {"type": getattr(inner, "type", None), **nested}
    return fragment


def about(spec: type[Spec]) -> str:
    """The first line of a spec's docstring, for people."""
    return (spec.__doc__ or "").strip().splitlines()[0].replace("`", "")


def _scalar(path: Path, name: str, field: FieldInfo, value: Any, inherits: Any) -> FormField:
    options = alternatives(field.annotation)
    words = tuple(word for one in options if get_origin(one) is Literal for word in get_args(one))
    default = _default(field) if inherits is None else inherits
    shown = "" if default is None else _show(default)
    help_text = _help(field)
    if bool in options:
        return FormField(path, _label(name), "switch", value, shown, help_text)
    kinds = _kinds(options)
    if words and not kinds:
        return FormField(path, _label(name), "choice", value, shown, help_text, choices=tuple(map(str, words)))
    kind: Kind = "number" if int in kinds or float in kinds else "text"
    limits = " or ".join([*_limits(field, kinds), *map(str, words)])
    return FormField(path, _label(name), kind, value, shown, help_text, limits)


def _help(field: FieldInfo) -> str:
    return field.description or ""


def _kinds(options: tuple[object, ...]) -> set[object]:
    return {one for one in options if one in (int, float, str)}


def _limits(field: FieldInfo, kinds: set[object]) -> list[str]:
    metadata = [*field.metadata, *_inner_metadata(field.annotation)]
    lower = next((m for m in metadata if isinstance(m, (annotated_types.Ge, annotated_types.Gt))), None)
    upper = next((m for m in metadata if isinstance(m, (annotated_types.Le, annotated_types.Lt))), None)
    bounds = [
        *([f"at least {_show(lower.ge)}"] if isinstance(lower, annotated_types.Ge) else []),
        *([f"more than {_show(lower.gt)}"] if isinstance(lower, annotated_types.Gt) else []),
        *([f"at most {_show(upper.le)}"] if isinstance(upper, annotated_types.Le) else []),
        *([f"less than {_show(upper.lt)}"] if isinstance(upper, annotated_types.Lt) else []),
    ]
    if isinstance(lower, annotated_types.Ge) and isinstance(upper, annotated_types.Le):
        bounds = [f"{_show(lower.ge)} to {_show(upper.le)}"]
    words = ["whole number"] if int in kinds and float not in kinds else []
    return [", ".join([*words, *bounds])] if words or bounds else []


def _inner_metadata(annotation: object) -> list[object]:
    """The metadata of the first annotated alternative of a union, as in ``Annotated[int, Ge(1)] | "full"``."""
    return [
        item for part in get_args(annotation) for item in getattr(part, "__metadata__", ()) for item in _spread(item)
    ]


def _spread(item: object) -> list[object]:
    return list(item.metadata) if isinstance(item, FieldInfo) else [item]


def _default(field: FieldInfo) -> Any:
    return None if field.default is PydanticUndefined else field.default


def _implied(field: FieldInfo, value: Any) -> str | None:
    """The type that a table without one stands for; None if nothing is set."""
    return None if value is None else str(getattr(_default(field), "type", "") or "") or None


def _is_list_of_specs(field: FieldInfo) -> bool:
    return any(get_origin(one) is tuple for one in alternatives(field.annotation))


def _label(name: str) -> str:
    return name.replace("_", " ")


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)
