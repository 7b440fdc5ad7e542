"""The process of a run: training in a worker thread; recording, commands and signals in the main thread."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import threading
import time
import traceback
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tuitrain.errors import Refused, TuitrainError
from tuitrain.recording.recorder import TICK_S, Recorder, failed
from tuitrain.runs import events as e
from tuitrain.runs.commands import Stop
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.inbox import Request
from tuitrain.runs.stopping import hold_when_stopped
from tuitrain.training import checkpoint
from tuitrain.training.control import Control
from tuitrain.training.device import is_out_of_memory
from tuitrain.training.prepare import Prepared
from tuitrain.training.run import circumstances, open_run, take_up
from tuitrain.training.saver import Saved
from tuitrain.training.trainer import Trainer


def begin(prepared: Prepared, root: Path) -> tuple[RunDirectory, Host]:
    """A new run in ``root``, and its host. Raises Refused; then no directory is left behind."""
    directory = open_run(prepared, prepared.experiment, root)
    try:
        return directory, Host(Trainer(prepared, directory.checkpoints), directory)
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
        return Host(trainer, directory, lock)


class Host(Iterator[e.Event]):
    """Runs a training in its directory: an iterator over the events that are logged, each given once it is.

    ``lock`` is the descriptor of the run's lock where the caller has it already; the host lets it go at the end.
    ``control`` takes commands of this process.

    To be made and iterated in the main thread: SIGTERM and SIGINT stop the run with a checkpoint, and ``signal`` then
    says which it was; SIGHUP is ignored. Whatever goes wrong in training is in the last event, never raised. If the
    iteration is given up, the run is stopped.

    Raises:
        Refused: if another process trains in this directory, or it cannot be written.
    """

    def __init__(self, trainer: Trainer, directory: RunDirectory, lock: int | None = None) -> None:
        self.control = Control()
        self.signal: signal.Signals | None = None
        self.finished: e.RunFinished | None = None
        self._trainer = trainer
        prepared = trainer.prepared
        self._recorder = Recorder(directory, prepared.experiment.name, trainer, circumstances(prepared), lock)
        self._held = contextlib.ExitStack()
        self._held.callback(self._recorder.close)
        self._held.enter_context(self._handled_signals())  # now: a signal may come before the first event
        self._worker = _Worker(trainer, self.control)
        self._events = self._host()

    @property
    def prepared(self) -> Prepared:
        return self._trainer.prepared

    @property
    def saved(self) -> Saved | None:
        """The last checkpoint that the run could go on from, if it is still there."""
        return self._trainer.saver.readable

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
            yield from self._recorder.refuse_leftovers()
            self._worker.start()
            try:
                yield from self._while_training()
            finally:
                self._end_worker()

    def _while_training(self) -> Iterator[e.Event]:
        recorder, is_told = self._recorder, False
        for event in self._worker.events():
            if isinstance(event, e.RunFinished):
                yield from recorder.flush()
                yield self._finish(event)
                return
            if event is not None:
                yield from recorder.record(event)
            logged, requests = recorder.poll()
            yield from logged
            for request in requests:
                yield self._answer(request)
            if recorder.error and not is_told:
                is_told = True
                self.control.send(Stop("the log cannot be written"))

    def _answer(self, request: Request) -> e.Event:
        command = request.command
        why = request.why if command is None else command.objection(self._trainer.steering) or ""
        answer = self._recorder.answer(request, why)
        if command is not None and not why:
            self.control.send(command)
        return answer

    def _finish(self, event: e.RunFinished) -> e.Event:
        """Success means stored: a run whose checkpoint cannot be read again failed, however its training ended."""
        saved = self._trainer.saver.last
        if saved and event.status in ("finished", "stopped"):
            try:
                checkpoint.verify(saved.path)
            except Refused as error:
                event = failed(event, str(error))
        self.finished = self._recorder.finish(event)
        return self.finished

    def _end_worker(self) -> None:
        """When the iteration was given up: what is still to come is logged, but nobody gets it."""
        self.control.send(Stop("whoever watched the training gave up"))
        for event in self._worker.events():
            if isinstance(event, e.RunFinished):
                self._finish(event)
            elif event is not None:
                self._recorder.record(event)

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
        except BaseException as error:  # the thread's outermost frame: the main thread records it
            for event in failure(error, self.trainer):
                self._queue.put(event)
        finally:
            self._queue.put(None)


def exit_status(finished: e.RunFinished | None, number: int | None) -> int:
    """0 finished or stopped, 1 failed or diverged, 128 + n for a run that signal n stopped and that is stored."""
    if finished is None or finished.status not in ("finished", "stopped"):
        return 1
    return 128 + number if number else 0


def failure(error: BaseException, trainer: Trainer) -> Iterator[e.Event]:
    """What is logged of an exception that ended a training."""
    if is_out_of_memory(error):
        size = trainer.prepared.batch_size
        reason = (
            f"out of memory on {trainer.prepared.device} in step {trainer.step + 1:,}: "
            f"make batch_size smaller than {size}, or take fewer units"
        )
    elif isinstance(error, TuitrainError):
        reason = str(error)
    else:
        reason = f"{type(error).__name__} in step {trainer.step + 1:,}: {error}; the traceback is in trainer.log"
    text = "".join(traceback.format_exception(error))
    stamp = {"at": time.time(), "elapsed": trainer.elapsed}
    yield e.LogEmitted(level="error", text=reason, **stamp)
    yield e.RunFinished(status="failed", step=trainer.step, reason=reason, traceback=text, **stamp)
