"""LayerSeries: a statistic of all layers over the steps, in bounded memory."""

import math
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple, TypeVar

from msgspec import Meta

from tuitrain.runs.bounds import MOST_LAYERS, Positive, Step

MOST_VALUES, FEWEST_BUCKETS, MOST_BUCKETS = 4096, 8, 256

B = TypeVar("B")
Row = Annotated[tuple[float | None, ...], Meta(max_length=MOST_LAYERS)]
"""A value for each layer, None where the statistic has no meaning."""


class LayerBucket(NamedTuple):
    """What ``points`` neighbouring observations, of the steps ``first`` to ``last``, amount to.

    Extremes and mean are nan where a value was: it is not to vanish among the others.
    """

    first: Step
    last: Step
    points: Positive
    low: Row
    high: Row
    mean: Row


Buckets = Annotated[tuple[LayerBucket, ...], Meta(max_length=MOST_BUCKETS)]


class LayerSeries:
    """Observations in the order of their steps, in so many buckets that all have some MOST_VALUES values.

    All buckets have the same number of points, only the newest may have fewer. When there are too many, neighbours are
    merged in pairs.
    """

    def __init__(self, buckets: Buckets = ()) -> None:
        self._buckets = list(buckets)

    def extend(self, steps: Sequence[int], rows: Sequence[Row]) -> None:
        """Add the observations of these steps; every row has the same layers."""
        done = 0
        while done < len(rows):
            width = self._make_room(len(rows[done]))
            newest = self._buckets[-1] if self._buckets else None
            room = width if newest is None or newest.points >= width else width - newest.points
            part = slice(done, done + room)
            bucket = _bucket(steps[part], rows[part])
            if newest is None or newest.points >= width:
                self._buckets.append(bucket)
            else:
                self._buckets[-1] = merge(newest, bucket)
            done = part.stop

    def _make_room(self, layers: int) -> int:
        """Have room for one more point; gives how many points a bucket takes."""
        most = min(max(MOST_VALUES // max(layers, 1), FEWEST_BUCKETS), MOST_BUCKETS)
        if len(self._buckets) >= most and self._buckets[-1].points >= self._buckets[0].points:
            self._buckets = halved(self._buckets, merge)
        return self._buckets[0].points if self._buckets else 1

    def truncate(self, step: float) -> None:
        """Forget what begins beyond ``step``; a bucket across it ends there, and keeps its values."""
        kept = [bucket for bucket in self._buckets if bucket.first <= step]
        self._buckets = [bucket._replace(last=min(bucket.last, step)) for bucket in kept]

    def buckets(self) -> Buckets:
        """Oldest first."""
        return tuple(self._buckets)


def halved(buckets: list[B], merge: Callable[[B, B], B]) -> list[B]:
    """Neighbours merged in pairs; a last one without a neighbour stays."""
    pairs = zip(buckets[::2], buckets[1::2], strict=False)
    return [merge(left, right) for left, right in pairs] + buckets[len(buckets) // 2 * 2 :]


def merge(left: LayerBucket, right: LayerBucket) -> LayerBucket:
    """Two neighbouring buckets as one."""
    points = left.points + right.points
    share = right.points / points
    means = _columnwise(lambda pair: pair[0] * (1 - share) + pair[1] * share, (left.mean, right.mean))
    lows, highs = _columnwise(min, (left.low, right.low)), _columnwise(max, (left.high, right.high))
    return LayerBucket(left.first, right.last, points, lows, highs, means)


def _bucket(steps: Sequence[int], rows: Sequence[Row]) -> LayerBucket:
    if len(rows) == 1:
        return LayerBucket(float(steps[0]), float(steps[0]), 1, rows[0], rows[0], rows[0])
    means = _columnwise(lambda column: sum(column) / len(column), rows)
    lows, highs = _columnwise(min, rows), _columnwise(max, rows)
    return LayerBucket(float(steps[0]), float(steps[-1]), len(rows), lows, highs, means)


def _columnwise(figure: Callable[[Sequence[float]], float], rows: Sequence[Row]) -> Row:
    """One figure a layer, of its values; nan where one of them is. A damaged log may have rows of other lengths."""
    return tuple([_of_known(figure, column) for column in zip(*rows, strict=False)])


def _of_known(figure: Callable[[Sequence[float]], float], column: Sequence[float | None]) -> float | None:
    known = [value for value in column if value is not None]
    if len(known) < 2:
        return known[0] if known else None
    return math.nan if math.isnan(sum(known)) and any(map(math.isnan, known)) else figure(known)
