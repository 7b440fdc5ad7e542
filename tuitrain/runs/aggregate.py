"""Aggregate: what the values of a quantity amount to, in memory that does not grow with them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tuitrain.runs.bounds import Count


@dataclass
class Aggregate:
    """``count`` values with their sum and extremes, and ``others`` of which only the mean and the extremes are known.

    The others are neither the first nor the last of all. ``finite_low`` and ``finite_high`` are over the finite values.
    """

    count: Count = 0
    first: float = math.nan
    last: float = math.nan
    low: float = math.inf
    high: float = -math.inf
    finite_low: float = math.inf
    finite_high: float = -math.inf
    total: float = 0.0
    has_nan: bool = False
    others: Count = 0
    mean_of_others: float = 0.0

    def add(self, values: Sequence[float]) -> None:
        """Take in the next values."""
        if not values:
            return
        if not self.count:
            self.first = values[0]
        self.count += len(values)
        self.last = values[-1]
        total = sum(values)
        self.total += total
        finite = values if math.isfinite(total) else [one for one in values if math.isfinite(one)]
        self.finite_low = min((self.finite_low, *finite))
        self.finite_high = max((self.finite_high, *finite))
        for value in values if finite is not values else (min(values), max(values)):
            self._extend(value, value)

    def add_others(self, count: int, mean: float, low: float = math.inf, high: float = -math.inf) -> None:
        """Take in ``count`` values at once; without ``low`` and ``high`` they are within those of the rest."""
        if count:
            share = count / (self.others + count)
            self.others += count
            self.mean_of_others = self.mean_of_others * (1 - share) + mean * share
            self.has_nan = self.has_nan or math.isnan(self.mean_of_others)
            self._extend(low, high)

    def chosen(self, when: str, *, higher_is_better: bool) -> float | None:
        """The first, last, min, max, mean or best value; None of no value.

        One that is nan makes min, max and mean nan; the best is a finite one, nan where there is none.
        """
        if not self.count:
            return None
        if when in ("first", "last"):
            return self.first if when == "first" else self.last
        if when == "best":
            best = self.finite_high if higher_is_better else self.finite_low
            return best if math.isfinite(best) else math.nan
        if self.has_nan:
            return math.nan
        mean = (self.total + self.mean_of_others * self.others) / (self.count + self.others)
        return {"min": self.low, "max": self.high, "mean": mean}[when]

    def _extend(self, low: float, high: float) -> None:
        self.has_nan = self.has_nan or math.isnan(low)
        self.low = low if low < self.low else self.low
        self.high = high if high > self.high else self.high
