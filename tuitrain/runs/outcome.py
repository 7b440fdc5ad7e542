"""Outcome: what came out of a run, as the quantities that an expectation can name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from tuitrain.metrics import STATISTICS, Pass, compared, higher_is_better
from tuitrain.runs import events as e
from tuitrain.runs.bounds import MOST_LAYERS, Count
from tuitrain.runs.layer_series import Row
from tuitrain.runs.snapshot import Snapshot


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


if TYPE_CHECKING:
    from tuitrain.experiment.expression import Quantity, Value

_Rows = Annotated[dict[str, Aggregate], Meta(max_length=MOST_LAYERS)]


@dataclass
class Aggregates:
    """``figures`` has those of a path over the epochs and validations, ``statistics`` of a path and layer.

    ``clipped`` is over the steps. What a run trained beyond a checkpoint that it went on from is in them.
    """

    figures: _Rows = field(default_factory=dict)
    statistics: Annotated[dict[str, _Rows], Meta(max_length=len(STATISTICS))] = field(default_factory=dict)
    clipped: Aggregate = field(default_factory=Aggregate)

    def fold(self, event: e.Event, started: e.RunStarted | None) -> None:
        """Take in the next event, unless it is an observation; ``started`` says which layers there are."""
        match event:
            case e.WindowCompleted(clipped=share, steps=steps) if share is not None:
                self.clipped.add_others(steps, share)
            case e.EpochCompleted(train=train, validation=validation):
                self._add_figures("train", train)
                self._add_figures("validation", validation or {})
            case e.ValidationCompleted(figures=validation):
                self._add_figures("validation", validation)
            case e.FiguresLeftOut():
                for path, mean in compared("train", event.train or {}).items():
                    _of(self.figures, path).add_others(event.epochs, mean)
                for path, mean in compared("validation", event.validation or {}).items():
                    _of(self.figures, path).add_others(event.validations, mean)
            case e.LayersLeftOut() if started:
                self._add_layers_left_out(event, started)

    def add_observations(self, path: str, rows: Sequence[Row], started: e.RunStarted) -> None:
        """Take in a statistic of several observations."""
        aggregates = self.statistics.setdefault(path, {})
        for layer, column in zip(started.layers, zip(*rows, strict=False), strict=False):
            if known := [value for value in column if value is not None]:
                _of(aggregates, layer.name).add(known)

    def _add_figures(self, part: Pass, figures: e.Figures) -> None:
        for path, value in compared(part, figures).items():
            _of(self.figures, path).add((value,))

    def _add_layers_left_out(self, left: e.LayersLeftOut, started: e.RunStarted) -> None:
        for path, *columns in zip(left.statistics, left.counts, left.means, left.lows, left.highs, strict=False):
            if path not in STATISTICS:
                continue
            rows = self.statistics.setdefault(path, {})
            for layer, count, mean, low, high in zip(started.layers, *columns, strict=False):
                if mean is not None:  # where all are nan there are no extremes
                    extremes = (math.inf if low is None else low, -math.inf if high is None else high)
                    _of(rows, layer.name).add_others(count, mean, *extremes)


@dataclass(frozen=True)
class Outcome:
    """Only layers that ever had a value for a statistic are in ``statistics``, in the order of the network."""

    reason: str
    totals: Mapping[str, Value]
    figures: Mapping[str, Aggregate]
    statistics: Mapping[str, Mapping[str, Aggregate]]

    def value(self, quantity: Quantity) -> Value:
        """None where the run has no such value."""
        path = quantity.path
        if path in self.totals:
            return self.totals[path]
        if path in self.figures:
            return self.figures[path].chosen(quantity.when, higher_is_better=higher_is_better(path))
        found = _layer(quantity.layer, self.statistics.get(path, {}))
        return found.chosen(quantity.when, higher_is_better=False) if found else None


def outcome_of(aggregates: Aggregates, run: Snapshot) -> Outcome:
    """See `History.outcome`. A run that never said how it ended has no status."""
    started, finished = run.started, run.finished
    totals: dict[str, Value] = {
        "epochs": float(run.last_epoch.epoch) if run.last_epoch else 0.0,
        "steps": float(finished.step) if finished else 0.0,
        "seconds": finished.elapsed if finished else 0.0,
        "parameters": float(started.parameters) if started else None,
        "clipped": aggregates.clipped.mean_of_others if aggregates.clipped.others else None,
        "status": finished.status if finished else None,
    }
    names = [layer.name for layer in started.layers] if started else []
    statistics = {path: dict(_in_order(rows, names)) for path, rows in aggregates.statistics.items()}
    return Outcome(finished.reason if finished else "ended without a word", totals, aggregates.figures, statistics)


def _of(aggregates: dict[str, Aggregate], name: str) -> Aggregate:
    """That of the name; of a log with more names than there are, one that is not kept."""
    if name not in aggregates and len(aggregates) < MOST_LAYERS:
        aggregates[name] = Aggregate()
    return aggregates.get(name) or Aggregate()


def _in_order(rows: Mapping[str, Aggregate], names: list[str]) -> Iterator[tuple[str, Aggregate]]:
    """A layer that was frozen at first had its first value after the layers behind it."""
    return ((name, rows[name]) for name in names if name in rows)


def _layer(layer: int | str | None, rows: Mapping[str, Aggregate]) -> Aggregate | None:
    if isinstance(layer, int):
        every = tuple(rows.values())
        return every[layer] if -len(every) <= layer < len(every) else None
    return rows.get(layer or "")
