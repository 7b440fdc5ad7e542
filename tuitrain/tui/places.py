"""Places: where a problem is, in the words and numbers of the dashboard's rows: ``layer 3 (dense), units: ...``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tuitrain.experiment.document import Document
from tuitrain.spec import Path, Problem

_NAMES = {"output": "output layer", "layers": "layer", "callbacks": "callback"}


def explain(problem: Problem, document: Document) -> str:
    """A problem of ``document`` with its place."""
    place = ", ".join(_words(problem.path, document))
    return f"{place}: {problem.message}" if place else problem.message


def _words(path: Path, document: Any) -> Iterator[str]:
    """One for each row or field on the way; rows count from 1."""
    for depth, part in enumerate(path, 1):
        document = _child(document, part)
        if isinstance(part, int):
            kind = document if isinstance(document, str) else _child(document, "type")
            yield f"{_name(path[depth - 2])} {part + 1}" + (f" ({kind})" if isinstance(kind, str) else "")
        elif part != "model" and not (depth < len(path) and isinstance(path[depth], int)):
            yield _name(part) if part == "output" else part.replace("_", " ")


def _name(part: str | int) -> str:
    return _NAMES.get(str(part), str(part).replace("_", " "))


def _child(document: Any, part: str | int) -> Any:
    try:
        return document[part]
    except (KeyError, IndexError, TypeError):
        return None
