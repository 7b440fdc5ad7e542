"""Forms: the fields that a spec asks for, derived from it, and the check of what was typed. No widgets here.

A form edits a *fragment*: the part of an experiment's document that describes one spec, holding only
what was set. Unset fields show the value that would apply.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tuitrain.experiment.document import Document, parse_value, to_document
from tuitrain.experiment.experiment import Experiment, Training
from tuitrain.experiment.problems import examine
from tuitrain.spec import OF_ITS_TYPE, Invalid, Path, Spec, alternatives, members, parse, summary
from tuitrain.tui.entries import read_list, show_list
from tuitrain.tui.limits import limits, show_number

Kind = Literal["choice", "number", "text", "switch", "list"]

ON = "on"
"""The choice of a nested spec that is there or not, and has no type."""


@dataclass(frozen=True)
class FormField:
    """One line of a form. ``value`` is None where nothing was set; ``default`` is what then applies, in words."""

    path: Path
    kind: Kind
    value: Any
    default: str
    help: str
    limits: str = ""
    choices: tuple[str, ...] = ()
    specs: Mapping[str, type[Spec]] = field(default_factory=dict)
    """Where the choice is one of specs: those, each of which brings fields of its own."""
    words_only: bool = False
    """Whether the entries of a list are text, whatever they read as."""
    or_one: bool = False
    """Whether a single value may stand where a list does."""

    @property
    def label(self) -> str:
        return str(self.path[-1]).replace("_", " ")

    @property
    def depth(self) -> int:
        return len(self.path) - 1

    @property
    def text(self) -> str:
        """The value as it stands in the line."""
        if self.value is None:
            return ""
        if self.kind != "list":
            return str(self.value)
        values = self.value if isinstance(self.value, (list, tuple)) else [self.value]
        return show_list(values, words_only=self.words_only)

    def read(self, text: str) -> Any:
        """The value that was typed, None for nothing."""
        text = text.strip()
        if not text:
            return None
        if self.kind == "list":
            values = read_list(text, words_only=self.words_only)
            return values[0] if self.or_one and len(values) == 1 else values
        return text if self.kind == "text" else parse_value(text)

    def chosen(self, word: str) -> Any:
        """What a choice sets."""
        if word not in self.specs:
            return word
        return {"type": word} if "type" in self.specs[word].model_fields else {}


def form_fields(
    spec: type[Spec], fragment: Mapping[str, Any], inherited: Mapping[str, Any] | None = None, at: Path = ()
) -> Iterator[FormField]:
    """The fields of ``spec``, those that have to be set first, and those of nested specs behind their choice.

    ``inherited`` has values that apply where the fragment sets none (``model.defaults`` for a layer).
    """
    for name, info in sorted(spec.model_fields.items(), key=lambda item: not item[1].is_required()):
        if name == "type" or _is_list_of_specs(info):
            continue
        value, path = fragment.get(name), (*at, name)
        inherits = (inherited or {}).get(name)
        default = _default(info) if inherits is None else inherits
        specs = nested_specs(info.annotation)
        if not specs:
            yield _plain(path, info, value, default)
            continue
        chosen = _chosen(info, specs, value)
        words = _default_choice(default, tuple(specs))
        yield FormField(path, "choice", chosen, words, info.description or "", choices=tuple(specs), specs=specs)
        if chosen in specs:
            yield from form_fields(specs[chosen], value if isinstance(value, Mapping) else {}, None, path)


def check(spec: type[Spec], fragment: Mapping[str, Any]) -> dict[Path, str]:
    """What is wrong with a fragment, by the path of the field; empty if nothing is."""
    try:
        parse(spec, fragment)
    except Invalid as error:
        # The deepest last: that an entry of a list is bad says more than that the list is no number.
        problems = sorted(error.problems, key=lambda problem: len(problem.path))
        return {_field_path(problem.path): problem.message for problem in problems}
    return {}


def carried(before: type[Spec], after: type[Spec], fragment: Mapping[str, Any]) -> Document:
    """What was set in a fragment of ``before`` and applies to ``after`` too, another member of its family.

    Those are the fields that both declare alike, with values that ``after`` takes.
    """
    declared = before.model_fields
    alike = {name for name, info in after.model_fields.items() if name in declared and _is_alike(info, declared[name])}
    kept = {name: value for name, value in fragment.items() if name in alike}
    refused = {path[0] for path in check(after, kept)}
    return {name: value for name, value in kept.items() if name not in refused}


def _is_alike(one: FieldInfo, other: FieldInfo) -> bool:
    """Whether two fields mean the same; pydantic copies those that a class inherits, and copies are never equal."""
    extra = one.json_schema_extra
    if isinstance(extra, dict) and extra.get(OF_ITS_TYPE):
        return False
    parts = ("annotation", "default", "description", "metadata")
    return all(getattr(one, part) == getattr(other, part) for part in parts)


def problems_at(path: Path, document: Mapping[str, Any]) -> dict[Path, str]:
    """What is wrong in the part of a document at ``path`` although its values are within their limits.

    By the path of the field, empty for the part as a whole.
    """
    try:
        problems = examine(parse(Experiment, document)).problems
    except Invalid:
        return {}
    inside = [one for one in problems if one.path[: len(path)] == path]
    if not path:
        inside = [one for one in inside if one.path and one.path[0] in Training.model_fields]
    return {_field_path(problem.path[len(path) :]): problem.message for problem in inside}


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
        if name in fragment and isinstance(inner, Spec):
            kind = {"type": getattr(inner, "type", None)} if "type" in type(inner).model_fields else {}
            fragment[name] = {**kind, **fragment_of(inner)}
    return fragment


def about(spec: type[Spec]) -> str:
    """The first line of a spec's docstring, for people."""
    return (spec.__doc__ or "").strip().splitlines()[0].replace("`", "")


