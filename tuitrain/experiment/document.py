"""Documents: an experiment as nested dicts and lists, as TOML has it, and dotted paths into them."""

import copy
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tuitrain.errors import Refused
from tuitrain.experiment import syntax
from tuitrain.experiment.experiment import Experiment
from tuitrain.experiment.problems import examine
from tuitrain.spec import Invalid, Path, Problem, Spec, dotted, parse
from tuitrain.spec.words import LONGEST, shown

Document = dict[str, Any]


def to_document(spec: Spec, *, complete: bool = False) -> Document:
    """What was set in a spec, or with ``complete`` every value; ``parse`` makes the same spec of it."""
    fields = type(spec).model_fields
    document: Document = {}
    for name in sorted(fields, key=lambda name: name not in ("type", "name")):
        value = getattr(spec, name)
        wanted = complete or name == "type" or name in spec.model_fields_set
        if value not in (None, ()) and wanted and not fields[name].exclude:
            document[name] = _plain(value, complete)
    return document


def _plain(value: object, complete: bool) -> object:
    if isinstance(value, Spec):
        inner = to_document(value, complete=complete)
        return inner["type"] if inner.keys() == {"type"} else inner
    if isinstance(value, (tuple, list)):
        return [to_document(one, complete=complete) if isinstance(one, Spec) else one for one in value]
    return value


def to_experiment(document: Mapping[str, Any], source: str = "") -> Experiment:
    """Check a document, single values and what spans them.

    Raises:
        Invalid: with every problem and its path.
    """
    experiment = parse(Experiment, document, source)
    if problems := examine(experiment).problems:
        raise Invalid(problems, source)
    return experiment


def parse_path(text: str) -> Path:
    """``model.layers.1.units`` and ``model.layers[1].units`` as a path.

    Raises:
        Refused: if a part of it is empty, or it has more parts than a document has levels.
    """
    parts = re.sub(r"\[([0-9]+)\]", r".\1", text).split(".")
    if not all(parts) or len(parts) > syntax.DEEPEST:
        raise Refused(f"{shown(text)} is not a path: write it like optimizer.lr or model.layers.1.units")
    return tuple(int(part) if re.fullmatch(r"[0-9]{1,9}", part) else part for part in parts)


def parse_value(text: str) -> Any:
    """A number where it reads as one (also .5 and 1e-3), else a TOML value; a bare word stands for a string."""
    try:
        return _number(text)
    except ValueError:
        pass
    try:
        document = syntax.loads(f"value = {text}")
    except Refused:
        return text
    return document["value"] if document.keys() == {"value"} else text  # a second line would be lost


def _number(text: str) -> int | float:
    """A finite number; nan and inf are left to TOML, which knows only these spellings of them."""
    if not text.isascii():
        raise ValueError(f"{text} is no number")
    try:
        return int(text)
    except ValueError:
        number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not finite")
    return number


def with_value(document: Mapping[str, Any], path: Path, value: Any) -> Document:
    """A copy of the document with one value set; tables on the way are made where there are none.

    Raises:
        Invalid: if the path leads through something that is neither a table nor a list that long.
    """
    changed: Document = copy.deepcopy(dict(document))
    place: Any = changed
    for depth, part in enumerate(path):
        last = depth == len(path) - 1
        if isinstance(place, list):
            if not isinstance(part, int) or part >= len(place):
                raise Invalid([Problem(path[: depth + 1], f"there is no such entry: the list has {len(place)}")])
        elif isinstance(place, dict):
            part = str(part)
        if last:
            place[part] = copy.deepcopy(value)
            return changed
        inner = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
        if isinstance(inner, str):  # the short form of a table that has only a type
            inner = place[part] = {"type": inner}
        if not isinstance(inner, (dict, list)):
            raise Invalid([Problem(path[: depth + 1], f"is a single value, so {dotted(path)} leads nowhere")])
        place = inner
    raise Refused("an empty path leads nowhere")


def with_sets(document: Mapping[str, Any], sets: Iterable[str]) -> Document:
    """A copy with every ``path=value`` of a command line applied, in order."""
    changed = dict(document)
    for text in sets:
        path, equals, value = text.partition("=")
        if not equals:
            raise Refused(f"--set {_short(text)}: write path=value, as in --set optimizer.lr=0.01")
        if any("\ud800" <= one <= "\udfff" for one in text):  # a byte of a command line that is no UTF-8
            raise Refused(f"--set {_short(text)}: is not text in UTF-8")
        changed = with_value(changed, parse_path(path.strip()), _set_value(path, value.strip()))
    return changed


def _set_value(path: str, text: str) -> Any:
    """As `parse_value`, but a list, table or quoted text has to be whole: it is not meant as a bare word."""
    if text.startswith(("[", "{", '"', "'")):
        try:
            syntax.loads(f"value = {text}")
        except Refused as error:
            raise Refused(f"--set {_short(path)}: {error}") from None
    return parse_value(text)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
