"""Columns of dots: what a curve of any length amounts to on a canvas of a few dots."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from tuitrain.tui.axes import Axis

BRAILLE_ROWS = 4
"""Dots above each other in a cell of braille."""


class DotColumn(NamedTuple):
    """What a curve does within one column of dots, in shares of the axes from 0 to 1.

    ``y`` is the mean, ``low`` and ``high`` are the extremes; ``joined`` says whether a line leads here from the column
    before.
    """

    x: float
    y: float
    low: float
    high: float
    joined: bool


def columns(
    points: tuple[Sequence[float], Sequence[float]],
    ranges: tuple[Sequence[float], Sequence[float]],
    axes: tuple[Axis, Axis],
    count: int,
    every: int = 1,
) -> list[DotColumn]:
    """The points (x, y) and their ranges (low, high) by ``count`` columns, or ``every`` so many of them.

    A y that is not finite, or a point beyond the x axis, is left out and interrupts the curve. The mean is that of the
    shares: on a logarithmic axis, of the logarithms.
    """
    (xs, ys), (lows, highs), (x_axis, y_axis) = points, ranges, axes
    inside = [
        index
        for index, (x, y) in enumerate(zip(xs, ys, strict=True))
        if x_axis.low <= x <= x_axis.high and math.isfinite(y)
    ]
    last = max(count - 1, 1)
    slots = [round(share * last) // every for share in x_axis.shares([xs[index] for index in inside])]
    shares = y_axis.shares([ys[index] for index in inside])
    result: list[DotColumn] = []
    before = -1
    for slot, group in groupby(zip(slots, inside, shares, strict=True), itemgetter(0)):
        _, members, heights = zip(*group, strict=True)
        extremes = min(map(lows.__getitem__, members)), max(map(highs.__getitem__, members))
        low, high = y_axis.shares(extremes)
        joined = before >= 0 and before + 1 == members[0]
        result.append(DotColumn(slot * every / last, sum(heights) / len(heights), low, high, joined))
        before = members[-1]
    return result


def corners(curve: Sequence[DotColumn], height: int) -> list[DotColumn]:
    """The columns on their rows of dots; of dots beside each other in one row, only the two ends of the line."""
    last = height - 1
    rows = [round(column.y * last) for column in curve]
    level = [
        curve[index].joined and curve[index + 1].joined and rows[index - 1] == rows[index] == rows[index + 1]
        for index in range(1, len(curve) - 1)
    ]
    inner = [False, *level, False]
    return [
        column._replace(y=row / last)
        for column, row, is_inner in zip(curve, rows, inner[: len(curve)], strict=True)
        if not is_inner
    ]


def thickened(curve: Iterable[DotColumn], width: int, height: int) -> list[tuple[float, float]]:
    """Each point as a square of 2×2 of the ``width`` × ``height`` dots, seen even where it is alone.

    At the edges the square grows inwards. A dot is there once: squares of neighbours overlap.
    """
    right, top = max(width - 1, 1), height - 1
    dots = {
        (min(round(column.x * right), right - 1) + dx, min(round(column.y * top), top - 1) + dy)
        for column in curve
        for dx in (0, 1)
        for dy in (0, 1)
    }
    return [(x / right, y / top) for x, y in sorted(dots)]


def extremes(curve: Iterable[DotColumn], height: int) -> Iterator[tuple[float, float]]:
    """The extremes below and above a curve, where they are outside its own cell, because a cell has one colour."""
    last = height - 1
    for column in curve:
        low, y, high = (round(share * last) for share in (column.low, column.y, column.high))
        for extreme in (low, high):
            if extreme // BRAILLE_ROWS != y // BRAILLE_ROWS:
                yield column.x, extreme / last
