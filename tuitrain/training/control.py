"""Control: how other threads steer the one that trains."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

WATCH_S = 10.0
"""How long the units of a layer are watched once somebody has asked for it."""


@dataclass(frozen=True)
class Orders:
    """What is asked of the trainer before its next step.

    ``go`` is False while it is to rest; ``single`` marks a step that somebody wants to look at, and
    ``observe`` one that is to be observed because somebody has begun to watch.
    """

    stop: str | None
    checkpoint: bool
    lr: float | None
    go: bool
    single: bool
    observe: bool


class Control:
    """Requests from any thread. The trainer reads ``attention`` once a step, and asks for more only if it is set."""

    def __init__(self) -> None:
        self.attention = False
        self._changed = threading.Condition()
        self._news = False
        self._allowed: int | None = None  # steps until the next pause; None for no end
        self._stop: str | None = None
        self._checkpoint = False
        self._lr: float | None = None
        self._watch = ("", 0.0)  # a layer, and until when
        self._observe = False

    @property
    def watched(self) -> str:
        """The layer whose units somebody watches now; empty for none."""
        layer, until = self._watch
        return layer if time.monotonic() < until else ""

    def pause(self) -> None:
        """Compute nothing after the current step."""
        with self._changed:
            self._allowed = 0
            self._notify()

    def resume(self) -> None:
        with self._changed:
            self._allowed = None
            self._notify()

    def step(self, count: int = 1) -> None:
        """Run ``count`` steps, each shown by itself, then pause; a second request adds to the first."""
        with self._changed:
            self._allowed = (self._allowed or 0) + count
            self._notify()

    def stop(self, reason: str = "stopped on request") -> None:
        """End the run after the current step; the first reason counts."""
        with self._changed:
            self._stop = self._stop or reason
            self._notify()

    def checkpoint(self) -> None:
        """Save a checkpoint after the current step."""
        with self._changed:
            self._checkpoint = True
            self._notify()

    def set_lr(self, lr: float) -> None:
        """Scale the schedule so that the next step's rate is ``lr``."""
        with self._changed:
            self._lr = lr
            self._notify()

    def watch(self, layer: str) -> None:
        """Watch the units of ``layer``, and of no other, for the next WATCH_S seconds."""
        with self._changed:
            begins = layer != self.watched
            self._watch = (layer, time.monotonic() + WATCH_S)
            if begins:
                self._observe = True
                self._notify()

    def take(self) -> Orders:
        """The orders for the next step; with ``go``, one of the allowed steps is used up."""
        with self._changed:
            go, single = self._allowed != 0, self._allowed is not None
            orders = Orders(self._stop, self._checkpoint, self._lr, go, single, go and self._observe)
            if self._allowed:
                self._allowed -= 1
            self._checkpoint, self._lr, self._news = False, None, False
            self._observe = self._observe and not go
            self.attention = self._allowed is not None or self._stop is not None
            return orders

    def wait(self) -> None:
        """Sleep until something is asked that the last `take` did not see."""
        with self._changed:
            self._changed.wait_for(lambda: self._news)

    def _notify(self) -> None:
        self._news = True
        self.attention = True
        self._changed.notify_all()
