"""Recorder: the directory of a run, written and read while its training goes on, whatever it is that trains."""

import contextlib
import errno
import math
import os
import socket
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tuitrain.errors import Refused
from tuitrain.metrics import METRICS, task_of_figures
from tuitrain.recording.thinning import Thinner
from tuitrain.runs import events as e
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.events import Figures, RunFinished
from tuitrain.runs.files import unwritten, write_json
from tuitrain.runs.follow import Follower
from tuitrain.runs.inbox import Inbox, Request
from tuitrain.runs.log import EventLog
from tuitrain.runs.snapshot import Snapshot

TICK_S = 0.05
"""How often a recorder looks for commands."""
HEARTBEAT_S = 2.0
HISTORY_S = 30.0
HISTORY_SHARE = 0.005
"""Of the time, at most, for writing histories: it is taken from the training, which shares the interpreter."""

E = TypeVar("E", bound=e.Event)


class Progress(Protocol):
    """How far a training is; for any thread."""

    @property
    def step(self) -> int:
        """Steps done."""

    @property
    def elapsed(self) -> float:
        """Seconds of training, without pauses."""


class Recorder:
    """Lock, log, commands, heartbeat, history and summary of a run; for one thread, which owns it.

    It is given every event of the training (`record`), the last by `finish`, and is asked for commands in between
    (`poll`). Every event that it gives is in the log by then. ``error`` says why the log could not be written, None
    while it can: who trains is to stop then, because nobody would learn of it.

    ``name`` is that of the summary, ``life`` what run.json says of who trains now beside host and pid, ``lock`` the
    descriptor of the run's lock where it is held already; `close` lets it go.

    Raises:
        Refused: if another process trains in this directory, or it cannot be written.
    """

    def __init__(
        self,
        directory: RunDirectory,
        name: str,
        progress: Progress,
        life: dict[str, Any] | None = None,
        lock: int | None = None,
    ) -> None:
        self.error: OSError | None = None
        self._directory = directory
        self._name = name
        self._progress = progress
        self._held = contextlib.ExitStack()
        self._held.callback(os.close, directory.hold_lock() if lock is None else lock)
        try:
            directory.summary.unlink(missing_ok=True)
            directory.update_info(host=socket.gethostname(), pid=os.getpid(), **(life or {}))
            self._log = EventLog(directory.events)
        except OSError as error:
            self._held.close()
            raise Refused(f"{directory.path}: cannot be written ({error.strerror}). Free some space first.") from None
        self._held.callback(self._log.close)
        self._inbox = Inbox(directory)
        # Whoever learns that the run has begun may send a command before its first event.
        self._leftovers = self._inbox.refuse_leftovers()
        self._thinner = Thinner()
        self._follower = Follower(directory)
        self._beat = time.monotonic()
        self._save_at = self._beat + HISTORY_S
        self._polled = self._beat - TICK_S

    def refuse_leftovers(self) -> list[e.Event]:
        """Refuse the commands that were sent to an earlier life of the run; before anything else is recorded."""
        leftovers, self._leftovers = self._leftovers, []
        return self._refuse(leftovers, "was sent to an earlier life of this run")

    def record(self, event: e.Event) -> list[e.Event]:
        """Take in an event of the training; what is logged of it by now, and of those before it."""
        return self._write_all(self._thinner.add(event))

    def poll(self) -> tuple[list[e.Event], list[Request]]:
        """What is logged meanwhile, a heartbeat among it, and the commands that came, each to be given to `answer`.

        At most every TICK_S: a call in between gives nothing and costs the reading of a clock.
        """
        now = time.monotonic()
        if now - self._polled < TICK_S:
            return [], []
        self._polled = now
        logged = self._write_all(self._thinner.due())
        if now - self._beat >= HEARTBEAT_S:
            self._beat = now
            logged.append(self._write(e.Heartbeat(step=self._progress.step)))
        if now >= self._save_at:
            self._save_history()
            done = time.monotonic()
            self._save_at = done + max(HISTORY_S, (done - now) / HISTORY_SHARE)
        return logged, self._inbox.poll()

    def answer(self, request: Request, why: str) -> e.Event:
        """Log that a request is refused for that reason or, where there is none, that its command is obeyed."""
        answer: e.Event = e.CommandRefused(id=request.id, why=why)
        if not why:
            answer = e.CommandAccepted(id=request.id, command=type(request.command).__name__)
        logged = self._write(answer)
        self._inbox.answered(request.id)
        return logged

    def flush(self) -> list[e.Event]:
        """Log all that waits for room."""
        return self._write_all(self._thinner.flush())

    def finish(self, event: e.RunFinished) -> e.RunFinished:
        """Write the summary and the last event; gives the event as it is true in the end.

        A run whose log or summary cannot be read again failed, however its training ended.
        """
        event = self._stamped(event)
        if event.traceback:
            with contextlib.suppress(OSError), self._directory.log.open("a", encoding="utf-8") as log:
                log.write(event.traceback)
        self.flush()
        self._refuse(self._inbox.refuse_leftovers(), "the run is over")
        if self.error is not None:
            event = _unstored(event, self._directory.events, self.error)
        event = self._close_files(event)
        self._save_history()
        return event

    def close(self) -> None:
        """Let go of log and lock."""
        self._held.close()

    def _refuse(self, ids: Iterable[str], why: str) -> list[e.Event]:
        return [self.answer(Request(identity, None), why) for identity in ids]

    def _stamped(self, event: E) -> E:
        return event if event.at else replace(event, at=time.time(), elapsed=self._progress.elapsed)

    def _write_all(self, events: list[e.Event]) -> list[e.Event]:
        """Log them before anybody gets one: whoever is given up on would leave the rest unwritten."""
        return [self._write(event) for event in events]

    def _write(self, event: E) -> E:
        stamped = self._stamped(event)
        try:
            self._thinner.written(stamped, self._log.append(stamped))
        except OSError as error:
            self.error = self.error or error
        return stamped

    def _close_files(self, event: e.RunFinished) -> e.RunFinished:
        """Summary, then last event, and whether both are there."""
        summary = self._directory.summary
        missing: OSError | None = None
        try:
            write_json(summary, summarize(self._name, self._follower.catch_up(), event))
        except OSError as error:
            missing = error
            event = _unstored(event, summary, error)
        try:
            self._write_last(event)
        except OSError as error:
            if missing is None:
                event = _unstored(event, self._directory.events, error)
            with contextlib.suppress(OSError):
                summary.unlink(missing_ok=True)  # it says otherwise
            with contextlib.suppress(OSError):
                self._log.append(event)
        return event

    def _write_last(self, event: e.RunFinished) -> None:
        """Log the last event, onto the disk. Raises OSError if it cannot be read back."""
        self._log.append(event)
        self._log.sync()
        found = self._follower.catch_up().finished
        if found is None or (found.status, found.step) != (event.status, event.step):
            raise FileNotFoundError(errno.ENOENT, "its last line cannot be read back")

    def _save_history(self) -> None:
        """It only makes opening quicker, so a failure is no matter."""
        with contextlib.suppress(OSError):
            self._follower.catch_up()
            self._follower.save()


