"""Edits of an experiment, as pure functions on its document: add, delete and move layers; add and delete extras."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tuitrain.experiment.document import Document, with_value
from tuitrain.spec import Path

Placing = Callable[[Document], Document]
"""From a part of an experiment to a document that has it."""


def layer_added(document: Document, path: Path, layer: Document) -> Document:
    """With ``layer`` put before the position that ``path`` leads to."""
    changed = with_value(document, ("model", "layers"), _layers(document))
    _list(changed, path).insert(_position(path), layer)
    return changed


def layer_deleted(document: Document, path: Path) -> Document:
    """Without the layer at ``path``; a block that it leaves empty goes too."""
    changed = copy.deepcopy(document)
    layers = _list(changed, path)
    del layers[_position(path)]
    return layer_deleted(changed, path[:-2]) if not layers and len(path) > 3 else changed


def layer_moved(document: Document, path: Path, by: int) -> tuple[Document, Path]:
    """With the layer at ``path`` swapped with its neighbour in its list, and where it then is."""
    changed = copy.deepcopy(document)
    layers = _list(changed, path)
    here, there = _position(path), _position(path) + by
    if not 0 <= there < len(layers):
        return document, path
    layers[here], layers[there] = layers[there], layers[here]
    return changed, (*path[:-1], there)


def extra_added(document: Document, path: Path, extra: Document) -> Document:
    """With ``extra`` at ``path``: at the end of a list, or as the only one."""
    name, *position = path
    present = document.get(str(name), [])
    return with_value(document, (name,), [*present, extra] if position else extra)


def extra_deleted(document: Document, path: Path) -> Document:
    """Without the extra at ``path``."""
    changed = copy.deepcopy(document)
    name, *position = path
    if position:
        del changed[str(name)][_position(path)]
    if not position or not changed[str(name)]:
        del changed[str(name)]
    return changed


def _layers(document: Document) -> list[Any]:
    return list(document.get("model", {}).get("layers", []))


def _list(document: Document, path: Path) -> list[Any]:
    place: Any = document
    for part in path[:-1]:
        place = place[part]
    if not isinstance(place, list):
        raise TypeError(f"{path} leads into no list of layers")
    return place


def _position(path: Path) -> int:
    return int(path[-1])
