"""Control: how other threads steer the one that trains."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Orders:
    """What is asked of the trainer before its next step.

    ``go`` is False while it is to rest; ``single`` marks a step that somebody wants to look at.
    """

    stop: str | None
    checkpoint: bool
    lr: float | None
    go: bool
    single: bool


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

    def take(self) -> Orders:
        """The orders for the next step; with ``go``, one of the allowed steps is used up."""
        with self._changed:
            orders = Orders(self._stop, self._checkpoint, self._lr, self._allowed != 0, self._allowed is not None)
            if self._allowed:
                self._allowed -= 1
            self._checkpoint, self._lr, self._news = False, None, False
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
