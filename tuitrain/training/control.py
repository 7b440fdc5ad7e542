"""Control: how commands reach the thread that trains. Steering: what they make of the training there."""

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager

from tuitrain.runs import events as e
from tuitrain.runs.commands import Command
from tuitrain.training.probes import Probe, cannot_be_watched
from tuitrain.training.rates import Rates
from tuitrain.training.windows import Windows


class Stopwatch:
    """Monotonic seconds while it runs. One thread starts and stops it; any thread may read ``elapsed``."""

    def __init__(self) -> None:
        # One attribute for both values, so that a reader in another thread never sees halves of a change.
        self._state: tuple[float, float | None] = (0.0, None)

    @property
    def elapsed(self) -> float:
        before, since = self._state
        return before if since is None else before + time.perf_counter() - since

    @elapsed.setter
    def elapsed(self, seconds: float) -> None:
        """Go on from there, while it stands."""
        self._state = (seconds, None)

    @contextmanager
    def running(self) -> Iterator[None]:
        self._state = (self.elapsed, time.perf_counter())
        try:
            yield
        finally:
            self._state = (self.elapsed, None)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self._state = (self.elapsed, None)
        try:
            yield
        finally:
            self._state = (self.elapsed, time.perf_counter())


WATCH_S = 10.0
"""How long the units of a layer are watched once somebody has asked for it."""


class Control:
    """Commands from any thread. The trainer reads ``attention`` once a step, and takes them only if it is set."""

    def __init__(self) -> None:
        self.attention = False
        self._changed = threading.Condition()
        self._sent: list[Command] = []

    def send(self, command: Command) -> None:
        """Have ``command`` obeyed before the next step; the sender has asked it for its objection."""
        with self._changed:
            if command.latest_only:
                self._sent = [one for one in self._sent if type(one) is not type(command)]
            self._sent.append(command)
            self.attention = True
            self._changed.notify_all()

    def take(self) -> list[Command]:
        """What was sent since the last time, in order."""
        with self._changed:
            sent, self._sent, self.attention = self._sent, [], False
            return sent

    def wait(self) -> None:
        """Sleep until there is something to take."""
        with self._changed:
            self._changed.wait_for(lambda: self._sent)


class Steering:
    """Obeys commands between two steps; for the thread that trains, but for `cannot_watch`.

    ``is_single`` says whether the next step was asked for by itself, and ``observe_next`` whether it is to be observed
    because somebody has begun to watch. ``close_window`` ends the window, ``save`` writes a checkpoint for a reason.
    """

    def __init__(
        self,
        probes: tuple[Probe, ...],
        rates: Rates,
        clock: Stopwatch,
        windows: Windows,
        close_window: Callable[[], Iterator[e.Event]],
        save: Callable[[str], Iterator[e.Event]],
    ) -> None:
        self.is_single = False
        self.observe_next = False
        self._probes = probes
        self._rates = rates
        self._clock = clock
        self._windows = windows
        self._close_window = close_window
        self._save = save
        self._step = 0
        self._allowed: int | None = None  # steps until the next pause; None for no end
        self._stop: str | None = None
        self._watch = ("", 0.0)  # a layer, and until when
        self._paused_at: int | None = None

    @property
    def watched(self) -> str:
        """The layer whose units somebody watches now; empty for none."""
        layer, until = self._watch
        return layer if time.monotonic() < until else ""

    def follow(self, control: Control, step: int) -> Generator[e.Event, None, str | None]:
        """Obey what was sent, resting as long as that says: None for one more step after ``step``, or why to stop."""
        self._step = step
        while True:
            for command in control.take():
                yield from command.obey(self)
            if self._stop is not None:
                return self._stop
            if self._allowed != 0:
                break
            yield from self._rest()
            with self._clock.stopped():
                control.wait()
            self._windows.restart()
        self.is_single = self._allowed is not None
        if self._allowed is not None:
            self._allowed -= 1
        elif self._paused_at is not None:
            self._paused_at = None
            yield e.RunResumed(step=step)
        return None

    def pause(self) -> Iterable[e.Event]:
        self._allowed = 0
        return ()

    def resume(self) -> Iterable[e.Event]:
        self._allowed = None
        return ()

    def run_steps(self, count: int) -> Iterable[e.Event]:
        self._allowed = (self._allowed or 0) + count
        return ()

    def stop(self, reason: str) -> Iterable[e.Event]:
        self._stop = self._stop or reason
        return ()

    def save_checkpoint(self) -> Iterable[e.Event]:
        return self._save("on request")

    def set_learning_rate(self, lr: float) -> Iterable[e.Event]:
        yield from self._close_window()
        if self._rates.set_by_hand(self._step, lr):
            yield self._rates.changed(self._step)
        else:
            text = "the schedule has brought the learning rate to 0, which no factor changes"
            yield e.LogEmitted(level="warning", text=text)

    def watch_units(self, layer: str) -> Iterable[e.Event]:
        """Watch them, and no others, for the next WATCH_S seconds."""
        self.observe_next = self.observe_next or layer != self.watched
        self._watch = (layer, time.monotonic() + WATCH_S)
        return ()

    def cannot_watch(self, layer: str) -> str | None:
        return cannot_be_watched(self._probes, layer)

    def _rest(self) -> Iterator[e.Event]:
        """Say that the run rests, once a step."""
        if self._paused_at == self._step:
            return
        was_running, self._paused_at = self._paused_at is None, self._step
        yield from self._close_window()
        yield e.RunPaused(step=self._step)
        if was_running:  # not after every single step
            yield from self._save("pause")
