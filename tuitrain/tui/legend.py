"""The legend of a chart: which line is which, and the number that each has now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tuitrain.tui.strips import Span

_SHORT = 5
"""Letters of a name that tell it apart where there is little room: ``train``, ``valid``."""
_GAP = "  "


@dataclass(frozen=True)
class LegendEntry:
    """``glyph`` shows how the line is drawn; ``value`` may be empty."""

    glyph: str
    name: str
    value: str
    color: str

    @property
    def spans(self) -> list[Span]:
        key = f"{self.glyph} {self.name}".rstrip()
        return [(f"{key} " if self.value else key, self.color), (self.value, "")]

    @property
    def width(self) -> int:
        return sum(len(text) for text, _ in self.spans)


def legend(entries: Sequence[LegendEntry], width: int) -> list[Span]:
    """The entries in at most ``width`` cells, their numbers whole.

    Where they have no room, first the names are shortened, then left out, then the entries without a number, then the
    last ones.
    """
    fitting = next((some for some in _shorter(entries) if _width(some) <= width), [])
    spans: list[Span] = []
    for index, entry in enumerate(fitting):
        spans += [*([(_GAP, "")] if index else []), *entry.spans]
    return spans


def _shorter(entries: Sequence[LegendEntry]) -> Iterator[Sequence[LegendEntry]]:
    yield entries
    yield [replace(entry, name=entry.name[:_SHORT]) for entry in entries]
    valued = [replace(entry, name="") for entry in entries if entry.value]
    yield from (valued[:count] for count in range(len(valued), 0, -1))


def _width(entries: Sequence[LegendEntry]) -> int:
    return sum(entry.width for entry in entries) + len(_GAP) * (len(entries) - 1)
