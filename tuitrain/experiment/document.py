"""Documents: an experiment as nested dicts and lists, as TOML has it, and dotted paths into them."""

from __future__ import annotations

import copy
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from tuitrain.errors import Refused
from tuitrain.experiment.experiment import Experiment
from tuitrain.spec import Invalid, Path, Problem, Spec, dotted, parse

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
    problems = experiment.problems()
    if problems:
        raise Invalid(problems, source)
    return experiment


def parse_path(text: str) -> Path:
    """``model.layers.1.units`` and ``model.layers[1].units`` as a path."""
    parts = re.sub(r"\[(\d+)\]", r".\1", text).split(".")
    if not all(parts):
        raise Refused(f"{text!r} is not a path: write it like optimizer.lr or model.layers.1.units")
    return tuple(int(part) if part.isdigit() else part for part in parts)


def parse_value(text: str) -> Any:
    """A number where it reads as one (also .5 and 1e-3), else a TOML value; a bare word stands for a string."""
    try:
        return _number(text)
    except ValueError:
        pass
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text


def _number(text: str) -> int | float:
    """A finite number; nan and inf are left to TOML, which knows only these spellings of them."""
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
            raise Refused(f"--set {text}: write path=value, as in --set optimizer.lr=0.01")
        changed = with_value(changed, parse_path(path.strip()), parse_value(value.strip()))
    return changed
