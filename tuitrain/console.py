"""The headless front end: it trains in the foreground and prints from the same events that the dashboard reads."""

from __future__ import annotations

import contextlib
import enum
import errno
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tuitrain.experiment.experiment import Experiment
from tuitrain.fronts import BarFront, Front, JsonFront, PlainFront, ending
from tuitrain.printable import printable_stream
from tuitrain.runs import events as e
from tuitrain.runs.directory import RunDirectory

if TYPE_CHECKING:
    from tuitrain.training.prepare import Prepared
    from tuitrain.training.process import Host

FAILED = 1


class OutputFormat(enum.Enum):
    """How a run is shown: JSON lines, a line per epoch, or a progress bar where there is a terminal."""

    JSON = "json"
    PLAIN = "plain"
    AUTO = "auto"


def train(experiment: Experiment, root: Path, device: str, output: OutputFormat) -> int:
    """Train to the end, or to a signal. Returns the exit status; raises Refused before anything was begun."""
    from tuitrain.training.prepare import prepare
    from tuitrain.training.process import begin
    from tuitrain.training.transfer import Untrained

    try:
        prepared = prepare(experiment, device, root)
    except Untrained as missing:
        print(f"{missing.source} is trained first", file=sys.stderr)
        if status := train(missing.experiment, root, device, output):
            return status
        prepared = prepare(experiment, device, root)
    run, hosted = begin(prepared, root)
    return _train(hosted, prepared, run, output)


def resume(run: RunDirectory, device: str | None, output: OutputFormat) -> int:
    """Go on with a run from its last checkpoint, in its own directory. Returns the exit status; raises Refused."""
    from tuitrain.training.process import go_on

    hosted = go_on(run, device)
    return _train(hosted, hosted.prepared, run, output)


def _train(hosted: Host, prepared: Prepared, run: RunDirectory, output: OutputFormat) -> int:
    with contextlib.closing(hosted), own_output(run.log) as out:
        printer = Printer(_front(output, run, prepared, out))
        validated: tuple[int, e.Figures] | None = None
        for event in hosted:
            printer.show(event)
            match event:
                case e.EpochCompleted(step=at, validation=found) | e.ValidationCompleted(step=at, figures=found):
                    validated = (at, found) if found else validated
        lines = ending(run, hosted.finished, hosted.saved, validated)
        printer.end(run, lines)
    if printer.failure is not None:
        print(f"tuitrain: what the run said could not be printed: {printer.failure}", *lines, sep="\n", file=sys.stderr)
        return hosted.exit_status or FAILED
    return hosted.exit_status


class Printer:
    """A front in a thread of its own: a terminal that is held, or a pipe that nobody reads, holds no training.

    Where the reader or the terminal has gone, the rest is not printed, and the training goes on. So it does where
    printing fails in any other way, but then ``failure`` says in which.
    """

    MOST_WAITING = 1000
    GONE = (errno.EPIPE, errno.EIO, errno.ECONNRESET)

    def __init__(self, front: Front) -> None:
        self.failure: Exception | None = None
        self._front = front
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._print, name="printer", daemon=True)
        self._thread.start()

    def show(self, event: e.Event) -> None:
        held = self._queue.qsize() > self.MOST_WAITING
        if self._thread.is_alive() and (not held or isinstance(event, (e.EpochCompleted, e.LogEmitted, e.RunFinished))):
            self._queue.put(lambda: self._front.show(event))

    def end(self, run: RunDirectory, lines: list[str]) -> None:
        """Print what is left, and wait for it."""
        self._queue.put(lambda: self._front.end(run, lines))
        self._queue.put(None)
        with contextlib.suppress(KeyboardInterrupt):  # who is tired of waiting for a reader
            self._thread.join()

    def _print(self) -> None:
        try:
            self._front.begin()
            while action := self._queue.get():
                action()
        except Exception as error:  # the thread's outermost frame: the main thread tells of it
            if not isinstance(error, OSError) or error.errno not in self.GONE:
                self.failure = error


@contextlib.contextmanager
def own_output(log: Path) -> Iterator[TextIO]:
    """The real stdout for our own lines, while file descriptors 1 and 2 lead into the trainer's log."""
    from tuitrain.training.output import to_log

    sys.stdout.flush()
    sys.stderr.flush()
    stdout, stderr = os.dup(1), os.dup(2)
    out = os.fdopen(stdout, "w", encoding=sys.stdout.encoding, errors="backslashreplace", buffering=1)
    with contextlib.suppress(OSError):  # a full disk: the run will say so itself
        to_log(log)
    try:
        yield out
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        os.close(stderr)
        with contextlib.suppress(OSError):  # the reader or the terminal has gone
            out.close()


def _front(output: OutputFormat, run: RunDirectory, prepared: Prepared, out: TextIO) -> Front:
    if output is OutputFormat.JSON:
        return JsonFront(printable_stream(out))
    if output is OutputFormat.AUTO and out.isatty():
        return BarFront(run, prepared, out)
    return PlainFront(run, prepared, printable_stream(out))
