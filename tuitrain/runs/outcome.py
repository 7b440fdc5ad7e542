"""Outcome: what came out of a run, as the quantities that an expectation can name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tuitrain.experiment.expression import Value
from tuitrain.experiment.quantity import FIGURES, STATISTICS, Quantity
from tuitrain.optim.monitor import higher_is_better
from tuitrain.runs import events as e
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.log import EventReader

Values = tuple[float, ...]


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
            return _chosen(quantity, self.figures[quantity.path])
        return _chosen(quantity, _of_layer(quantity.layer, self.statistics[quantity.path]))


def read_outcome(run: RunDirectory) -> Outcome:
    """The outcome of a run that trained in one go, from its log. Raises OSError if that cannot be read."""
    return outcome(_events(run))


def outcome(events: Iterable[e.Event]) -> Outcome:
    """See `read_outcome`. A run that never said how it ended has no status."""
    figures: dict[str, list[float]] = {path: [] for path in FIGURES}
    statistics: dict[str, dict[str, list[float]]] = {path: {} for path in STATISTICS}
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
            case e.RunFinished(status=status, step=step, elapsed=elapsed):
                totals |= {"status": status, "steps": float(step), "seconds": elapsed}
                reason = event.reason
    totals = {"parameters": None, "status": None, "clipped": _clipped(windows), **totals}
    return Outcome(
        reason,
        totals,
        {path: tuple(values) for path, values in figures.items()},
        {path: {name: tuple(row) for name, row in _in_order(rows, names)} for path, rows in statistics.items()},
    )


def _events(run: RunDirectory) -> Iterator[e.Event]:
    reader = EventReader(run.events)
    while not reader.caught_up:
        yield from reader.read()


def _add_figures(figures: dict[str, list[float]], part: str, found: e.Figures | None) -> None:
    for path in FIGURES:
        which, _, name = path.partition(".")
        if which == part and found and (value := getattr(found, name)) is not None:
            figures[path].append(value)


def _add_statistics(
    statistics: dict[str, dict[str, list[float]]], observed: e.LayersObserved, names: Sequence[str]
) -> None:
    for path, rows in statistics.items():
        for name, value in zip(names, getattr(observed, path), strict=False):
            if value is not None:
                rows.setdefault(name, []).append(value)


def _in_order(rows: Mapping[str, list[float]], names: Sequence[str]) -> list[tuple[str, list[float]]]:
    """A layer that was frozen at first had its first value after the layers behind it."""
    return [(name, rows[name]) for name in names if name in rows]


def _clipped(windows: Iterable[e.WindowCompleted]) -> float | None:
    """The share of all steps; None where nothing clips."""
    clipping = [(window.clipped, window.steps) for window in windows if window.clipped is not None]
    steps = sum(count for _, count in clipping)
    return sum(share * count for share, count in clipping) / steps if steps else None


def _of_layer(layer: int | str | None, rows: Mapping[str, Values]) -> Values:
    if isinstance(layer, int):
        every = tuple(rows.values())
        return every[layer] if -len(every) <= layer < len(every) else ()
    return rows.get(layer or "", ())


def _chosen(quantity: Quantity, values: Values) -> float | None:
    """One that is not a number makes the least, the greatest and the mean none; the best is among the finite ones."""
    if not values:
        return None
    match quantity.when:
        case "first":
            return values[0]
        case "last":
            return values[-1]
        case "best":
            choose = max if higher_is_better(quantity.path) else min
            return choose(filter(math.isfinite, values), default=math.nan)
        case _ if any(map(math.isnan, values)):
            return math.nan
        case "min":
            return min(values)
        case "max":
            return max(values)
        case _:
            return sum(values) / len(values)
