"""Messages: what a pane asks of the dashboard."""

from __future__ import annotations

from textual.message import Message

from tuitrain.spec import Path


class EditRequested(Message):
    """Open the form of the spec at ``path`` of the experiment."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class UnitsWatched(Message):
    """The units of a layer are on the screen: have them observed. Said anew every few seconds."""

    def __init__(self, layer: str) -> None:
        super().__init__()
        self.layer = layer


class ExtraAddRequested(Message):
    """Give the experiment something that it has not: a callback, clipping."""


class ExtraDeleteRequested(Message):
    """Take the extra at ``path`` out of the experiment."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class LayerAddRequested(Message):
    """Put a new layer before the place ``path`` leads to, a position in a list of layers."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class LayerDeleteRequested(Message):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class LayerMoveRequested(Message):
    """Swap the layer at ``path`` with its neighbour: ``by`` is -1 (towards the input) or 1."""

    def __init__(self, path: Path, by: int) -> None:
        super().__init__()
        self.path = path
        self.by = by
