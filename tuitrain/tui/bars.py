"""Horizontal bars on a logarithmic axis, one row each."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual.strip import Strip

from tuitrain.tui.axes import Axis
from tuitrain.tui.fitting import one_line, shortened_name
from tuitrain.tui.strips import Palette, Span, to_strip

_EIGHTHS = " ▏▎▍▌▋▊▉"
_NUMBER_WIDTH = 8


@dataclass(frozen=True)
class Bar:
    """``value`` is None where there is nothing to show but ``why``, and may be nan or infinite."""

    name: str
    value: float | None
    why: str = ""


@dataclass(frozen=True)
class BarChart:
    """The rows of ``bars``, and below them a row with the decades of ``axis``."""

    width: int
    height: int
    axis: Axis
    bars: tuple[Bar, ...]
    palette: Palette
    ascii_only: bool = False


def draw(chart: BarChart) -> tuple[Strip, ...]:
    """Exactly ``height`` lines of exactly ``width`` cells: name, bar, number."""
    longest = max((cell_len(one_line(bar.name)) for bar in chart.bars), default=0)
    name_width = min(longest, max(chart.width // 3, 4))
    bar_width = max(chart.width - name_width - _NUMBER_WIDTH - 2, 1)
    rows = [to_strip(_row(bar, chart, name_width, bar_width), chart.width) for bar in chart.bars[: chart.height - 1]]
    rows += [to_strip([], chart.width)] * (chart.height - 1 - len(rows))
    return (*rows, to_strip(_decades(chart, name_width + 1, bar_width), chart.width))[: chart.height]


def bar_text(share: float, width: int, ascii_only: bool = False) -> str:
    """A bar over ``share`` of ``width`` cells, to an eighth of a cell; never empty, so that it can be seen."""
    if ascii_only:
        return ("#" * max(round(share * width), 1)).ljust(width)
    full, eighths = divmod(max(round(share * width * 8), 1), 8)
    return ("█" * full + _EIGHTHS[eighths]).ljust(width)[:width]


def _row(bar: Bar, chart: BarChart, name_width: int, bar_width: int) -> Iterator[Span]:
    name = shortened_name(bar.name, name_width, "~" if chart.ascii_only else "…")
    yield set_cell_size(name, name_width) + " ", ""
    value = bar.value
    if value is None:
        why = bar.why or ("-" if chart.ascii_only else "—")
        yield " " * bar_width + why.rjust(_NUMBER_WIDTH + 1), chart.palette.quiet
    elif not math.isfinite(value):
        yield ("x" if chart.ascii_only else "×").rjust(bar_width) + f" {value:>{_NUMBER_WIDTH}}", chart.palette.alarm
    else:
        text = bar_text(chart.axis.share(value), bar_width, chart.ascii_only) if value > 0 else " " * bar_width
        yield text, chart.palette.train
        yield f" {value:>{_NUMBER_WIDTH}.1e}" if value else " 0".rjust(_NUMBER_WIDTH + 1), ""


def _decades(chart: BarChart, left: int, bar_width: int) -> Iterator[Span]:
    """Each label stands right of the stroke at its value; one that has no room is left out."""
    stroke, text = "|" if chart.ascii_only else "╵", ""
    for tick in chart.axis.ticks:
        at = left + min(round(chart.axis.share(tick.at) * bar_width), bar_width - 1)
        if at >= len(text) + (text != ""):
            text = text.ljust(at) + stroke + tick.label
    yield text, chart.palette.quiet
