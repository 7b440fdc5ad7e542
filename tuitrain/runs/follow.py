"""Follower: a run as it is now, from the files of its directory, whoever writes them and wherever."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.files import read_json, sync, write_json
from tuitrain.runs.history import History
from tuitrain.runs.liveness import Liveness, Pulse
from tuitrain.runs.log import EventReader
from tuitrain.runs.snapshot import Snapshot

LARGEST_HISTORY = 1 << 23
"""Bytes: some ten times what a history of full curves and logs has."""


class Follower:
    """Folds the log of ``directory`` as it grows, from its ``history.json`` on if that can be used.

    ``clock`` gives seconds that never go back, ``wall`` seconds since the epoch. After `poll`, ``caught_up`` says
    whether the snapshot stands for the whole log: a long log without a history takes several polls, so that none takes
    long.
    """

    def __init__(
        self,
        directory: RunDirectory,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._directory = directory
        self._history, self._reader = _open(directory)
        self._pulse = Pulse(directory, clock, wall)
        self._last = 0.0

    @property
    def caught_up(self) -> bool:
        return self._reader.caught_up

    def poll(self) -> Snapshot:
        """Read on, for one chunk at most, and say how the run is. Raises OSError if the log cannot be read."""
        self._read()
        liveness = Liveness()
        if self.caught_up and self._history.is_open:
            liveness = self._pulse.liveness(self._last)
            if liveness.lost:
                self._read()  # once more: it may have finished between the first reading and the look at the lock
                liveness = replace(liveness, lost=self.caught_up)
        self._history.note(liveness, self._reader.skipped)
        return self._history.snapshot()

    def catch_up(self) -> Snapshot:
        """The run as its whole log says. Raises OSError if that cannot be read."""
        snapshot = self.poll()
        while not self.caught_up:
            snapshot = self.poll()
        return snapshot

    def save(self) -> None:
        """Write ``history.json``, for the trainer to do now and then. Raises OSError."""
        # The log first: a history must never know of events that a power cut took from the log.
        sync(self._directory.events)
        document = {"offset": self._reader.offset, **self._history.to_json()}
        write_json(self._directory.history, document, indent=None)

    def _read(self) -> None:
        before = self._reader.offset
        for event in self._reader.read():
            self._history.fold(event)
            self._last = event.at
        if self._reader.offset > before:
            self._pulse.beat()


def _open(directory: RunDirectory) -> tuple[History, EventReader]:
    """As far as ``history.json`` goes, if there is one that fits the log; else the beginning."""
    try:
        document = read_json(directory.history, LARGEST_HISTORY)
        offset = document.get("offset")
        if type(offset) is int and 0 <= offset <= directory.events.stat().st_size:
            history = History.from_json(document)
            return history, EventReader(directory.events, offset, history.snapshot().skipped)
    except (OSError, ValueError):
        pass  # it only saves time
    return History(), EventReader(directory.events)
