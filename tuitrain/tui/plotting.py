"""Charts drawn by plotext: frozen values in, styled lines out. The only importer of plotext.

plotext has one figure for the whole process, so a drawing clears it, draws, and takes the text. It is
imported at the first drawing: that costs 0.15 s, which the first paint of the dashboard does not pay.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from textual.strip import Strip

from tuitrain.tui.axes import Axis
from tuitrain.tui.columns import BRAILLE_ROWS, columns, corners, extremes, thickened
from tuitrain.tui.strips import Palette, Span, paragraph, to_strip

Shape = Literal["line", "plan", "thick", "dots", "marks"]

LABEL_WIDTH = 5
"""Cells for the labels of the y axis if none is longer: so the frame mostly stays where it is when limits change."""

_GLYPHS: dict[Shape, str] = {"line": "⠒⠒", "plan": "⠒⠒", "thick": "⠶⠶", "dots": "●", "marks": "×"}
_ASCII_GLYPHS: dict[Shape, str] = {"line": "*", "plan": ".", "thick": "o", "dots": "o", "marks": "x"}
_ASCII_RANGE = ":"
_ASCII_FRAME = str.maketrans("│┤├┼└┴┬─", "|||++++-")
_RUN = re.compile(r"\x1b\[([0-9;]*)m|([^\x1b]+)")
_FOREGROUND = "38;2;"


_SHORT = 5
"""Letters of a name that tell it apart where there is little room: ``train``, ``valid``."""
_GAP = "  "


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
    """A legend row, the curves in a frame of axes; or, instead of them, a ``message`` in quiet words.

    ``note`` is for the frame of the pane around it.
    """

    width: int
    height: int
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    palette: Palette
    message: str = ""
    ascii_only: bool = False
    note: str = ""

    @property
    def glyphs(self) -> dict[Shape, str]:
        return _ASCII_GLYPHS if self.ascii_only else _GLYPHS

    @property
    def label_width(self) -> int:
        return max(LABEL_WIDTH, *(len(tick.label) for tick in self.y.ticks), 0)


def is_loaded() -> bool:
    """Whether plotext is imported."""
    return "plotext" in sys.modules


def load() -> None:
    """Import plotext, which the first drawing would do."""
    import plotext  # noqa: F401


def draw(chart: Chart) -> tuple[Strip, ...]:
    """Exactly ``height`` lines of exactly ``width`` cells."""
    if chart.message:
        return paragraph(chart.message, chart.width, chart.height, chart.palette.quiet)
    rows = chart.height - 1
    if rows < 4 or chart.width < chart.label_width + 8:
        body = paragraph("no room to draw here", chart.width, rows, chart.palette.quiet)
    else:
        body = tuple(to_strip(spans, chart.width) for spans in _parse(_figure(chart, rows), chart))
    return (to_strip(_legend(chart), chart.width), *body)[: chart.height]


def _legend(chart: Chart) -> list[Span]:
    """Which line is which, and the number that each has now: whole, and all in the width of the chart.

    Where they have no room, first the names are shortened, then left out, then the lines without a number, then the
    last ones.
    """
    named = [line for line in chart.lines if line.name]
    valued = [replace(line, name="") for line in named if line.value]
    shorter = [named, [replace(line, name=line.name[:_SHORT]) for line in named]]
    shorter += [valued[:count] for count in range(len(valued), 0, -1)]
    for lines in shorter:
        spans: list[Span] = []
        for line in lines:
            key = f"{chart.glyphs[line.shape]} {line.name}".rstrip()
            spans += [(_GAP if spans else "", ""), (f"{key} " if line.value else key, line.color), (line.value, "")]
        if sum(len(text) for text, _ in spans) <= chart.width:
            return spans
    return []


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
    braille = line.shape in ("line", "plan", "thick") and not chart.ascii_only
    dots, height = cells * 2 if braille else cells, (chart.height - 3) * BRAILLE_ROWS
    points, ranges, axes = (line.x, line.y), (line.low, line.high), (chart.x, chart.y)

    def add(places: Sequence[tuple[float, float]], symbol: str, color: str) -> Any:
        marker = plotext.marker("braille" if braille else symbol, pixel=plotext.pixel(foreground=_rgb(color)))
        return figure.signal([x for x, _ in places], [y for _, y in places], marker=marker)

    if line.low:
        # One cell wide each: dots that are quieter than the curve, and cheap on the way to the terminal.
        spread = columns(points, ranges, axes, dots, every=2 if braille else 1)
        if outer := list(extremes(spread, height)):
            figure.draw(add(outer, _ASCII_RANGE, line.range_color or line.color))
    curve = columns(points, (line.y, line.y), axes, dots)
    if not curve:
        return
    glyph = chart.glyphs[line.shape]
    if line.shape == "thick" and braille:
        figure.draw(add(thickened(curve, dots, height), glyph, line.color))
        return
    is_connected = line.shape in ("line", "plan")
    if is_connected:
        curve = corners(curve, height if braille else height // BRAILLE_ROWS)
    signal = add([(column.x, column.y) for column in curve], glyph, line.color)
    for index, column in enumerate(curve):
        if is_connected and column.joined:
            signal.line(index)
    figure.draw(signal)


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
