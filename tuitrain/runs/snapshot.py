"""Snapshot: an immutable view of a run for whoever shows it. Source: what gives one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from tuitrain.runs import events as e
from tuitrain.runs.bounds import Sentences, Time
from tuitrain.runs.layer_series import Buckets

State = Literal["preparing", "running", "paused", "finished", "stopped", "failed", "diverged", "lost"]
"""``lost``: the trainer is gone and has not said goodbye (killed, or its machine went down)."""

LIVE: tuple[State, ...] = ("preparing", "running", "paused")
"""The states of a run that obeys commands."""


@dataclass(frozen=True)
class Curve:
    """A curve in buckets, oldest first: all six columns have the same length.

    A bucket spans the steps ``first`` to ``last``; ``low`` and ``high`` are the extremes of the finite
    values in it, ``mean`` is weighted by steps, ``final`` its newest value. In a bucket without a
    finite value these four are nan. ``marks`` are the steps at which a value was not finite.
    """

    first: tuple[float, ...] = ()
    last: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    final: tuple[float, ...] = ()
    marks: tuple[tuple[float, Literal["nan", "inf", "-inf"]], ...] = ()


NO_CURVE = Curve()


@dataclass(frozen=True)
class LogLine:
    at: Time
    level: e.Level
    text: Sentences


@dataclass(frozen=True)
class Snapshot:
    """Everything that the panes show of a run; ``version`` grows with every change.

    ``silence`` and ``host`` are those of `Liveness`: for how long the trainer was not heard of, and on which other
    machine it is. ``frozen`` are the names of the layers that are not trained now.
    The training curves run over windows and the validation curves over validations, all by step: ``train.loss``,
    ``validation.accuracy`` and so on, and ``lr``. ``layers`` has the statistics of `LayersObserved` over the steps.
    """

    version: int = 0
    state: State = "preparing"
    started: e.RunStarted | None = None
    step: int = 0
    epoch: float = 0.0
    elapsed: float = 0.0
    curves: Mapping[str, Curve] = field(default_factory=dict)
    layers: Mapping[str, Buckets] = field(default_factory=dict)
    lr_changes: tuple[e.LearningRateChanged, ...] = ()
    window: e.WindowCompleted | None = None
    observed: e.LayersObserved | None = None
    units: e.UnitsObserved | None = None
    frozen: tuple[str, ...] = ()
    last_epoch: e.EpochCompleted | None = None
    last_validation: e.Figures | None = None
    finished: e.RunFinished | None = None
    log: tuple[LogLine, ...] = ()
    skipped: int = 0
    silence: int = 0
    host: str = ""

    def curve(self, name: str) -> Curve:
        """The curve of that name, without a point where the run has none."""
        return self.curves.get(name, NO_CURVE)


class Source(Protocol):
    """A run, whatever its events are read from; `Follower` reads them from the run's directory as they come."""

    def poll(self) -> Snapshot:
        """The run as it is now; the same object until it changes. Raises OSError if it cannot be read."""
        ...
