"""Outcome: what came out of a run, as the quantities that an expectation can name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tuitrain.experiment.expression import Value
from tuitrain.experiment.quantity import FIGURES, STATISTICS, Quantity
from tuitrain.metrics import Pass, compared, higher_is_better
from tuitrain.runs import events as e
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.log import EventReader


@dataclass
class Values:
    """The values of a quantity in their order: ``each`` that is in the log, and what is known of the others.

    Of ``others`` there are so many, with their mean and extremes; the log has all first and last values.
    """

    each: list[float] = field(default_factory=list)
    others: int = 0
    mean: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    def add_others(self, count: int, mean: float, low: float | None = None, high: float | None = None) -> None:
        if not count:
            return
        share = count / (self.others + count)
        self.others += count
        self.mean = self.mean * (1 - share) + mean * share
        self.low = self.low if low is None else min(self.low, low)
        self.high = self.high if high is None else max(self.high, high)

    def chosen(self, quantity: Quantity) -> float | None:
        """One that is not a number makes the least, the greatest and the mean none; the best is a finite one."""
        each = self.each
        if not each:
            return None
        match quantity.when:
            case "first":
                return each[0]
            case "last":
                return each[-1]
            case "best":
                choose = max if higher_is_better(quantity.path) else min
                return choose(filter(math.isfinite, each), default=math.nan)
            case _ if any(map(math.isnan, (*each, self.mean))):
                return math.nan
            case "min":
                return min(*each, self.low)
            case "max":
                return max(*each, self.high)
            case _:
                return (sum(each) + self.mean * self.others) / (len(each) + self.others)


@dataclass(frozen=True)
class Outcome:
    """``figures`` has the values of a path over the epochs, ``statistics`` those of a path and layer over observations.

    Only layers that ever had a value for a statistic are in it, in the order of the network.
    """

    reason: str
    totals: Mapping[str, Value]
    figures: Mapping[str, Values]
    statistics: Mapping[str, Mapping[str, Values]]

    def value(self, quantity: Quantity) -> Value:
        """None where the run has no such value."""
        if quantity.path in self.totals:
            return self.totals[quantity.path]
        if quantity.path in self.figures:
            return self.figures[quantity.path].chosen(quantity)
        return _of_layer(quantity.layer, self.statistics[quantity.path]).chosen(quantity)


def read_outcome(run: RunDirectory) -> Outcome:
    """The outcome of a run that trained in one go, from its log. Raises OSError if that cannot be read."""
    return outcome(_events(run))


def outcome(events: Iterable[e.Event]) -> Outcome:
    """See `read_outcome`. A run that never said how it ended has no status."""
    figures = {path: Values() for path in FIGURES}
    statistics: dict[str, dict[str, Values]] = {path: {} for path in STATISTICS}
    totals: dict[str, Value] = {"epochs": 0.0, "steps": 0.0, "seconds": 0.0}
    windows: list[e.WindowCompleted] = []
    names: list[str] = []
    reason = "ended without a word"
    for event in events:
        match event:
            case e.RunStarted(layers=layers, parameters=parameters):
                names = [layer.name for layer in layers]
                totals["parameters"] = float(parameters)
            case e.WindowCompleted():
                windows.append(event)
            case e.LayersObserved():
                _add_statistics(statistics, event, names)
            case e.EpochCompleted(epoch=epoch, train=train, validation=validation):
                _add_figures(figures, "train", train)
                _add_figures(figures, "validation", validation)
                totals["epochs"] = float(epoch)
            case e.ValidationCompleted(figures=validation):
                _add_figures(figures, "validation", validation)
            case e.FiguresLeftOut():
                _add_others(figures, "train", event.epochs, event.train)
                _add_others(figures, "validation", event.validations, event.validation)
            case e.LayersLeftOut():
                _add_other_statistics(statistics, event, names)
            case e.RunFinished(status=status, step=step, elapsed=elapsed):
                totals |= {"status": status, "steps": float(step), "seconds": elapsed}
                reason = event.reason
    totals = {"parameters": None, "status": None, "clipped": _clipped(windows), **totals}
    return Outcome(
        reason,
        totals,
        figures,
        {path: _in_order(rows, names) for path, rows in statistics.items()},
    )


def _events(run: RunDirectory) -> Iterator[e.Event]:
    reader = EventReader(run.events)
    while not reader.caught_up:
        yield from reader.read()


def _add_figures(values: Mapping[str, Values], part: Pass, found: e.Figures | None) -> None:
    for path, value in compared(part, found or {}).items():
        if path in values:
            values[path].each.append(value)


def _add_others(values: Mapping[str, Values], part: Pass, count: int, means: e.Figures | None) -> None:
    for path, mean in compared(part, means or {}).items():
        if path in values:
            values[path].add_others(count, mean)


def _add_statistics(
    statistics: Mapping[str, dict[str, Values]], observed: e.LayersObserved, names: Sequence[str]
) -> None:
    for path, rows in statistics.items():
        for name, value in zip(names, getattr(observed, path), strict=False):
            if value is not None:
                rows.setdefault(name, Values()).each.append(value)


def _add_other_statistics(
    statistics: Mapping[str, dict[str, Values]], left: e.LayersLeftOut, names: Sequence[str]
) -> None:
    for path, *columns in zip(left.statistics, left.counts, left.means, left.lows, left.highs, strict=False):
        for name, count, mean, low, high in zip(names, *columns, strict=False):
            if path in statistics and mean is not None:
                statistics[path].setdefault(name, Values()).add_others(count, mean, low, high)


def _in_order(rows: Mapping[str, Values], names: Sequence[str]) -> dict[str, Values]:
    """A layer that was frozen at first had its first value after the layers behind it."""
    return {name: rows[name] for name in names if name in rows}


def _clipped(windows: Iterable[e.WindowCompleted]) -> float | None:
    """The share of all steps; None where nothing clips."""
    clipping = [(window.clipped, window.steps) for window in windows if window.clipped is not None]
    steps = sum(count for _, count in clipping)
    return sum(share * count for share, count in clipping) / steps if steps else None


def _of_layer(layer: int | str | None, rows: Mapping[str, Values]) -> Values:
    if isinstance(layer, int):
        every = tuple(rows.values())
        return every[layer] if -len(every) <= layer < len(every) else Values()
    return rows.get(layer or "", Values())
