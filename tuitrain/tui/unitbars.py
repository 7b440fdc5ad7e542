"""Signed bars to the left and right of a zero line, in as many columns as they need."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from textual.strip import Strip

from tuitrain.tui.axes import label
from tuitrain.tui.bars import bar_text
from tuitrain.tui.strips import Palette, Span, to_strip

_LEFT_EIGHTHS = "▉▊▋▌▍▎▏"
"""In reverse video: one to seven eighths of a cell, filled from the right."""
_GAP = 1
_NARROWEST = 12
"""A column: number 2, bar 2 + zero line + 2, value 4, gap."""


@dataclass(frozen=True)
class Layout:
    """``columns`` beside each other, each ``width`` cells (its gap included) and ``rows`` bars."""

    columns: int
    rows: int
    width: int

    @property
    def decimals(self) -> int:
        return min(max((self.width - _NARROWEST) // 4, 1), 3)


def arrange(count: int, width: int, rows: int) -> Layout:
    """The fewest columns in which ``count`` bars fit into ``rows`` rows; where there is no room, as many as fit."""
    most = max((width + _GAP) // _NARROWEST, 1)
    columns = max(min(-(-count // max(rows, 1)), most), 1)
    return Layout(columns, max(min(-(-count // columns), rows), 0), (width + _GAP) // columns)


@dataclass(frozen=True)
class UnitChart:
    """``values`` from the first unit on; a full bar is ``limit`` long, which is greater than 0."""

    width: int
    height: int
    values: tuple[float, ...]
    limit: float
    palette: Palette
    ascii_only: bool = False

    @property
    def layout(self) -> Layout:
        return arrange(len(self.values), self.width, self.height)

    @property
    def shown(self) -> int:
        return min(len(self.values), self.layout.columns * self.layout.rows)

    @property
    def power(self) -> int:
        """The power of ten that the numbers beside the bars leave out."""
        return math.floor(math.log10(self.limit) + 1e-9)

    def scale(self) -> tuple[str, str]:
        """What the numbers are to be multiplied by, and how long a full bar is in these numbers."""
        times, sign = ("x", "+-") if self.ascii_only else ("×", "±")
        return f"{times} {label(10.0**self.power)}", f"bar {sign}{label(self.limit / 10.0**self.power)}"


def draw(chart: UnitChart) -> tuple[Strip, ...]:
    """Exactly ``height`` lines of exactly ``width`` cells; in a cell of the grid: number, bar, value."""
    layout = chart.layout
    return tuple(to_strip(_merged(_row(chart, layout, row)), chart.width) for row in range(chart.height))


def _row(chart: UnitChart, layout: Layout, row: int) -> Iterator[Span]:
    if row < layout.rows:
        for unit in range(row, len(chart.values), layout.rows)[: layout.columns]:
            yield from _cell(chart, layout, unit)


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Fewer spans that show the same, for each costs 40 bytes: a space takes any style but reverse video."""
    text, style = "", ""
    for more, next_style in spans:
        if next_style == style or (more.isspace() and not style.startswith("reverse")):
            text += more
        elif text.isspace() and not next_style.startswith("reverse"):
            text, style = text + more, next_style
        else:
            yield text, style
            text, style = more, next_style
    yield text, style


def _cell(chart: UnitChart, layout: Layout, unit: int) -> Iterator[Span]:
    number = f"{unit + 1:>2}" if layout.width < _NARROWEST + 2 else f"{unit + 1:>2} "
    value = f"{chart.values[unit] / 10.0**chart.power:.{layout.decimals}f}".rjust(layout.decimals + 3)
    half = max((layout.width - len(number) - len(value) - 1 - _GAP) // 2, 1)
    rest = layout.width - len(number) - 2 * half - 1 - _GAP
    yield number, chart.palette.quiet
    yield from _bar(chart, chart.values[unit], half)
    yield value.rjust(rest) + " " * _GAP, "" if math.isfinite(chart.values[unit]) else chart.palette.alarm


def _bar(chart: UnitChart, value: float, half: int) -> Iterator[Span]:
    """Both halves with the zero line between them; a × at the end of an infinite bar, on the line for no number."""
    line, cross, palette = "|" if chart.ascii_only else "│", "x" if chart.ascii_only else "×", chart.palette
    if not math.isfinite(value):
        at = half if math.isnan(value) else 2 * half if value > 0 else 0
        text = " " * half + line + " " * half
        yield text[:at] + cross + text[at + 1 :], palette.alarm
        return
    share = min(abs(value) / chart.limit, 1.0)
    if value < 0:
        yield from _to_the_left(share, half, chart)
    else:
        yield " " * half, ""
    yield line, palette.quiet
    yield (bar_text(share, half, chart.ascii_only) if value > 0 else " " * half), palette.train


def _to_the_left(share: float, half: int, chart: UnitChart) -> Iterator[Span]:
    """`bar_text` in a mirror. No font has the mirrored blocks for certain, so a part of a cell is in reverse video."""
    color = chart.palette.train
    if chart.ascii_only:
        yield bar_text(share, half, ascii_only=True)[::-1], color
        return
    full, eighths = divmod(max(round(share * half * 8), 1), 8)
    yield " " * (half - full - bool(eighths)), ""
    if eighths:
        yield _LEFT_EIGHTHS[eighths - 1], f"reverse {color}"
    yield "█" * full, color