def explain_form(spec: type[Spec], fields: Sequence[FormField], here: FormField | None) -> str:
    """What a spec is, and what its fields mean and take; that of the field ``here`` first, with its choices."""
    parts = [_explain_field(here), *(f"  {name}: {about(one)}" for name, one in here.specs.items())] if here else []
    doc = inspect.cleandoc(spec.__doc__ or "").replace("`", "")
    others = (_explain_field(field) for field in fields if here is None or field.path != here.path)
    return "\n\n".join(["\n".join(parts), doc, "\n".join(others)]).strip()


def _explain_field(field: FormField) -> str:
    said = [
        field.help,
        f"Takes {field.limits}." if field.limits else "",
        f"Default {field.default}." if field.default else "",
    ]
    return f"{'  ' * field.depth}{field.label}: {' '.join(filter(None, said))}"


def nested_specs(annotation: object) -> dict[str, type[Spec]]:
    """The specs that can stand there, by the words that choose them: a family's members, or one without a type."""
    if family := members(annotation):
        return family
    untyped = [one for one in alternatives(annotation) if isinstance(one, type) and issubclass(one, Spec)]
    return {ON: untyped[0]} if untyped else {}


def _plain(path: Path, info: FieldInfo, value: Any, default: Any) -> FormField:
    options = alternatives(info.annotation)
    words = tuple(str(word) for one in options if get_origin(one) is Literal for word in get_args(one))
    help_text, entries = info.description or "", entries_of(info.annotation)
    if entries:
        words_only = {part for one in entries for part in alternatives(one)} <= {str, ...}
        or_one = any(one in (int, float, str) for one in options) or bool(words)
        shown = show_list(default if isinstance(default, tuple) else [default]) if default not in (None, ()) else ""
        return FormField(path, "list", value, shown, help_text, limits(info), words_only=words_only, or_one=or_one)
    if bool in options:
        return FormField(path, "switch", value, _show(default), help_text)
    if words and not {int, float, str} & set(options):
        return FormField(path, "choice", value, _default_choice(default, words), help_text, choices=words)
    kind: Kind = "number" if {int, float} & set(options) else "text"
    return FormField(path, kind, value, _show(default), help_text, limits(info))


def _field_path(path: Path) -> Path:
    """Up to the first entry of a list, which stands in one line with the others."""
    return path[: next((place for place, part in enumerate(path) if isinstance(part, int)), len(path))]


def _chosen(info: FieldInfo, specs: Mapping[str, type[Spec]], value: Any) -> str | None:
    """The word for what is set: a table without a type stands for that of the default, or for the only one there is."""
    if value is None or isinstance(value, str):
        return value
    implied = getattr(_default(info), "type", "") or (next(iter(specs)) if len(specs) == 1 else "")
    return str(value.get("type", implied)) or None


def _default_choice(default: Any, choices: tuple[str, ...]) -> str:
    if default is None:
        return "none" if "none" not in choices else "unset"
    return summary(default)


def entries_of(annotation: object) -> list[Any]:
    """What the lists hold that can stand there; none where there is no list."""
    return [entry for one in alternatives(annotation) if get_origin(one) is tuple for entry in get_args(one)]


def _is_list_of_specs(info: FieldInfo) -> bool:
    parts = (part for entry in entries_of(info.annotation) for part in alternatives(entry))
    return any(isinstance(part, type) and issubclass(part, Spec) for part in parts)


def _default(info: FieldInfo) -> Any:
    return None if info.default is PydanticUndefined else info.default


def _show(value: Any) -> str:
    if value is None:
        return ""
    return ("yes" if value else "no") if isinstance(value, bool) else show_number(value)
