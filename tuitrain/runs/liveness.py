"""Whether the trainer of a run is alive, and how long ago it was last heard of."""

import contextlib
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from tuitrain.runs.directory import RunDirectory

QUIET_S = 6.0
"""Heartbeats come every two seconds: a trainer that has missed three of them is said to be silent."""
SILENCE_S = 10.0
"""A trainer whose lock cannot be seen and that is watched without a sign for so long is taken for dead."""
SKEW_S = 60.0
"""How far the clocks of two machines may be apart: what is known by them alone needs so much more."""


@dataclass(frozen=True)
class Liveness:
    """``silence``: seconds since the trainer was last heard of, as precise as `ago` says it; 0 while all is well.

    ``host`` is the other machine that it is on, empty for this one.
    """

    lost: bool = False
    silence: int = 0
    host: str = ""


_UNITS = ((2 * 86_400, 86_400, "days"), (3_600, 3_600, "h"), (60, 60, "min"), (0, 1, "s"))
"""From how many seconds on, of how many seconds, called what."""


def ago(silence: int) -> str:
    """``last heard of 12 s ago``."""
    seconds, unit = _unit(silence)
    return f"last heard of {silence // seconds} {unit} ago"


def _unit(silence: float) -> tuple[int, str]:
    return next((seconds, unit) for least, seconds, unit in _UNITS if silence >= least)


def _coarse(seconds: float) -> int:
    """Whole seconds, minutes, hours or days: nothing need be drawn anew before they change."""
    unit, _ = _unit(seconds)
    return int(seconds // unit * unit)


class Pulse:
    """Of the run in ``directory``. ``clock`` gives seconds that never go back, ``wall`` seconds since the epoch.

    Silence is measured by this clock from the last line that came while the log was watched. How long it was before
    that, the file system's clock (the log's time of change) and the trainer's (the time of its last event) say: the
    shorter of the two, because either may be wrong. A clock that is ahead of ours says nothing.
    """

    def __init__(
        self,
        directory: RunDirectory,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._wall = wall
        self._began = clock()
        self._heard: float | None = None

    def beat(self) -> None:
        """A line came while the log was watched."""
        if self._heard is not None:
            self._heard = self._clock()

    def liveness(self, at: float) -> Liveness:
        """How the trainer is, once the log is read to its end, whose last event was ``at``; 0 if that is not known."""
        info = self._directory.read_info()
        if self._heard is None:
            self._heard = self._clock() - self._before(at or info.get("started_at"))
        silence = self._clock() - self._heard
        host = info.get("host")
        elsewhere = host if isinstance(host, str) and host != socket.gethostname() else ""
        return Liveness(
            lost=not self._is_alive(silence, here=not elsewhere),
            silence=_coarse(silence) if silence >= QUIET_S else 0,
            host=elsewhere,
        )

    def _is_alive(self, silence: float, *, here: bool) -> bool:
        if here and self._directory.lock.exists():
            return self._directory.is_held()
        # Without a lock to be seen: by our own clock, or by those of others if it is beyond doubt.
        watched = self._clock() - self._began
        return silence < (SILENCE_S if here or min(silence, watched) >= SILENCE_S else SILENCE_S + SKEW_S)

    def _before(self, at: object) -> float:
        """Seconds of silence before anybody watched."""
        now, file = self._wall(), self._directory.events
        times = [at] if isinstance(at, (int, float)) else []
        with contextlib.suppress(OSError):
            times.append(os.stat(file if file.exists() else self._directory.info).st_mtime)
        return min((max(now - one, 0.0) for one in times if 0 < one <= now + SKEW_S), default=0.0)
