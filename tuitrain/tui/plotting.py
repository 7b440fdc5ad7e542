"""Charts drawn by plotext: frozen values in, styled lines out. The only importer of plotext.

plotext has one figure for the whole process, so a drawing clears it, draws, and takes the text. It is
imported at the first drawing: that costs 0.15 s, which the first paint of the dashboard does not pay.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from textual.strip import Strip

from tuitrain.tui.axes import Axis
from tuitrain.tui.legend import Entry, legend
from tuitrain.tui.palette import Palette
from tuitrain.tui.strips import Span, to_strip, words

Shape = Literal["line", "plan", "thick", "dots", "marks"]

LABEL_WIDTH = 5
"""Cells for the labels of the y axis if none is longer: so the frame mostly stays where it is when limits change."""

_DOTS = 4
"""Dots above each other in a cell of braille."""

_GLYPHS: dict[Shape, str] = {"line": "⠒⠒", "plan": "⠒⠒", "thick": "⠶⠶", "dots": "●", "marks": "×"}
_ASCII_GLYPHS: dict[Shape, str] = {"line": "*", "plan": ".", "thick": "o", "dots": "o", "marks": "x"}
_ASCII_RANGE = ":"
_ASCII_FRAME = str.maketrans("│┤├┼└┴┬─", "|||++++-")
_RUN = re.compile(r"\x1b\[([0-9;]*)m|([^\x1b]+)")
_FOREGROUND = "38;2;"


@dataclass(frozen=True)
class Line:
    """One curve. ``low`` and ``high`` (as long as ``y``, or empty) are drawn as dots below and above it.

    A y that is nan interrupts the curve. ``value`` stands behind ``name`` in the legend; without a name
    the line is not in it. The shape tells curves apart where colours do not.
    """

    name: str
    color: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    range_color: str = ""
    value: str = ""
    shape: Shape = "line"


@dataclass(frozen=True)
class Chart:
    """A legend row, the curves in a frame of axes; or, instead of them, a ``message`` in quiet words."""

    width: int
    height: int
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    palette: Palette
    message: str = ""
    ascii_only: bool = False

    @property
    def glyphs(self) -> dict[Shape, str]:
        return _ASCII_GLYPHS if self.ascii_only else _GLYPHS

    @property
    def label_width(self) -> int:
        return max(LABEL_WIDTH, *(len(tick.label) for tick in self.y.ticks), 0)


@dataclass(frozen=True)
class _Column:
    """What a curve does within one column of dots, in shares of the axes from 0 to 1."""

    x: float
    y: float
    low: float
    high: float
    joined: bool


def draw(chart: Chart) -> tuple[Strip, ...]:
    """Exactly ``height`` lines of exactly ``width`` cells."""
    if chart.message:
        return words(chart.message, chart.width, chart.height, chart.palette.quiet)
    entries = [Entry(chart.glyphs[line.shape], line.name, line.value, line.color) for line in chart.lines if line.name]
    rows = chart.height - 1
    if rows < 4 or chart.width < chart.label_width + 8:
        body = [to_strip([], chart.width)] * rows
    else:
        body = [to_strip(spans, chart.width) for spans in _parse(_figure(chart, rows), chart)]
    return (to_strip(legend(entries, chart.width), chart.width), *body)[: chart.height]


def _figure(chart: Chart, rows: int) -> str:
    import plotext

    plotext.terminal.limit(False, False)
    figure = plotext.figure.clear()
    figure.plot_size(chart.width, rows)
    figure.canvas("default")
    quiet = plotext.pixel(foreground=_rgb(chart.palette.quiet))
    figure.axes(False)
    for axis, side, scale in (("x", "lower", chart.x), ("y", "left", chart.y)):
        figure.axes(True, pixel=quiet, axis=axis, side=side)
        width = chart.label_width if axis == "y" else 0
        ruler = figure.ruler(axis, side).lim(0, 1).pixel(quiet)
        ruler.ticks([scale.share(tick.at) for tick in scale.ticks], [tick.label.rjust(width) for tick in scale.ticks])
    for line in chart.lines:
        _draw_line(plotext, figure, chart, line)
    return str(figure.build().string())


def _draw_line(plotext: Any, figure: Any, chart: Chart, line: Line) -> None:
    """Everything is handed over in shares of the axes: plotext then never sees a value it cannot place."""
    cells = chart.width - chart.label_width - 1
    connected = line.shape in ("line", "plan")
    braille = line.shape in ("line", "plan", "thick") and not chart.ascii_only
    dots = cells * 2 if braille else cells
    # One cell wide each: dots that are quieter than the curve, and cheap on the way to the terminal.
    ranges = _columns(line, chart, dots, every=2 if braille else 1) if line.low else []
    extremes = [point for column in ranges for point in _extremes(column, chart.height - 3)]
    if extremes:
        marker = _marker(plotext, "braille" if braille else _ASCII_RANGE, line.range_color or line.color)
        figure.draw(figure.signal([x for x, _ in extremes], [y for _, y in extremes], marker=marker))
    columns = _columns(line, chart, dots)
    if line.shape == "thick" and braille:
        columns = _thickened(columns, dots, chart.height - 3)
    if columns:
        marker = _marker(plotext, "braille" if braille else chart.glyphs[line.shape], line.color)
        signal = figure.signal([column.x for column in columns], [column.y for column in columns], marker=marker)
        for index, column in enumerate(columns):
            if connected and column.joined:
                signal.line(index)
        figure.draw(signal)


def _columns(line: Line, chart: Chart, count: int, every: int = 1) -> list[_Column]:
    """The curve by columns of dots, or ``every`` so many of them: mean of the y in each, extremes of its range."""
    result: list[_Column] = []
    last = max(count - 1, 1)
    ranged = bool(line.low)
    members = 0
    total = 0.0
    joined = False
    for index, (x, y) in enumerate(zip(line.x, line.y, strict=True)):
        if not (math.isfinite(y) and chart.x.low <= x <= chart.x.high):
            joined = False
            continue
        position = round(chart.x.share(x) * last) // every * every / last
        y = chart.y.share(y)
        low, high = (chart.y.share(line.low[index]), chart.y.share(line.high[index])) if ranged else (y, y)
        if result and result[-1].x == position:
            previous = result.pop()
            members, total = members + 1, total + y
            low, high, joined = min(low, previous.low), max(high, previous.high), previous.joined
        else:
            members, total = 1, y
        result.append(_Column(position, total / members, low if ranged else y, high if ranged else y, joined))
        joined = True
    return result


def _thickened(columns: list[_Column], dots: int, cells: int) -> list[_Column]:
    """Each point as a square of 2×2 dots, seen even where it is alone; at the upper edge the square grows downwards."""
    right, up = 1 / max(dots - 1, 1), 1 / (cells * _DOTS - 1)
    return [
        replace(column, x=min(column.x + dx, 1.0), y=column.y + dy if column.y + up <= 1 else column.y - dy)
        for column in columns
        for dx in (0.0, right)
        for dy in (0.0, up)
    ]


def _extremes(column: _Column, cells: int) -> Iterator[tuple[float, float]]:
    """The extremes below and above a curve, where they are outside its own cell, because a cell has one colour."""
    last = cells * _DOTS - 1
    low, y, high = (round(share * last) for share in (column.low, column.y, column.high))
    for extreme in (low, high):
        if extreme // _DOTS != y // _DOTS:
            yield column.x, extreme / last


def _marker(plotext: Any, symbol: str, color: str) -> Any:
    return plotext.marker(symbol, pixel=plotext.pixel(foreground=_rgb(color)))


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _parse(text: str, chart: Chart) -> list[list[Span]]:
    """plotext's text with escape sequences as spans; backgrounds are dropped, the widget has its own.

    Blanks go with the colour before them: a change of colour costs some 40 bytes on the way to the terminal.
    """
    if chart.ascii_only:
        text = text.translate(_ASCII_FRAME)
    lines: list[list[Span]] = []
    for row in text.rstrip("\n").split("\n"):
        spans: list[Span] = []
        color = ""
        for codes, run in _RUN.findall(row):
            if run and spans and (run.isspace() or color == spans[-1][1]):
                spans[-1] = (spans[-1][0] + run, spans[-1][1])
            elif run:
                spans.append((run, color))
            elif codes.startswith(_FOREGROUND):
                color = "#" + "".join(f"{int(part):02x}" for part in codes[len(_FOREGROUND) :].split(";"))
            elif codes in ("", "0"):
                color = ""
        lines.append(spans)
    # The corner below the labels of the y axis is free: the name of the x axis needs no row of its own there.
    corner, color = lines[-1][0]
    lines[-1][0] = (chart.x.name.rjust(chart.label_width) + corner[chart.label_width :], color)
    return lines
