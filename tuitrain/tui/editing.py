"""Edits of an experiment, as pure functions on its document: a layer or an extra is added, deleted or moved."""

import copy
from functools import reduce
from typing import Any

from tuitrain.experiment.document import Document, with_value
from tuitrain.spec import Path


def added(document: Document, path: Path, part: Document) -> Document:
    """With ``part`` at ``path``: as the only one, or before what that position of a list has."""
    *above, position = path
    if not isinstance(position, int):
        return with_value(document, path, part)
    place: Any = document
    for key in above:
        place = place[key] if isinstance(key, int) else place.get(key, {})
    entries = list(place)
    entries.insert(position, part)
    return with_value(document, path[:-1], entries)


def deleted(document: Document, path: Path) -> Document:
    """Without what is at ``path``; a block, or a list of extras, that it leaves empty goes too."""
    changed = copy.deepcopy(document)
    place = _at(changed, path[:-1])
    del place[path[-1]]
    if place or path[:-1] in ((), ("model", "layers")):
        return changed
    return deleted(changed, path[:-2] if path[-2] == "layers" else path[:-1])


def moved(document: Document, path: Path, by: int) -> tuple[Document, Path]:
    """With the entry at ``path`` swapped with its neighbour in its list, and where it then is."""
    changed = copy.deepcopy(document)
    entries, here = _at(changed, path[:-1]), int(path[-1])
    there = here + by
    if not 0 <= there < len(entries):
        return document, path
    entries[here], entries[there] = entries[there], entries[here]
    return changed, (*path[:-1], there)


def _at(document: Any, path: Path) -> Any:
    return reduce(lambda place, key: place[key], path, document)
