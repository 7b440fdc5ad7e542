"""Sums of what the log leaves out, so that a mean, the least and the greatest of everything can still be had."""

import math
from dataclasses import dataclass, field

from tuitrain.metrics import STATISTICS
from tuitrain.runs import events as e


class FiguresLeft:
    """Of epochs and validations."""

    def __init__(self) -> None:
        self._step, self._train, self._validation = 0, _FiguresSum(), _FiguresSum()

    def add(self, event: e.Event) -> None:
        """Take in an event that is left out; of other kinds there is nothing to add up."""
        match event:
            case e.EpochCompleted(step=step, train=train, validation=validation):
                self._train.add(train)
            case e.ValidationCompleted(step=step, figures=validation):
                pass
            case _:
                return
        self._step = step
        if validation is not None:
            self._validation.add(validation)

    def drain(self) -> list[e.Event]:
        """What was added since the last time, as an event; none if nothing was."""
        step, train, validation = self._step, self._train, self._validation
        self._step, self._train, self._validation = 0, _FiguresSum(), _FiguresSum()
        if not train.count and not validation.count:
            return []
        return [
            e.FiguresLeftOut(
                step=step,
                epochs=train.count,
                validations=validation.count,
                train=train.mean(),
                validation=validation.mean(),
            )
        ]


class LayersLeft:
    """Of observations."""

    def __init__(self) -> None:
        self._step = 0
        self._ranges: dict[str, list[_Range]] = {}

    def add(self, event: e.Event) -> None:
        """Take in an event that is left out; of other kinds there is nothing to add up."""
        if not isinstance(event, e.LayersObserved):
            return
        self._step = event.step
        for name in STATISTICS:
            values = getattr(event, name)
            ranges = self._ranges.setdefault(name, [_Range() for _ in values])
            for one, value in zip(ranges, values, strict=True):
                if value is not None:
                    one.add(value)

    def drain(self) -> list[e.Event]:
        """What was added since the last time, as an event; none if nothing was."""
        step, ranges = self._step, self._ranges
        self._step, self._ranges = 0, {}
        if not ranges:
            return []
        rows = list(ranges.values())
        return [
            e.LayersLeftOut(
                step=step,
                statistics=tuple(ranges),
                counts=tuple(tuple(one.count for one in row) for row in rows),
                means=tuple(tuple(one.total / one.count if one.count else None for one in row) for row in rows),
                lows=tuple(tuple(_known(one.low) for one in row) for row in rows),
                highs=tuple(tuple(_known(one.high) for one in row) for row in rows),
            )
        ]


@dataclass
class _FiguresSum:
    count: int = 0
    sums: dict[str, float] = field(default_factory=dict)

    def add(self, figures: e.Figures) -> None:
        self.count += 1
        for name, value in figures.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def mean(self) -> e.Figures | None:
        return {name: one / self.count for name, one in self.sums.items()} if self.count else None


@dataclass
class _Range:
    """Of the values of a statistic of one layer. One that is no number makes ``total`` none; extremes do without."""

    count: int = 0
    total: float = 0.0
    low: float = math.nan
    high: float = math.nan

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        if not value >= self.low:
            self.low = value if not math.isnan(value) else self.low
        if not value <= self.high:
            self.high = value if not math.isnan(value) else self.high


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
