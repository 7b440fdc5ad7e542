"""History: the events of a run, folded into bounded memory."""

from dataclasses import fields
from typing import Annotated, Any, Self

from msgspec import Meta

from tuitrain.metrics import MOST_METRICS, STATISTICS, compared
from tuitrain.runs import events as e
from tuitrain.runs.layer_series import Buckets, LayerSeries
from tuitrain.runs.liveness import Liveness
from tuitrain.runs.outcome import Aggregates, Outcome, outcome_of
from tuitrain.runs.run_state import RunState, latest
from tuitrain.runs.series import Series
from tuitrain.runs.snapshot import Snapshot
from tuitrain.runs.values import from_plain, to_plain

_FORMAT = 4
_MOST_CURVES = 2 * MOST_METRICS + 1
_AT_ONCE = 64
"""Observations."""

_Layers = Annotated[dict[str, Buckets], Meta(max_length=len(STATISTICS))]


class History:
    """Folds the events of a log, in their order, and shows them as a `Snapshot`, and as an `Outcome`.

    Fold what was read from the log, not what was sent to it: only then are all viewers' histories equal, and
    `from_json` of `to_json` is this History. Only means of layers may differ by rounding.
    """

    def __init__(self) -> None:
        self._state = RunState()
        self._curves: dict[str, Series] = {}
        self._layers: dict[str, LayerSeries] = {}
        self._aggregates = Aggregates()
        self._observed: list[e.LayersObserved] = []
        self._liveness = Liveness()
        self._snapshot: Snapshot | None = None

    @property
    def is_open(self) -> bool:
        """Whether a trainer should be alive: the run has not said that it ended."""
        return self._state.finished is None

    def fold(self, event: e.Event) -> None:
        """Take in the next event."""
        if isinstance(event, e.RunStarted):
            self._fold_observed()  # of which layers these are is not known, whenever they are folded
        if self._state.fold(event):
            self._snapshot = None
        if isinstance(event, e.LayersObserved):
            self._observed.append(event)
            if len(self._observed) == _AT_ONCE:
                self._fold_observed()
            return
        self._aggregates.fold(event, self._state.started)
        self._draw(event)

    def note(self, liveness: Liveness, skipped: int) -> None:
        """Take in what no event says: how the trainer is, and how many lines could not be read."""
        if liveness != self._liveness or skipped != self._state.skipped:
            self._liveness, self._snapshot = liveness, None
            self._state.skipped = skipped
            self._state.version += 1

    def go_beyond(self, version: int) -> None:
        """Count on from a version of another view of the run, which was shown until now."""
        self._state.version += version
        self._snapshot = None

    def snapshot(self) -> Snapshot:
        """The run as it is now: the same object until it changes."""
        if self._snapshot is None:
            self._fold_observed()
            known: dict[str, Any] = {one.name: getattr(self._state, one.name) for one in fields(RunState)}
            epochs, validated = known.pop("epochs"), known.pop("validated")
            known |= {name: latest(known[name]) for name in ("log", "lr_changes")}
            if self.is_open:
                known |= {"silence": self._liveness.silence, "host": self._liveness.host}
                if self._liveness.lost:
                    known["state"] = "lost"
            self._snapshot = Snapshot(
                **known,
                curves={name: series.curve() for name, series in self._curves.items()},
                layers={name: series.buckets() for name, series in self._layers.items()},
                last_epoch=epochs[-1] if epochs else None,
                last_validation=validated.figures if validated else None,
            )
        return self._snapshot

    def outcome(self) -> Outcome:
        """What came out of the run; of one that trained in one go, because nothing of it is forgotten."""
        return outcome_of(self._aggregates, self.snapshot())

    def to_json(self) -> dict[str, Any]:
        self._fold_observed()
        layers = {name: series.buckets() for name, series in self._layers.items()}
        return {
            "format": _FORMAT,
            "state": to_plain(RunState, self._state),
            "curves": {name: series.to_json() for name, series in self._curves.items()},
            "layers": to_plain(_Layers, layers),
            "aggregates": to_plain(Aggregates, self._aggregates),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Raises ValueError if it is not what `to_json` of this version of tuitrain gave."""
        curves = document.get("curves")
        if document.get("format") != _FORMAT or not isinstance(curves, dict) or len(curves) > _MOST_CURVES:
            raise ValueError("not a history of this version of tuitrain")
        history = cls()
        history._state = from_plain(RunState, document.get("state"))
        history._curves = {name: Series.from_json(series) for name, series in curves.items()}
        layers: dict[str, Buckets] = from_plain(_Layers, document.get("layers"))
        history._layers = {name: LayerSeries(buckets) for name, buckets in layers.items()}
        history._aggregates = from_plain(Aggregates, document.get("aggregates"))
        return history

    def _draw(self, event: e.Event) -> None:
        match event:
            case e.WindowCompleted(step=last, steps=steps, loss=loss, lr=lr):
                first = last - steps + 1
                self._series("train.loss").append(first, last, loss.min, loss.max, loss.mean, loss.last)
                for name, value in {**compared("train", event.figures), "lr": lr}.items():
                    if name != "train.loss":
                        self._series(name).append(first, last, value, value, value, value)
            case e.EpochCompleted(step=step, validation=figures) | e.ValidationCompleted(step=step, figures=figures):
                for name, value in compared("validation", figures or {}).items():
                    self._series(name).append_value(step, value)
            case e.RunContinued(from_step=step):
                self._fold_observed()
                for series in self._layers.values():
                    series.truncate(step)
                for curve in self._curves.values():
                    curve.truncate(step)
                self._curves = {name: curve for name, curve in self._curves.items() if curve.curve().first}

    def _fold_observed(self) -> None:
        """Take in the observations that wait: several at once cost a tenth of as many one after the other."""
        observed, self._observed = self._observed, []
        steps = [event.step for event in observed]
        for name in STATISTICS if observed else ():
            rows = [getattr(event, name) for event in observed]
            self._layers.setdefault(name, LayerSeries()).extend(steps, rows)
            if self._state.started:
                self._aggregates.add_observations(name, rows, self._state.started)

    def _series(self, name: str) -> Series:
        """The curve of that name; of a log with more names than anybody has metrics, one that is not kept."""
        if name not in self._curves and len(self._curves) < _MOST_CURVES:
            self._curves[name] = Series()
        return self._curves.get(name) or Series()
