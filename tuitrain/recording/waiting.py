"""Events that wait for room in the log: in bounded memory, however many there are and however long it takes."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tuitrain.metrics import Pass, compared
from tuitrain.runs import events as e

LINES = 16
"""Log lines and what callbacks did, of which each one waits; of more, the newest does and says how many there were."""

Numbered = tuple[int, e.Event]
"""An event with its place in the order of all events."""
Key = tuple[str, ...]
"""The reason why an event is kept, as ``("train.loss", "low")``."""
LeaveOut = Callable[[e.Event], None]


@dataclass
class _Kept:
    place: int
    event: e.Event
    claims: int = 0
    """For how many reasons it is kept."""


class Waiting:
    """Events of one share of the budget, each kept for at least one reason."""

    def __init__(self) -> None:
        self._kept: dict[Key, _Kept] = {}

    def add(self, place: int, event: e.Event) -> None:
        raise NotImplementedError

    def __iter__(self) -> Iterator[e.Event]:
        return (kept.event for kept in self._once())

    def drain(self) -> list[Numbered]:
        """What is left of them, in order; nothing is kept."""
        taken = sorted(((kept.place, kept.event) for kept in self._once()), key=lambda one: one[0])
        self._kept = {}
        return taken

    def _once(self) -> list[_Kept]:
        return list({kept.place: kept for kept in self._kept.values()}.values())


class WaitingFigures(Waiting):
    """Epochs, validations, checkpoints, log lines and what callbacks did.

    Kept are the first value of every figure, since the beginning; and of those that wait the newest, the least, the
    greatest and the first that is no number; the newest epoch, validation and checkpoint of each name; lines. An epoch
    or validation that is none of these goes to ``leave_out``.
    """

    def __init__(self, leave_out: LeaveOut) -> None:
        super().__init__()
        self._leave_out = leave_out
        self._seen: set[Key] = set()
        self._values: dict[Key, float] = {}
        self._superseded = 0

    def add(self, place: int, event: e.Event) -> None:
        kept = _Kept(place, event)
        match event:
            case e.EpochCompleted(train=train, validation=validation):
                self._claim_figures(kept, "train", train)
                self._claim_figures(kept, "validation", validation)
                self._claim(kept, (type(event).__name__,))
            case e.ValidationCompleted(figures=figures):
                self._claim_figures(kept, "validation", figures)
                self._claim(kept, (type(event).__name__,))
            case e.CheckpointSaved(path=path):
                self._claim(kept, ("checkpoint", path))
            case _:
                self._add_line(kept)

    def drain(self) -> list[Numbered]:
        self._values, self._superseded = {}, 0
        return super().drain()

    def _claim_figures(self, kept: _Kept, part: Pass, figures: e.Figures | None) -> None:
        for name, value in compared(part, figures or {}).items():
            self._claim(kept, (name, "newest"))
            if (first := (name, "first")) not in self._seen:
                self._seen.add(first)
                self._claim(kept, first)
            if math.isnan(value):
                if (undefined := (name, "nan")) not in self._kept:
                    self._claim(kept, undefined)
                continue
            for extreme, sign in (("low", 1.0), ("high", -1.0)):
                key = (name, extreme)
                if key not in self._kept or sign * value < sign * self._values[key]:
                    self._values[key] = value
                    self._claim(kept, key)

    def _claim(self, kept: _Kept, key: Key) -> None:
        """Keep it for this reason, and no longer what was kept for it before."""
        before, self._kept[key] = self._kept.get(key), kept
        kept.claims += 1
        if before is not None:
            before.claims -= 1
            if not before.claims and not isinstance(before.event, e.CheckpointSaved):
                self._leave_out(before.event)

    def _add_line(self, kept: _Kept) -> None:
        places = (("line", str(number)) for number in range(LINES))
        free = next((place for place in places if place not in self._kept), None)
        if free is not None:
            self._kept[free] = kept
            return
        self._superseded += ("lines",) in self._kept
        said = f" (and {self._superseded:,} more before it)" if self._superseded else ""
        match kept.event:
            case e.LogEmitted(text=text):
                kept.event = replace(kept.event, text=text + said)
            case e.CallbackFired(why=why):
                kept.event = replace(kept.event, why=why + said)
        self._kept["lines",] = kept


class WaitingWindows(Waiting):
    """Windows, as one."""

    def add(self, place: int, event: e.Event) -> None:
        assert isinstance(event, e.WindowCompleted)
        for before in self:
            assert isinstance(before, e.WindowCompleted)
            event = merge(before, event)
        self._kept["window",] = _Kept(place, event)


class WaitingLayers(Waiting):
    """Observations: the first of all, and of those that wait the newest. The others go to ``leave_out``."""

    def __init__(self, leave_out: LeaveOut) -> None:
        super().__init__()
        self._leave_out = leave_out
        self._first: set[str] = set()

    def add(self, place: int, event: e.Event) -> None:
        kind = type(event).__name__
        if kind not in self._first:
            self._first.add(kind)
            self._kept[kind, "first"] = _Kept(place, event)
            return
        if (kind,) in self._kept:
            self._leave_out(self._kept[kind,].event)
        self._kept[kind,] = _Kept(place, event)


def merge(one: e.WindowCompleted, other: e.WindowCompleted) -> e.WindowCompleted:
    """Two windows that follow each other as one.

    Means are weighted by steps, shares of time by seconds: where batches differ in size, as the last one of an epoch
    does, an accuracy is off by their difference.
    """
    steps, first, then = (one.steps, other.steps), one.figures, other.figures
    seconds = tuple(window.steps / max(window.samples_per_second, 1e-9) for window in (one, other))
    clipped = _mean((one.clipped, other.clipped), steps)
    cuts = tuple((window.clipped or 0.0) * window.steps for window in (one, other))
    return replace(
        other,
        steps=sum(steps),
        loss=e.Spread(
            mean=_mean((one.loss.mean, other.loss.mean), steps) or 0.0,
            min=_least(min, one.loss.min, other.loss.min),
            max=_least(max, one.loss.max, other.loss.max),
            last=other.loss.last,
        ),
        figures={name: _mean((first.get(name), then.get(name)), steps) or 0.0 for name in {**first, **then}},
        samples_per_second=sum(steps) / sum(seconds),
        data_wait=_mean((one.data_wait, other.data_wait), seconds) or 0.0,
        clipped=clipped,
        clip_factor=_mean((one.clip_factor, other.clip_factor), cuts),
    )


def _mean(values: tuple[float | None, float | None], weights: tuple[float, ...]) -> float | None:
    """Of the values that there are."""
    known = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None and weight]
    total = sum(weight for _, weight in known)
    return sum(value * (weight / total) for value, weight in known) if known else None


def _least(choose: Callable[..., float], one: float, other: float) -> float:
    """Or greatest; nan only where both are."""
    known = [value for value in (one, other) if not math.isnan(value)]
    return choose(known) if known else math.nan
