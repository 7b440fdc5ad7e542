"""Thinning: which events of a training reach its log now, which wait, and which are only summed up, within a budget.

Of epochs and validations that wait, the newest and those with the least, the greatest and the first undefined value of
a figure are kept. Windows that wait become one longer window. Of observations that wait the newest is kept. What is
left out is recorded as means, and for observations as extremes too.
"""

import time
from collections.abc import Callable, Mapping
from typing import Literal

from tuitrain.recording.leftout import FiguresLeft, LayersLeft
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
