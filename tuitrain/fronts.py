"""What a run in the foreground prints: JSON lines, a line per epoch, or a progress bar."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Protocol, TextIO

from tuitrain.metrics import Pass, said
from tuitrain.printable import printable
from tuitrain.runs import events as e
from tuitrain.runs.codec import encode
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.files import read_json
from tuitrain.runs.sentences import decimals, log_line

if TYPE_CHECKING:
    from tuitrain.training.prepare import Prepared
    from tuitrain.training.saver import Saved


class Front(Protocol):
    """Shows the events of a run."""

    def begin(self) -> None: ...

    def show(self, event: e.Event) -> None: ...

    def end(self, run: RunDirectory, lines: list[str]) -> None:
        """The run is over; ``lines`` say how."""


class JsonFront:
    """One JSON object per line: the events as they are in events.jsonl, and summary.json as the last."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def begin(self) -> None:
        pass

    def show(self, event: e.Event) -> None:
        if not isinstance(event, e.Heartbeat):
            print(encode(event), file=self._out)

    def end(self, run: RunDirectory, lines: list[str]) -> None:
        with contextlib.suppress(OSError, ValueError):  # the last event has said so
            print(json.dumps(read_json(run.summary)), file=self._out)


def remark(event: e.Event) -> str | None:
    """What is said of an event beside the line of an epoch: what changed the training, and what went wrong."""
    match event:
        case e.LogEmitted(level=level, text=text):
            return f"{level}: {text}" if level != "info" else None
        case e.CommandRefused() | e.RunContinued() | e.RunPaused() | e.RunResumed() | e.ValidationCompleted():
            pass
        case e.CallbackFired() | e.LearningRateChanged() | e.LayersFrozen() | e.LayersUnfrozen():
            pass
        case _:
            return None
    line = log_line(event)
    return line.text if line else None


class PlainFront:
    """One line per epoch, and one for every remark."""

    def __init__(self, run: RunDirectory, prepared: Prepared, out: TextIO) -> None:
        self._out = out
        self._run = run
        self._epochs = prepared.experiment.epochs

    def begin(self) -> None:
        print(f"run {self._run.path}", file=self._out)

    def show(self, event: e.Event) -> None:
        if isinstance(event, e.EpochCompleted):
            print(epoch_line(event, self._epochs), file=self._out)
        elif said := remark(event):
            print(said, file=self._out)

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

    def show(self, event: e.Event) -> None:
        if isinstance(event, e.WindowCompleted):
            figures = _figures("window", {"loss": event.loss.mean, **event.figures})
            epoch = min(int(event.epoch) + 1, self._epochs)
            self._progress.update(
                self._task,
                completed=event.step,
                figures=f"{figures}  {event.samples_per_second:,.0f} samples/s",
                description=f"epoch {epoch}/{self._epochs}",
            )
        elif isinstance(event, e.EpochCompleted):
            self._say(epoch_line(event, self._epochs))
        elif said := remark(event):
            self._say(said)

    def end(self, run: RunDirectory, lines: list[str]) -> None:
        self._progress.stop()
        self._say("\n".join(lines))

    def _say(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text(printable(text)), soft_wrap=True)


def epoch_line(event: e.EpochCompleted, epochs: int) -> str:
    """``epoch  3/10  loss 0.4123  accuracy 0.8812  validation loss 0.4401  accuracy 0.8710  1.9 s``.

    Both losses contain the penalty of the regularizers, which is named where there is one.
    """
    number = f"epoch {event.epoch:>{len(str(epochs))}}/{epochs}"
    validation = f"  validation {_figures('validation', event.validation)}" if event.validation else ""
    return f"{number}  {_figures('train', event.train)}{validation}  {event.seconds:.1f} s"


def ending(
    run: RunDirectory, finished: e.RunFinished | None, saved: Saved | None, validated: tuple[int, e.Figures] | None
) -> list[str]:
    """What is said when a run is over: how it ended, where its checkpoint is, and how good its weights are.

    ``validated`` are the last figures of a validation, and after which step that was.
    """
    if finished is None:
        return [f"ended without a word; see {run.log}"]
    lines = [f"{finished.status} at step {finished.step:,}: {finished.reason}"]
    if finished.traceback:
        lines.append(f"the traceback is in {run.log}")
    if saved is None:
        return lines
    if finished.status in ("failed", "diverged"):
        return [*lines, f"checkpoint {saved}"]
    figures = f"  validation {_figures('validation', validated[1])}" if validated and validated[0] == saved.step else ""
    return [*lines, f"checkpoint {saved.path}{figures}"]


def _figures(part: Pass, figures: e.Figures) -> str:
    return "  ".join(f"{name} {decimals(value)}" for name, value in said(part, figures))
