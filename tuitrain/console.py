"""The headless front end: it trains in the foreground and prints from the same events that the dashboard reads."""

from __future__ import annotations

import contextlib
import enum
import errno
import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from tuitrain.experiment.experiment import Experiment
from tuitrain.printable import printable, printable_stream
from tuitrain.runs.codec import encode
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.events import (
    CheckpointSaved,
    EpochCompleted,
    Event,
    Figures,
    Heartbeat,
    LogEmitted,
    RunFinished,
    WindowCompleted,
)
from tuitrain.runs.files import read_json
from tuitrain.runs.sentences import decimals, named_figures

if TYPE_CHECKING:
    from tuitrain.training.prepare import Prepared
    from tuitrain.training.process import Host

FAILED = 1


class Output(enum.Enum):
    """How a run is shown: JSON lines, a line per epoch, or a progress bar where there is a terminal."""

    JSON = "json"
    PLAIN = "plain"
    AUTO = "auto"


class Front(Protocol):
    """Shows the events of a run."""

    def begin(self) -> None: ...

    def show(self, event: Event) -> None: ...

    def end(self, run: RunDirectory, lines: list[str]) -> None:
        """The run is over; ``lines`` say how."""


def train(experiment: Experiment, root: Path, device: str, output: Output) -> int:
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


def resume(run: RunDirectory, device: str | None, output: Output) -> int:
    """Go on with a run from its last checkpoint, in its own directory. Returns the exit status; raises Refused."""
    from tuitrain.training.process import host
    from tuitrain.training.run import take_up

    trainer = take_up(run, device)
    return _train(host(trainer, run), trainer.prepared, run, output)


def _train(hosted: Host, prepared: Prepared, run: RunDirectory, output: Output) -> int:
    with contextlib.closing(hosted), own_output(run.log) as out:
        printer = Printer(_front(output, run, prepared, out))
        finished, checkpoint = None, ""
        for event in hosted:
            printer.show(event)
            if isinstance(event, RunFinished):
                finished = event
            elif isinstance(event, CheckpointSaved):
                checkpoint = event.path
        lines = ending(run, finished, checkpoint)
        printer.end(run, lines)
    if printer.failure is not None:
        print(f"tuitrain: what the run said could not be printed: {printer.failure}", *lines, sep="\n", file=sys.stderr)
    if hosted.signal is not None:
        return 128 + hosted.signal
    if printer.failure is not None:
        return FAILED
    return 0 if finished and finished.status in ("finished", "stopped") else FAILED


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

    def show(self, event: Event) -> None:
        held = self._queue.qsize() > self.MOST_WAITING
        if self._thread.is_alive() and (not held or isinstance(event, (EpochCompleted, LogEmitted, RunFinished))):
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


def _front(output: Output, run: RunDirectory, prepared: Prepared, out: TextIO) -> Front:
    if output is Output.JSON:
        return JsonFront(printable_stream(out))
    if output is Output.AUTO and out.isatty():
        return BarFront(run, prepared, out)
    return PlainFront(run, prepared, printable_stream(out))


class JsonFront:
    """One JSON object per line: the events as they are in events.jsonl, and summary.json as the last."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def begin(self) -> None:
        pass

    def show(self, event: Event) -> None:
        if not isinstance(event, Heartbeat):
            print(encode(event), file=self._out)

    def end(self, run: RunDirectory, lines: list[str]) -> None:
        with contextlib.suppress(FileNotFoundError):  # a full disk: the last event has said so
            print(json.dumps(read_json(run.summary)), file=self._out)


class PlainFront:
    """One line per epoch."""

    def __init__(self, run: RunDirectory, prepared: Prepared, out: TextIO) -> None:
        self._out = out
        self._run = run
        self._epochs = prepared.experiment.epochs

    def begin(self) -> None:
        print(f"run {self._run.path}", file=self._out)

    def show(self, event: Event) -> None:
        if isinstance(event, EpochCompleted):
            print(epoch_line(event, self._epochs), file=self._out)
        elif isinstance(event, LogEmitted) and event.level != "info":
            print(f"{event.level}: {event.text}", file=self._out)

    def end(self, run: RunDirectory, lines: list[str]) -> None:
        print(*lines, sep="\n", file=self._out)


class BarFront:
    """A progress bar with loss, accuracy, speed and the time left; a line per epoch above it.

    Its own control characters must reach the terminal, so all text is made harmless before: see `_say`.
    """

    def __init__(self, run: RunDirectory, prepared: Prepared, out: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(file=out)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[figures]}"),
            TimeRemainingColumn(),
            console=self._console,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("starts", total=prepared.total_steps, figures="")
        self._run = run
        self._epochs = prepared.experiment.epochs

    def begin(self) -> None:
        self._say(f"run {self._run.path}")
        self._progress.start()

    def show(self, event: Event) -> None:
        if isinstance(event, WindowCompleted):
            figures = f"{_window_figures(event)}  {event.samples_per_second:,.0f} samples/s"
            epoch = min(int(event.epoch) + 1, self._epochs)
            self._progress.update(
                self._task, completed=event.step, figures=figures, description=f"epoch {epoch}/{self._epochs}"
            )
        elif isinstance(event, EpochCompleted):
            self._say(epoch_line(event, self._epochs))
        elif isinstance(event, LogEmitted) and event.level != "info":
            self._say(f"{event.level}: {event.text}")

    def end(self, run: RunDirectory, lines: list[str]) -> None:
        self._progress.stop()
        self._say("\n".join(lines))

    def _say(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text(printable(text)), soft_wrap=True)


def epoch_line(event: EpochCompleted, epochs: int) -> str:
    """``epoch  3/10  loss 0.4123  accuracy 0.8812  validation loss 0.4401  accuracy 0.8710  1.9 s``.

    Both losses contain the penalty of the regularizers, which is named where there is one.
    """
    number = f"epoch {event.epoch:>{len(str(epochs))}}/{epochs}"
    validation = f"  validation {_figures(event.validation)}" if event.validation else ""
    penalty = f"  penalty {event.train.penalty:.4f}" if event.train.penalty else ""
    return f"{number}  {_figures(event.train)}{penalty}{validation}  {event.seconds:.1f} s"


def ending(run: RunDirectory, finished: RunFinished | None, checkpoint: str) -> list[str]:
    """What is said when a run is over: how it ended, and where its checkpoint is."""
    if finished is None:
        return [f"ended without a word; see {run.log}"]
    lines = [f"{finished.status} at step {finished.step:,}: {finished.reason}"]
    if finished.traceback:
        lines.append(f"the traceback is in {run.log}")
    if checkpoint:
        lines.append(f"checkpoint {run.path / checkpoint}")
    return lines


def _window_figures(window: WindowCompleted) -> str:
    return _figures(Figures(loss=window.loss.mean, accuracy=window.accuracy, mae=window.mae))


def _figures(figures: Figures) -> str:
    return "  ".join(f"{name} {decimals(value)}" for name, value in named_figures(figures))
