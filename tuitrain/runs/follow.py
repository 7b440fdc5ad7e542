"""Follower: a run as it is now, from the files of its directory, whoever writes them and wherever."""

import time
from collections.abc import Callable
from dataclasses import replace

from tuitrain.runs import events as e
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.files import read_json, sync, write_json
from tuitrain.runs.history import History
from tuitrain.runs.liveness import Liveness, Pulse
from tuitrain.runs.log import CHUNK, EventReader, next_line
from tuitrain.runs.outcome import Outcome
from tuitrain.runs.snapshot import Snapshot

LARGEST_HISTORY = 1 << 23
"""Bytes: more than twice what a history of MOST_LAYERS layers has."""
MOST_LAYERS = 500
"""Layers of a run that has a ``history.json``: of more, writing it would take seconds of training."""
FAR = 1 << 22
"""So many bytes before the end of a log its end is read first: the rest takes a second or more."""
READ_S = 0.04
"""Seconds for which a poll reads what lies before the end."""


class _FoldedLog:
    """A history, and the reader of the log that it is folded from."""

    def __init__(self, history: History, reader: EventReader) -> None:
        self.history = history
        self.reader = reader
        self.last = 0.0
        """When the last event was, in seconds since the epoch."""
        self.tells_steps = False
        """Whether an event said how far the run is, and that it runs: after a pause there are only heartbeats."""

    def read(self) -> bool:
        """Fold the next chunk; whether there was anything. Raises OSError if the log cannot be read."""
        before = self.reader.offset
        for event in self.reader.read():
            self.history.fold(event)
            self.last = event.at
            self.tells_steps = self.tells_steps or isinstance(event, (e.WindowCompleted, e.RunContinued))
        return self.reader.offset > before


class Follower:
    """Folds the log of ``directory`` as it grows, from its ``history.json`` on if that can be used.

    ``clock`` gives seconds that never go back, ``wall`` seconds since the epoch. After `poll`, ``caught_up`` says
    whether the snapshot stands for the whole log. A long log without a history takes several polls, so that none takes
    long: until then curves grow from their beginning, and all else is as the end of the log says; what was frozen, and
    which rates were set, before that end is not known yet.
    """

    def __init__(
        self,
        directory: RunDirectory,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._directory = directory
        self._whole = _open(directory)
        self._end = _open_end(directory, self._whole.reader.offset)
        self._pulse = Pulse(directory, clock, wall)

    @property
    def caught_up(self) -> bool:
        return self._whole.reader.caught_up

    def poll(self) -> Snapshot:
        """Read on for a while, and say how the run is. Raises OSError if the log cannot be read."""
        log = self._end or self._whole
        self._read(log)
        if self._end and self._read_whole():
            log, self._end = self._whole, None
        liveness = Liveness()
        if log.reader.caught_up and log.history.is_open:
            liveness = self._pulse.liveness(log.last)
            if liveness.lost:
                self._read(log)  # once more: it may have finished between the first reading and the look at the lock
                liveness = replace(liveness, lost=log.reader.caught_up)
        log.history.note(liveness, log.reader.skipped)
        snapshot = log.history.snapshot()
        if self._end is None:
            return snapshot
        whole = self._whole.history.snapshot()
        return replace(snapshot, version=snapshot.version + whole.version, curves=whole.curves, layers=whole.layers)

    def catch_up(self) -> Snapshot:
        """The run as its whole log says. Raises OSError if that cannot be read."""
        self._end = None
        snapshot = self.poll()
        while not self.caught_up:
            snapshot = self.poll()
        return snapshot

    def read_outcome(self) -> Outcome:
        """What came out of the run. Raises OSError if its log cannot be read."""
        self.catch_up()
        return self._whole.history.outcome()

    def save(self) -> None:
        """Write ``history.json``, for the trainer to do now and then. Raises OSError."""
        started = self._whole.history.snapshot().started
        if started and len(started.layers) > MOST_LAYERS:
            return
        # The log first: a history must never know of events that a power cut took from the log.
        sync(self._directory.events)
        document = {"offset": self._whole.reader.offset, **self._whole.history.to_json()}
        write_json(self._directory.history, document, indent=None)

    def _read(self, log: _FoldedLog) -> None:
        if log.read():
            self._pulse.beat()

    def _read_whole(self) -> bool:
        """Go on reading what lies before the end; whether that is all read."""
        until = time.monotonic() + READ_S
        while not self.caught_up and time.monotonic() < until:
            self._whole.read()
        if self.caught_up and self._end:
            self._whole.history.go_beyond(self._end.history.snapshot().version)
        return self.caught_up


def _open(directory: RunDirectory) -> _FoldedLog:
    """As far as ``history.json`` goes, if there is one that fits the log; else the beginning."""
    try:
        document = read_json(directory.history, LARGEST_HISTORY)
        offset = document.get("offset")
        if type(offset) is int and 0 <= offset <= directory.events.stat().st_size:
            history = History.from_json(document)
            return _FoldedLog(history, EventReader(directory.events, offset, history.snapshot().skipped))
    except (OSError, ValueError):
        pass  # it only saves time
    return _FoldedLog(History(), EventReader(directory.events))


def _open_end(directory: RunDirectory, offset: int) -> _FoldedLog | None:
    """The end of a log that is much longer than ``offset``, from where an event tells of its steps; else None."""
    try:
        size, back = directory.events.stat().st_size, CHUNK
        while size - back > offset + FAR and back <= FAR:
            end = _FoldedLog(History(), EventReader(directory.events, next_line(directory.events, size - back)))
            for event in EventReader(directory.events).read():
                if isinstance(event, e.RunStarted):
                    end.history.fold(event)
            while not end.reader.caught_up:
                end.read()
            if end.tells_steps:
                return end
            back *= 2
    except OSError:
        pass  # whoever polls is told
    return None
