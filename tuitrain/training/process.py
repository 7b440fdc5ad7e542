"""The process of a run: training in a worker thread; log, commands, signals and heartbeat in the main thread."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import TypeVar

from tuitrain.errors import Refused
from tuitrain.recording.thinning import Thinner
from tuitrain.runs import events as e
from tuitrain.runs.commands import Stop
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.follow import Follower
from tuitrain.runs.inbox import Inbox, Request
from tuitrain.runs.log import EventLog
from tuitrain.training.closing import catch_up, close_run, exit_status, failed, failure
from tuitrain.training.control import Control
from tuitrain.training.handover import hold_when_stopped
from tuitrain.training.prepare import Prepared
from tuitrain.training.run import open_run, record_life, take_up
from tuitrain.training.saver import Saved
from tuitrain.training.trainer import Trainer

TICK_S = 0.05
HEARTBEAT_S = 2.0
HISTORY_S = 30.0

E = TypeVar("E", bound=e.Event)


def host(trainer: Trainer, directory: RunDirectory, lock: int | None = None) -> Host:
    """Run a training in its directory: an iterator over the events that are logged, each given once it is.

    ``lock`` is the descriptor of the run's lock where the caller has it already; the host lets it go at the end.

    To be called and iterated in the main thread: SIGTERM and SIGINT stop the run with a checkpoint, and
    ``signal`` then says which it was; SIGHUP is ignored. Whatever goes wrong in training is told by the
    last event, never raised. If the iteration is given up, the run is stopped.

    Raises:
        Refused: if another process trains in this directory, or it cannot be written.
    """
    return Host(trainer, directory, lock)


def begin(prepared: Prepared, root: Path) -> tuple[RunDirectory, Host]:
    """A new run in ``root``, and its host. Raises Refused; then no directory is left behind."""
    directory = open_run(prepared, prepared.experiment, root)
    try:
        return directory, host(Trainer(prepared, directory.checkpoints), directory)
    except Refused:
        shutil.rmtree(directory.path, ignore_errors=True)
        raise


def go_on(directory: RunDirectory, device: str | None = None) -> Host:
    """The host of a run that goes on from its last checkpoint; on the device it had, or else the best there is.

    The lock is taken before anything is read: else a trainer that is just stopping could save a newer checkpoint
    after the reading, and its work would be lost. A trainer that is stopping is waited for.

    Raises:
        Refused: if the run is being trained, or there is no checkpoint, or it cannot be trained here.
    """
    if not directory.is_run():
        raise Refused(f"{directory.path}: is no run")
    with contextlib.ExitStack() as held:
        lock = hold_when_stopped(directory)
        held.callback(os.close, lock)
        trainer = take_up(directory, device)
        held.pop_all()  # the host closes the lock, also where it refuses
        return host(trainer, directory, lock)


class Host(Iterator[e.Event]):
    """See `host`. ``control`` takes commands of this process."""

    def __init__(self, trainer: Trainer, directory: RunDirectory, lock: int | None = None) -> None:
        self.control = Control()
        self.signal: signal.Signals | None = None
        self.finished: e.RunFinished | None = None
        self._trainer = trainer
        self._directory = directory
        self._held = contextlib.ExitStack()
        self._held.callback(os.close, directory.hold_lock() if lock is None else lock)
        try:
            directory.summary.unlink(missing_ok=True)
            record_life(directory, trainer.prepared)
            self._log = EventLog(directory.events)
        except OSError as error:
            self._held.close()
            raise Refused(f"{directory.path}: cannot be written ({error.strerror}). Free some space first.") from None
        self._held.callback(self._log.close)
        self._held.enter_context(self._handled_signals())  # now: a signal may come before the first event
        self._inbox = Inbox(directory)
        # Now: whoever learns that the run has begun may send a command before its first event.
        self._leftovers = self._inbox.refuse_leftovers()
        self._thinner = Thinner()
        self._follower = Follower(directory)
        self._worker = _Worker(trainer, self.control)
        self._disk_error: OSError | None = None
        self._events = self._host()

    @property
    def prepared(self) -> Prepared:
        return self._trainer.prepared

    @property
    def saved(self) -> Saved | None:
        """The last checkpoint that the run could go on from, if it is still there."""
        saved = self._trainer.saved
        return saved if saved and saved.path.is_file() else None

    @property
    def exit_status(self) -> int:
        """Of the process whose work this run was, once it is over."""
        return exit_status(self.finished, self.signal)

    def __next__(self) -> e.Event:
        return next(self._events)

    def close(self) -> None:
        """Stop the run, if it is on, and let go of its directory."""
        self._events.close()
        self._held.close()

    def _host(self) -> Generator[e.Event, None, None]:
        with self._held:
            for identity in self._leftovers:
                yield self._write(e.CommandRefused(id=identity, why="was sent to an earlier life of this run"))
                self._inbox.answered(identity)
            self._worker.start()
            try:
                yield from self._while_training()
            finally:
                self._end_worker()

    def _while_training(self) -> Iterator[e.Event]:
        beat = saved = time.monotonic()
        polled = -TICK_S
        for event in self._worker.events():
            if isinstance(event, e.RunFinished):
                yield from self._write_all(self._thinner.flush())
                yield self._finish(event)
                return
            if event is not None:
                yield from self._write_all(self._thinner.take(event))
            now = time.monotonic()
            if now - polled >= TICK_S:
                polled = now
                yield from self._write_all(self._thinner.due())
                for request in self._inbox.poll():
                    yield self._answer(request)
            if now - beat >= HEARTBEAT_S:
                beat = now
                yield self._write(e.Heartbeat(step=self._trainer.step))
            if now - saved >= HISTORY_S:
                saved = now
                self._save_history()

    def _answer(self, request: Request) -> e.Event:
        command, why = request.command, request.why
        if command is not None:
            why = command.objection(self._trainer.steering) or ""
        answer: e.Event = e.CommandRefused(id=request.id, why=why)
        if command is not None and not why:
            answer = e.CommandAccepted(id=request.id, command=type(command).__name__)
        answer = self._write(answer)
        if command is not None and not why:
            self.control.send(command)
        self._inbox.answered(request.id)
        return answer

    def _write_all(self, events: list[e.Event]) -> list[e.Event]:
        """Log them before anybody gets one: whoever is given up on would leave the rest unwritten."""
        return [self._write(event) for event in events]

    def _write(self, event: E) -> E:
        """Log an event. If that fails, training stops: nobody would know of it."""
        stamped = event if event.at else replace(event, at=time.time(), elapsed=self._trainer.elapsed)
        try:
            self._thinner.written(stamped, self._log.append(stamped))
        except OSError as error:
            if self._disk_error is None:
                self._disk_error = error
                self.control.send(Stop("the log cannot be written"))
        return stamped

    def _finish(self, event: e.RunFinished) -> e.Event:
        """Log the last event and write what is read after a run."""
        if event.traceback:
            with contextlib.suppress(OSError), self._directory.log.open("a", encoding="utf-8") as log:
                log.write(event.traceback)
        for identity in self._inbox.refuse_leftovers():
            self._write(e.CommandRefused(id=identity, why="the run is over"))
            self._inbox.answered(identity)
        if self._disk_error is not None:
            event = failed(event, self._directory.events, self._disk_error)
        self.finished = close_run(self._trainer, self._directory, self._follower, event, self._write_last)
        self._save_history()
        return self.finished

    def _write_last(self, event: e.RunFinished) -> None:
        """Log the last event, onto the disk. Raises OSError."""
        self._disk_error = None
        self._write(event)
        if self._disk_error is not None:
            raise self._disk_error
        self._log.sync()

    def _save_history(self) -> None:
        """It only makes opening quicker, so a failure is no matter."""
        with contextlib.suppress(OSError):
            catch_up(self._follower)
            self._follower.save()

    def _end_worker(self) -> None:
        """When the iteration was given up: what is still to come is logged, but nobody gets it."""
        self.control.send(Stop("whoever watched the training gave up"))
        for event in self._worker.events():
            if isinstance(event, e.RunFinished):
                self._write_all(self._thinner.flush())
                self._finish(event)
            elif event is not None:
                self._write_all(self._thinner.take(event))

    @contextlib.contextmanager
    def _handled_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler or signal.SIG_DFL)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signal = self.signal or signal.Signals(number)
        self.control.send(Stop(f"stopped by {signal.Signals(number).name}"))


@dataclass
class _Worker:
    """The thread that trains. A daemon: it must not keep a dying process alive."""

    trainer: Trainer
    control: Control
    _queue: queue.SimpleQueue[e.Event | None] = field(default_factory=queue.SimpleQueue)
    _over: bool = False

    def start(self) -> None:
        threading.Thread(target=self._train, name="training", daemon=True).start()

    def events(self) -> Iterator[e.Event | None]:
        """Events as they come, None after every tick without one; ends with the thread."""
        while not self._over:
            try:
                event = self._queue.get(timeout=TICK_S)
            except queue.Empty:
                yield None
                continue
            if event is None:
                self._over = True
                return
            yield event

    def _train(self) -> None:
        try:
            for event in self.trainer.run(self.control):
                self._queue.put(event)
        except BaseException as error:  # the thread's outermost frame: the main thread tells of it
            for event in failure(error, self.trainer):
                self._queue.put(event)
        finally:
            self._queue.put(None)
