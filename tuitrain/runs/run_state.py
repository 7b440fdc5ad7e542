"""RunState: what is known of a run beside its curves, as one event after the other tells it."""

from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from msgspec import Meta

from tuitrain.runs import events as e
from tuitrain.runs.bounds import Count, Duration, Epochs
from tuitrain.runs.sentences import log_line
from tuitrain.runs.snapshot import LogLine, State

KEPT = 500
"""Log lines, epochs and changes of the learning rate that are remembered: the latest."""

T = TypeVar("T")
Latest = Annotated[list[T], Meta(max_length=2 * KEPT)]


@dataclass
class RunState:
    """The fields are those of `Snapshot`, which has the last of some.

    It changes in place, and of lists twice as much as is remembered is kept before the older half goes: a long log has
    a million events, and a copy for each would take most of the time of reading it.
    """

    version: Count = 0
    state: State = "preparing"
    started: e.RunStarted | None = None
    step: Count = 0
    epoch: Epochs = 0.0
    elapsed: Duration = 0.0
    lr_changes: Latest[e.LearningRateChanged] = field(default_factory=list)
    window: e.WindowCompleted | None = None
    observed: e.LayersObserved | None = None
    units: e.UnitsObserved | None = None
    frozen: e.LayerNames = ()
    epochs: Latest[e.EpochCompleted] = field(default_factory=list)
    validated: e.ValidationCompleted | None = None
    finished: e.RunFinished | None = None
    log: Latest[LogLine] = field(default_factory=list)
    skipped: Count = 0

    def fold(self, event: e.Event) -> bool:
        """Take in the next event; whether it tells anything new."""
        match event:
            case e.CommandAccepted():
                return False
            case e.Heartbeat(step=step) if step <= self.step:
                return False
            case e.RunContinued():
                self._rewind(event)
            case _:
                self._apply(event)
                self.elapsed = max(self.elapsed, event.elapsed)
        if line := log_line(event):
            _remember(self.log, line)
        self.version += 1
        return True

    def _apply(self, event: e.Event) -> None:
        match event:
            case e.WindowCompleted(step=step, epoch=epoch):
                self.window = event
                self._reach(step, epoch)
            case e.LayersObserved():
                self.observed = event
            case e.EpochCompleted(step=step, epoch=number, validation=figures):
                _remember(self.epochs, event)
                if figures:
                    self.validated = e.ValidationCompleted(step=step, epoch=float(number), figures=figures)
                self._reach(step, float(number))
            case e.ValidationCompleted(step=step, epoch=epoch):
                self.validated = event
                self._reach(step, epoch)
            case e.Heartbeat(step=step):
                self.step = step
            case e.UnitsObserved():
                self.units = event
            case e.LearningRateChanged():
                _remember(self.lr_changes, event)
            case e.LayersFrozen(layers=layers):
                self.frozen = layers
            case e.LayersUnfrozen(layers=layers):
                self.frozen = tuple(name for name in self.frozen if name not in layers)
            case e.RunStarted():
                self.state, self.started = "running", event
            case e.RunPaused(step=step):
                self.state = "paused"
                self._reach(step)
            case e.RunResumed(step=step):
                self.state = "running"
                self._reach(step)
            case e.RunFinished(step=step, status=status):
                self.state, self.finished = status, event
                self._reach(step)

    def _reach(self, step: int, epoch: float = 0.0) -> None:
        """Note how far the run is: epochs may have waited while a window behind them was written."""
        self.step = max(self.step, step)
        self.epoch = max(self.epoch, epoch)

    def _rewind(self, event: e.RunContinued) -> None:
        """Go on from a checkpoint: what was beyond it did not happen; the log still tells of it.

        What is frozen from there on is said anew.
        """
        step = event.from_step
        self.state, self.step, self.elapsed = "running", step, event.elapsed
        self.epoch = step / self.started.steps_per_epoch if self.started else 0.0
        self.frozen, self.finished = (), None
        self.lr_changes = [change for change in self.lr_changes if change.step <= step]
        self.epochs = [epoch for epoch in self.epochs if epoch.step <= step]
        self.window = self.window if self.window and self.window.step <= step else None
        self.observed = self.observed if self.observed and self.observed.step <= step else None
        self.units = self.units if self.units and self.units.step <= step else None
        self.validated = self.validated if self.validated and self.validated.step <= step else None


def latest(values: list[T]) -> tuple[T, ...]:
    """Those that are remembered."""
    return tuple(values[-KEPT:])


def _remember(values: list[T], value: T) -> None:
    if len(values) >= 2 * KEPT:
        del values[:KEPT]
    values.append(value)
