"""Messages: what a pane asks of the dashboard."""

from __future__ import annotations

from textual.message import Message

from tuitrain.spec import Path


class UnitsWatched(Message):
    """The units of a layer are on the screen: have them observed. Said anew every few seconds."""

    def __init__(self, layer: str) -> None:
        super().__init__()
        self.layer = layer


class ExtraAddRequested(Message):
    """Give the experiment something that it has not: a callback, clipping."""


class _AtPath(Message):
    """Do something at ``path`` of the experiment."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class EditRequested(_AtPath):
    """Open the form of the spec there."""


class LayerAddRequested(_AtPath):
    """Put a new layer before that position in a list of layers."""


class DeleteRequested(_AtPath):
    """Take out the layer or the extra that is there."""


class LayerMoveRequested(_AtPath):
    """Swap the layer that is there with its neighbour: ``by`` is -1 (towards the input) or 1."""

    def __init__(self, path: Path, by: int) -> None:
        super().__init__(path)
        self.by = by
