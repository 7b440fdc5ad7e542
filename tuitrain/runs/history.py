"""History: the events of a run, folded into bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

from msgspec import Meta

from tuitrain.runs import events as e
from tuitrain.runs.bounds import Count, Duration, Epochs
from tuitrain.runs.liveness import Liveness
from tuitrain.runs.sentences import log_line
from tuitrain.runs.series import Series
from tuitrain.runs.snapshot import LogLine, Snapshot, State
from tuitrain.runs.values import from_plain, to_plain

KEPT = 500
"""Log lines, epochs and changes of the learning rate that are remembered: the latest."""

_FORMAT = 2
_CURVES = ("loss", "accuracy", "mae", "validation_loss", "validation_accuracy", "validation_mae", "lr")

T = TypeVar("T")
Latest = Annotated[tuple[T, ...], Meta(max_length=KEPT)]


@dataclass(frozen=True)
class Facts:
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
        self._facts = Facts()
        self._curves = {name: Series() for name in _CURVES}
        self._liveness = Liveness()
        self._snapshot: Snapshot | None = None

    @property
    def is_open(self) -> bool:
        """Whether a trainer should be alive: the run has not said that it ended."""
        return self._facts.finished is None

    def fold(self, event: e.Event) -> None:
        """Take in the next event."""
        facts = advance(self._facts, event)
        if facts is not self._facts:
            self._change(facts)
        _draw(self._curves, event)

    def note(self, liveness: Liveness, skipped: int) -> None:
        """Take in what no event says: how the trainer is, and how many lines could not be read."""
        if liveness != self._liveness or skipped != self._facts.skipped:
            self._liveness = liveness
            self._change(replace(self._facts, skipped=skipped))

    def snapshot(self) -> Snapshot:
        """The run as it is now: the same object until it changes."""
        if self._snapshot is None:
            known: dict[str, Any] = dict(vars(self._facts))
            epochs, validated = known.pop("epochs"), known.pop("validated")
            if self.is_open:
                known |= {"silence": self._liveness.silence, "host": self._liveness.host}
                if self._liveness.lost:
                    known["state"] = "lost"
            curves: dict[str, Any] = {name: series.curve() for name, series in self._curves.items()}
            self._snapshot = Snapshot(
                **known,
                **curves,
                last_epoch=epochs[-1] if epochs else None,
                last_validation=validated.figures if validated else None,
            )
        return self._snapshot

    def to_json(self) -> dict[str, Any]:
        curves = {name: series.to_json() for name, series in self._curves.items()}
        return {"format": _FORMAT, "facts": to_plain(Facts, self._facts), "curves": curves}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> History:
        """Raises ValueError if it is not what `to_json` of this version of tuitrain gave."""
        if document.get("format") != _FORMAT or not isinstance(document.get("curves"), dict):
            raise ValueError("not a history of this version of tuitrain")
        history = cls()
        history._facts = from_plain(Facts, document.get("facts"))
        history._curves = {name: Series.from_json(document["curves"].get(name)) for name in _CURVES}
        return history

    def _change(self, facts: Facts) -> None:
        self._facts = replace(facts, version=self._facts.version + 1)
        self._snapshot = None


def advance(facts: Facts, event: e.Event) -> Facts:
    """The facts after ``event``; the same object if it tells nothing new."""
    match event:
        case e.CommandAccepted():
            return facts
        case e.Heartbeat(step=step) if step <= facts.step:
            return facts
        case e.RunContinued():
            facts = _rewind(facts, event)
        case _:
            facts = replace(_apply(facts, event), elapsed=max(facts.elapsed, event.elapsed))
    line = log_line(event)
    return facts if line is None else replace(facts, log=_latest(facts.log, line))


def _apply(facts: Facts, event: e.Event) -> Facts:
    match event:
        case e.RunStarted():
            return replace(facts, state="running", started=event)
        case e.WindowCompleted(step=step, epoch=epoch):
            return replace(facts, window=event, **_reached(facts, step, epoch))
        case e.LayersObserved():
            return replace(facts, observed=event)
        case e.UnitsObserved():
            return replace(facts, units=event)
        case e.LayersFrozen(layers=layers):
            return replace(facts, frozen=layers)
        case e.LayersUnfrozen(layers=layers):
            return replace(facts, frozen=tuple(name for name in facts.frozen if name not in layers))
        case e.EpochCompleted(step=step, epoch=number, validation=figures):
            epochs, epoch = _latest(facts.epochs, event), float(number)
            validated = e.ValidationCompleted(step=step, epoch=epoch, figures=figures) if figures else facts.validated
            return replace(facts, epochs=epochs, validated=validated, **_reached(facts, step, epoch))
        case e.ValidationCompleted(step=step, epoch=epoch):
            return replace(facts, validated=event, **_reached(facts, step, epoch))
        case e.LearningRateChanged():
            return replace(facts, lr_changes=_latest(facts.lr_changes, event))
        case e.RunPaused(step=step):
            return replace(facts, state="paused", step=max(facts.step, step))
        case e.RunResumed(step=step):
            return replace(facts, state="running", step=max(facts.step, step))
        case e.RunFinished(step=step, status=status):
            return replace(facts, state=status, finished=event, step=max(facts.step, step))
        case e.Heartbeat(step=step):
            return replace(facts, step=step)
        case _:
            return facts


def _reached(facts: Facts, step: int, epoch: float) -> dict[str, Any]:
    """How far the run is: epochs may have waited while a window behind them was written."""
    return {"step": max(facts.step, step), "epoch": max(facts.epoch, epoch)}


def _rewind(facts: Facts, event: e.RunContinued) -> Facts:
    """The run goes on from a checkpoint, so what was beyond it did not happen; the log still tells of it.

    What is frozen from there on is said anew.
    """
    step = event.from_step
    window, observed, units, validated = facts.window, facts.observed, facts.units, facts.validated
    return replace(
        facts,
        state="running",
        step=step,
        epoch=step / facts.started.steps_per_epoch if facts.started else 0.0,
        elapsed=event.elapsed,
        lr_changes=tuple(change for change in facts.lr_changes if change.step <= step),
        window=window if window and window.step <= step else None,
        observed=observed if observed and observed.step <= step else None,
        units=units if units and units.step <= step else None,
        frozen=(),
        epochs=tuple(epoch for epoch in facts.epochs if epoch.step <= step),
        validated=validated if validated and validated.step <= step else None,
        finished=None,
    )


def _draw(curves: dict[str, Series], event: e.Event) -> None:
    match event:
        case e.RunContinued(from_step=step):
            for series in curves.values():
                series.truncate(step)
        case e.WindowCompleted(step=last, steps=steps, loss=loss, lr=lr):
            first = last - steps + 1
            curves["loss"].append(first, last, loss.min, loss.max, loss.mean, loss.last)
            curves["lr"].append(first, last, lr, lr, lr, lr)
            for name, value in (("accuracy", event.accuracy), ("mae", event.mae)):
                if value is not None:
                    curves[name].append(first, last, value, value, value, value)
        case (
            e.EpochCompleted(step=step, validation=e.Figures() as figures)
            | e.ValidationCompleted(step=step, figures=figures)
        ):
            for name in ("loss", "accuracy", "mae"):
                if (value := getattr(figures, name)) is not None:
                    curves[f"validation_{name}"].append_value(step, value)


def _latest(values: tuple[T, ...], value: T) -> tuple[T, ...]:
    return (*values[-KEPT + 1 :], value)
