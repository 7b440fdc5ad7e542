"""Lines of a drawing: their colours, coloured text as Textual's strips, and what changed between two drawings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from tuitrain.tui.fitting import cut, one_line, wrapped


@dataclass(frozen=True)
class Palette:
    """Hex colours. ``quiet`` is for axes and words, ``train_range`` for the extremes around the training curve."""

    train: str
    train_range: str
    validation: str
    alarm: str
    quiet: str


DARK = Palette(train="#56b4e9", train_range="#2b5f80", validation="#e69f00", alarm="#ff6f3c", quiet="#8c8c8c")
LIGHT = Palette(train="#0072b2", train_range="#9cc9e3", validation="#b35900", alarm="#c1121f", quiet="#6e6e6e")


Span = tuple[str, str]
"""Text and its style in rich's words (``#8c8c8c``, ``bold black on green``); empty is that of the text around."""

Cell = tuple[str, Style | None]

_NEAR = 8


@lru_cache(maxsize=256)
def parsed(style: str) -> Style | None:
    return Style.parse(style) if style else None


def to_strip(spans: Iterable[Span], width: int) -> Strip:
    """One line of exactly ``width`` cells: filled up, or cut, but not within a number."""
    strip = Strip([Segment(one_line(text), parsed(style)) for text, style in spans if text])
    if strip.cell_length > width:
        strip = strip.crop(0, cell_len(cut(strip.text, width)))
    return strip if strip.cell_length == width else strip.adjust_cell_length(width)


def paragraph(text: str, width: int, height: int, color: str) -> tuple[Strip, ...]:
    """A sentence in the middle of ``height`` lines."""
    lines = [" " * ((width - cell_len(line)) // 2) + line for line in wrapped(text, max(width - 4, 8))]
    lines = [""] * (max(height - len(lines), 0) // 2) + lines
    lines += [""] * (height - len(lines))
    return tuple(to_strip([(line, color)], width) for line in lines[:height])


def changed(old: Sequence[Strip], new: Sequence[Strip]) -> list[Region]:
    """The cells that differ, as spans of rows; both drawings have the same size."""
    return [
        Region(start, y, end - start, 1)
        for y, (before, after) in enumerate(zip(old, new, strict=True))
        if before != after
        for start, end in _changed_spans(_cells(before), _cells(after))
    ]


def _changed_spans(before: list[Cell], after: list[Cell]) -> list[tuple[int, int]]:
    """Half-open spans; those that are close to each other are one, because moving the cursor has its price too."""
    spans: list[tuple[int, int]] = []
    for x, (old, new) in enumerate(zip(before, after, strict=True)):
        if old != new:
            start = spans.pop()[0] if spans and x - spans[-1][1] < _NEAR else x
            spans.append((start, x + 1))
    return spans


def _cells(strip: Strip) -> list[Cell]:
    """A character and its style for each cell; a wide character is followed by an empty one."""
    cells: list[Cell] = []
    for text, style, _ in strip:
        blank = None if style is None or style.bgcolor is None else style  # a space shows no more than its background
        for character in text:
            cells.append((character, blank if character == " " else style))
            cells.extend([("", style)] * (cell_len(character) - 1))
    return cells
