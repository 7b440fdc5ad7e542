"""History: the events of a run, folded into bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

from msgspec import Meta

from tuitrain.metrics import MOST_METRICS, compared
from tuitrain.runs import events as e
from tuitrain.runs.bounds import Count, Duration, Epochs
from tuitrain.runs.liveness import Liveness
from tuitrain.runs.sentences import log_line
from tuitrain.runs.series import Series
from tuitrain.runs.snapshot import LogLine, Snapshot, State
from tuitrain.runs.values import from_plain, to_plain

KEPT = 500
"""Log lines, epochs and changes of the learning rate that are remembered: the latest."""

_FORMAT = 3
_MOST_CURVES = 2 * MOST_METRICS + 1

T = TypeVar("T")
Latest = Annotated[tuple[T, ...], Meta(max_length=KEPT)]


@dataclass(frozen=True)
class RunState:
    """What is known of a run beside its curves; the fields are those of `Snapshot`, which has the last of some."""

    version: Count = 0
    state: State = "preparing"
    started: e.RunStarted | None = None
    step: Count = 0
    epoch: Epochs = 0.0
    elapsed: Duration = 0.0
    lr_changes: Latest[e.LearningRateChanged] = ()
    window: e.WindowCompleted | None = None
    observed: e.LayersObserved | None = None
    units: e.UnitsObserved | None = None
    frozen: e.LayerNames = ()
    epochs: Latest[e.EpochCompleted] = ()
    validated: e.ValidationCompleted | None = None
    finished: e.RunFinished | None = None
    log: Latest[LogLine] = ()
    skipped: Count = 0


class History:
    """Folds the events of a log, in their order, and shows them as a `Snapshot`.

    Fold what was read from the log, not what was sent to it: only then are all viewers' histories
    equal to the last digit, and `from_json` of `to_json` is this History.
    """

    def __init__(self) -> None:
        self._state = RunState()
        self._curves: dict[str, Series] = {}
        self._liveness = Liveness()
        self._snapshot: Snapshot | None = None

    @property
    def is_open(self) -> bool:
        """Whether a trainer should be alive: the run has not said that it ended."""
        return self._state.finished is None

    def fold(self, event: e.Event) -> None:
        """Take in the next event."""
        state = advance(self._state, event)
        if state is not self._state:
            self._change(state)
        _draw(self._curves, event)

    def note(self, liveness: Liveness, skipped: int) -> None:
        """Take in what no event says: how the trainer is, and how many lines could not be read."""
        if liveness != self._liveness or skipped != self._state.skipped:
            self._liveness = liveness
            self._change(replace(self._state, skipped=skipped))

    def snapshot(self) -> Snapshot:
        """The run as it is now: the same object until it changes."""
        if self._snapshot is None:
            known: dict[str, Any] = dict(vars(self._state))
            epochs, validated = known.pop("epochs"), known.pop("validated")
            if self.is_open:
                known |= {"silence": self._liveness.silence, "host": self._liveness.host}
                if self._liveness.lost:
                    known["state"] = "lost"
            self._snapshot = Snapshot(
                **known,
                curves={name: series.curve() for name, series in self._curves.items()},
                last_epoch=epochs[-1] if epochs else None,
                last_validation=validated.figures if validated else None,
            )
        return self._snapshot

    def to_json(self) -> dict[str, Any]:
        curves = {name: series.to_json() for name, series in self._curves.items()}
        return {"format": _FORMAT, "state": to_plain(RunState, self._state), "curves": curves}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> History:
        """Raises ValueError if it is not what `to_json` of this version of tuitrain gave."""
        curves = document.get("curves")
        if document.get("format") != _FORMAT or not isinstance(curves, dict) or len(curves) > _MOST_CURVES:
            raise ValueError("not a history of this version of tuitrain")
        history = cls()
        history._state = from_plain(RunState, document.get("state"))
        history._curves = {name: Series.from_json(series) for name, series in curves.items()}
        return history

    def _change(self, state: RunState) -> None:
        self._state = replace(state, version=self._state.version + 1)
        self._snapshot = None


def advance(run: RunState, event: e.Event) -> RunState:
    """The state of the run after ``event``; the same object if it tells nothing new."""
    match event:
        case e.CommandAccepted():
            return run
        case e.Heartbeat(step=step) if step <= run.step:
            return run
        case e.RunContinued():
            run = _rewind(run, event)
        case _:
            run = replace(_apply(run, event), elapsed=max(run.elapsed, event.elapsed))
    line = log_line(event)
    return run if line is None else replace(run, log=_latest(run.log, line))


def _apply(run: RunState, event: e.Event) -> RunState:
    match event:
        case e.RunStarted():
            return replace(run, state="running", started=event)
        case e.WindowCompleted(step=step, epoch=epoch):
            return replace(run, window=event, **_reached(run, step, epoch))
        case e.LayersObserved():
            return replace(run, observed=event)
        case e.UnitsObserved():
            return replace(run, units=event)
        case e.LayersFrozen(layers=layers):
            return replace(run, frozen=layers)
        case e.LayersUnfrozen(layers=layers):
            return replace(run, frozen=tuple(name for name in run.frozen if name not in layers))
        case e.EpochCompleted(step=step, epoch=number, validation=figures):
            epochs, epoch = _latest(run.epochs, event), float(number)
            validated = e.ValidationCompleted(step=step, epoch=epoch, figures=figures) if figures else run.validated
            return replace(run, epochs=epochs, validated=validated, **_reached(run, step, epoch))
        case e.ValidationCompleted(step=step, epoch=epoch):
            return replace(run, validated=event, **_reached(run, step, epoch))
        case e.LearningRateChanged():
            return replace(run, lr_changes=_latest(run.lr_changes, event))
        case e.RunPaused(step=step):
            return replace(run, state="paused", step=max(run.step, step))
        case e.RunResumed(step=step):
            return replace(run, state="running", step=max(run.step, step))
        case e.RunFinished(step=step, status=status):
            return replace(run, state=status, finished=event, step=max(run.step, step))
        case e.Heartbeat(step=step):
            return replace(run, step=step)
        case _:
            return run


def _reached(run: RunState, step: int, epoch: float) -> dict[str, Any]:
    """How far the run is: epochs may have waited while a window behind them was written."""
    return {"step": max(run.step, step), "epoch": max(run.epoch, epoch)}


def _rewind(run: RunState, event: e.RunContinued) -> RunState:
    """The run goes on from a checkpoint, so what was beyond it did not happen; the log still tells of it.

    What is frozen from there on is said anew.
    """
    step = event.from_step
    window, observed, units, validated = run.window, run.observed, run.units, run.validated
    return replace(
        run,
        state="running",
        step=step,
        epoch=step / run.started.steps_per_epoch if run.started else 0.0,
        elapsed=event.elapsed,
        lr_changes=tuple(change for change in run.lr_changes if change.step <= step),
        window=window if window and window.step <= step else None,
        observed=observed if observed and observed.step <= step else None,
        units=units if units and units.step <= step else None,
        frozen=(),
        epochs=tuple(epoch for epoch in run.epochs if epoch.step <= step),
        validated=validated if validated and validated.step <= step else None,
        finished=None,
    )


def _draw(curves: dict[str, Series], event: e.Event) -> None:
    match event:
        case e.RunContinued(from_step=step):
            for name, series in tuple(curves.items()):
                series.truncate(step)
                if not series.curve().first:
                    del curves[name]
        case e.WindowCompleted(step=last, steps=steps, loss=loss, lr=lr):
            first = last - steps + 1
            _series(curves, "train.loss").append(first, last, loss.min, loss.max, loss.mean, loss.last)
            for name, value in {"lr": lr, **compared("train", event.figures)}.items():
                _series(curves, name).append(first, last, value, value, value, value)
        case e.EpochCompleted(step=step, validation=figures) | e.ValidationCompleted(step=step, figures=figures):
            for name, value in compared("validation", figures or {}).items():
                _series(curves, name).append_value(step, value)


def _series(curves: dict[str, Series], name: str) -> Series:
    """The curve of that name; of a log with more names than anybody has metrics, one that is not kept."""
    if name in curves or len(curves) < _MOST_CURVES:
        return curves.setdefault(name, Series())
    return Series()


def _latest(values: tuple[T, ...], value: T) -> tuple[T, ...]:
    return (*values[-KEPT + 1 :], value)