def failed(event: e.RunFinished, why: str) -> e.RunFinished:
    """The end of a run that failed although its training ended like this."""
    return replace(event, status="failed", reason=f"{why} The training itself: {event.status}, {event.reason}")


def _unstored(event: e.RunFinished, path: Path, error: OSError) -> e.RunFinished:
    return failed(event, unwritten(path, error))


def summarize(name: str, snapshot: Snapshot, finished: RunFinished) -> dict[str, Any]:
    """The final figures, for summary.json, of the run as it was logged; None is what has no meaning or is not finite.

    ``train`` is of the last epoch that was completed, ``validation`` of the last validation, after an epoch or
    within one. ``loss`` contains ``penalty``, the part that regularizers add.
    """
    started, last = snapshot.started, snapshot.last_epoch
    return {
        "name": name,
        "status": finished.status,
        "reason": finished.reason,
        "epochs": last.epoch if last else 0,
        "steps": finished.step,
        "train": _figures(last.train if last else {}),
        "validation": _figures(snapshot.last_validation) if snapshot.last_validation else None,
        "seconds": round(finished.elapsed, 3),
        "steps_per_second": round(finished.step / finished.elapsed, 1) if finished.elapsed > 0 else None,
        "parameters": started.parameters if started else None,
        "device": started.device if started else None,
    }


def _figures(figures: Figures) -> dict[str, float | None]:
    tasks = ("any", "classification", task_of_figures(figures))
    names = dict.fromkeys([*(metric.name for metric in METRICS if metric.task in tasks), *figures])
    return {name: _finite(figures.get(name)) for name in names}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
