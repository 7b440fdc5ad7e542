"""Thinning: which events of a training reach its log now, which wait, and which are only summed up, within a budget.

Of epochs and validations that wait, the newest and those with the least, the greatest and the first undefined value of
a figure are kept. Windows that wait become one longer window. Of observations that wait the newest is kept. What is
left out is recorded as means, and for observations as extremes too.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tuitrain.metrics import STATISTICS
from tuitrain.recording.waiting import Waiting, WaitingFigures, WaitingLayers, WaitingWindows
from tuitrain.runs import events as e

Share = Literal["figures", "windows", "layers"]
"""A part of the bytes that the log of a run may grow by."""

BYTES_PER_SECOND: dict[Share, float] = {"figures": 1500.0, "windows": 1700.0, "layers": 800.0}
"""4 kB/s: with `AT_ONCE` on top, a log that grows as fast as it may is below 5 kB/s after two and a half minutes."""
AT_ONCE = 128_000
"""Bytes that may be written at once: the log of a short run has everything."""
RESERVE = 8_000
"""Bytes that a share keeps for itself; what it does not need beyond that is there for the others."""


class Budget:
    """Bytes per second of wall-clock time, in shares, so that one kind of event cannot crowd out another.

    In ``seconds`` no more than AT_ONCE + 3 RESERVE + 4000 ``seconds`` bytes are allowed, and what is spent without
    being allowed is paid back from what comes later. ``clock`` gives seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._filled = clock()
        self._own: dict[Share, float] = dict.fromkeys(BYTES_PER_SECOND, RESERVE)
        self._waiting: dict[Share, float] = dict.fromkeys(BYTES_PER_SECOND, 0.0)
        self._common = float(AT_ONCE)

    def allows(self, share: Share, size: float) -> bool:
        """Whether so many bytes may be written now; if not, the share saves up for them."""
        self._fill()
        allowed = self._own[share] + self._common >= size
        self._waiting[share] = 0.0 if allowed else size
        return allowed

    def spend(self, share: Share | None, size: float) -> None:
        """So many bytes were written; None is for what cannot wait and belongs to no share."""
        own = min(size, self._own[share]) if share else 0.0
        if share:
            self._own[share] -= own
        self._common -= size - own

    def _fill(self) -> None:
        now = self._clock()
        for share, rate in BYTES_PER_SECOND.items():
            filled = self._own[share] + rate * (now - self._filled)
            # A share that waits for a large event saves beyond its reserve, or a hungry one would always be first.
            self._own[share] = min(filled, max(RESERVE, self._waiting[share]))
            self._common = min(self._common + filled - self._own[share], AT_ONCE)
        self._filled = now


_SHARES: Mapping[type[e.Event], Share] = {
    e.EpochCompleted: "figures",
    e.ValidationCompleted: "figures",
    e.CheckpointSaved: "figures",
    e.CallbackFired: "figures",
    e.LogEmitted: "figures",
    e.WindowCompleted: "windows",
    e.LayersObserved: "layers",
    e.UnitsObserved: "layers",
}
"""What can wait. Everything else is written at once, behind all that waits."""

_USUAL = 400
"""Bytes that an event is taken to need before one of its kind has been written."""


class Thinner:
    """Takes in the events of a training in their order, and gives those to be written, in an order that holds.

    Events of one share stay in their order, and what can not wait comes behind everything before it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._budget = Budget(clock)
        self._sizes: dict[type[e.Event], int] = {}
        self._figures, self._layers = FiguresLeft(), LayersLeft()
        self._waiting: dict[Share, Waiting] = {
            "figures": WaitingFigures(self._figures.add),
            "windows": WaitingWindows(),
            "layers": WaitingLayers(self._layers.add),
        }
        self._count = 0

    def add(self, event: e.Event) -> list[e.Event]:
        """What is to be written now that ``event`` has happened."""
        share = _SHARES.get(type(event))
        if share is None:
            return [*self.flush(), event]
        self._count += 1
        self._waiting[share].add(self._count, event)
        return self._due(share)

    def due(self) -> list[e.Event]:
        """What there is room for by now; to be asked now and then."""
        return [event for share in self._waiting for event in self._due(share)]

    def flush(self) -> list[e.Event]:
        """All that waits, and the sums of what was left out."""
        waiting = sorted((one for kind in self._waiting.values() for one in kind.drain()), key=lambda one: one[0])
        # Where layers were frozen or thawed, the next observation is the first of its kind.
        self._waiting["layers"] = WaitingLayers(self._layers.add)
        return [*(event for _, event in waiting), *self._figures.drain(), *self._layers.drain()]

    def written(self, event: e.Event, size: int) -> None:
        """An event has taken so many bytes of the log, whether it could have waited or not."""
        self._sizes[type(event)] = size
        # How the run begins is as long as its network is deep, but it is written once.
        if not isinstance(event, e.RunStarted):
            self._budget.spend(_SHARES.get(type(event)), size)

    def _due(self, share: Share) -> list[e.Event]:
        waiting = self._waiting[share]
        size = sum(self._sizes.get(type(event), _USUAL) for event in waiting)
        if not size or not self._budget.allows(share, size):
            return []
        return [event for _, event in waiting.drain()]


class FiguresLeft:
    """Sums of the epochs and validations that the log leaves out: their means can still be had."""

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
    """Sums of the observations that the log leaves out: means, the least and the greatest can still be had."""

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
