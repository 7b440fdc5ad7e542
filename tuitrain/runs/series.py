"""Series: one curve in bounded memory that never loses a spike or a value that was not finite."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, Literal, NamedTuple, Self

from msgspec import Meta

from tuitrain.runs.bounds import MOST, Positive, Step
from tuitrain.runs.layer_series import halved
from tuitrain.runs.snapshot import Curve
from tuitrain.runs.values import from_plain, to_plain

CAPACITY = 1024

Kind = Literal["nan", "inf", "-inf"]
Mark = tuple[Step, Kind]


class Bucket(NamedTuple):
    """What ``points`` neighbouring points amount to; see `Curve`. ``steps`` is the weight behind ``mean``.

    ``low``, ``high``, ``mean`` and ``final`` are each over the finite values, nan where there is none.
    """

    first: Step
    last: Step
    low: float
    high: float
    mean: float
    final: float
    steps: Annotated[float, Meta(ge=0, le=4 * MOST)]
    points: Positive
    marks: Annotated[tuple[Mark, ...], Meta(max_length=6)]


class Series:
    """Points appended in the order of their steps, in at most ``capacity`` buckets.

    Every bucket has the same number of points (only the newest may have fewer). When all are full,
    neighbours are merged in pairs and that number doubles. Per bucket and kind, the first and the last
    step with a value that is not finite are kept, so the outermost ones are never lost.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, got {capacity}")
        self._capacity = capacity
        self._width = 1
        self._buckets: list[Bucket] = []
        self._curve: Curve | None = None

    def append(self, first_step: float, last_step: float, low: float, high: float, mean: float, final: float) -> None:
        """Add a point that sums up the steps ``first_step`` to ``last_step``."""
        self._curve = None
        point = _bucket(first_step, last_step, low, high, mean, final)
        if len(self._buckets) == self._capacity and self._buckets[-1].points == self._width:
            self._buckets = halved(self._buckets, merge)
            self._width *= 2
        if self._buckets and self._buckets[-1].points < self._width:
            self._buckets[-1] = merge(self._buckets[-1], point)
        else:
            self._buckets.append(point)

    def append_value(self, step: float, value: float) -> None:
        """Add the value of one step."""
        self.append(step, step, value, value, value, value)

    def truncate(self, step: float) -> None:
        """Forget what begins beyond ``step``. A bucket across it ends there, and keeps its values."""
        self._curve = None
        self._buckets = [bucket for bucket in self._buckets if bucket.first <= step]
        if self._buckets and self._buckets[-1].last > step:
            across = self._buckets[-1]
            marks = tuple(mark for mark in across.marks if mark[0] <= step)
            self._buckets[-1] = across._replace(last=float(step), marks=marks)

    def curve(self) -> Curve:
        """The curve so far: the same object until it changes."""
        if self._curve is None:
            columns = zip(*self._buckets, strict=True) if self._buckets else ((),) * len(Bucket._fields)
            first, last, low, high, mean, final, _, _, marks = columns
            self._curve = Curve(first, last, low, high, mean, final, tuple(chain.from_iterable(marks)))
        return self._curve

    def to_json(self) -> Any:
        return to_plain(_Document, _Document(self._capacity, self._width, tuple(self._buckets)))

    @classmethod
    def from_json(cls, document: object) -> Self:
        """Raises ValueError if it is not what `to_json` gave."""
        read = from_plain(_Document, document)
        if len(read.buckets) > read.capacity or any(bucket.points > read.width for bucket in read.buckets):
            raise ValueError("buckets: must be no more than capacity, none of more than width points")
        series = cls(read.capacity)
        series._width = read.width
        series._buckets = list(read.buckets)
        return series


@dataclass(frozen=True)
class _Document:
    capacity: Annotated[int, Meta(ge=1, le=CAPACITY)]
    width: Positive
    buckets: Annotated[tuple[Bucket, ...], Meta(max_length=CAPACITY)]


def merge(left: Bucket, right: Bucket) -> Bucket:
    """Two neighbouring buckets as one."""
    steps = left.steps + right.steps
    if left.steps and right.steps:
        share = right.steps / steps
        mean = left.mean * (1 - share) + right.mean * share  # so formed, it cannot overflow
    else:
        mean = left.mean if left.steps else right.mean
    first, last, points = left.first, right.last, left.points + right.points
    if not (left.marks or right.marks):
        low, high = min(left.low, right.low), max(left.high, right.high)
        return Bucket(first, last, low, high, mean, right.final, steps, points, ())
    return Bucket(
        first,
        last,
        _finite(min, left.low, right.low),
        _finite(max, left.high, right.high),
        mean,
        left.final if math.isnan(right.final) else right.final,
        steps,
        points,
        _outermost(left.marks + right.marks),
    )


def _bucket(first: float, last: float, low: float, high: float, mean: float, final: float) -> Bucket:
    first, last = float(first), float(last)
    if math.isfinite(low + high + mean + final):  # as nearly always; a sum that overflows is looked at more closely
        low, high = min(low, high, final), max(low, high, final)
        return Bucket(first, last, low, high, mean, final, last - first + 1.0, 1, ())
    return Bucket(
        first,
        last,
        _finite(min, low, high, final),
        _finite(max, low, high, final),
        _finite(max, mean),
        _finite(max, final),
        last - first + 1.0 if math.isfinite(mean) else 0.0,
        1,
        tuple((last, kind) for kind in _kinds(low, high, mean, final)),
    )


def _kinds(*values: float) -> tuple[Kind, ...]:
    found = {str(value) for value in values}
    every: tuple[Kind, ...] = ("nan", "inf", "-inf")
    return tuple(kind for kind in every if kind in found)


def _finite(choose: Callable[[list[float]], float], *values: float) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return float(choose(finite)) if finite else math.nan


def _outermost(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """The first and the last mark of each kind."""
    last = {kind: (step, kind) for step, kind in marks}
    first = {kind: (step, kind) for step, kind in reversed(marks)}
    return tuple(mark for mark in dict.fromkeys(marks) if mark in (first[mark[1]], last[mark[1]]))
