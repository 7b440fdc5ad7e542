"""The seconds of a run that were spent on training."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


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
