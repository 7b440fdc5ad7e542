"""The end of a run: its last event and its summary, which say finished only if both can be read again."""

from __future__ import annotations

import contextlib
import errno
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tuitrain.errors import Refused, TuitrainError
from tuitrain.recording.summary import summarize
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.events import Event, LogEmitted, RunFinished
from tuitrain.runs.files import write_json
from tuitrain.runs.follow import Follower
from tuitrain.runs.snapshot import Snapshot
from tuitrain.training import checkpoint
from tuitrain.training.device import is_out_of_memory
from tuitrain.training.saver import unwritten
from tuitrain.training.trainer import Trainer


def close_run(
    trainer: Trainer,
    directory: RunDirectory,
    follower: Follower,
    event: RunFinished,
    log: Callable[[RunFinished], None],
) -> RunFinished:
    """Write the summary, then the last event with ``log``; gives the event as it is true in the end.

    ``log`` may raise OSError. A run whose checkpoint, log or summary cannot be read again failed, however its
    training ended.
    """
    name = trainer.prepared.experiment.name
    if trainer.saved and event.status in ("finished", "stopped"):
        try:
            checkpoint.verify(trainer.saved.path)
        except Refused as error:
            event = replace(event, status="failed", reason=f"{error} {_itself(event)}")
    missing: tuple[Path, OSError] | None = None
    try:
        write_json(directory.summary, summarize(name, catch_up(follower), event))
    except OSError as error:
        missing = directory.summary, error
        event = failed(event, *missing)
    try:
        log(event)
        told = catch_up(follower).finished
        if told is None or (told.status, told.step) != (event.status, event.step):
            raise FileNotFoundError(errno.ENOENT, "its last line cannot be read back")
    except OSError as error:
        if missing is None:
            event = failed(event, directory.events, error)
        with contextlib.suppress(OSError):
            directory.summary.unlink(missing_ok=True)  # it says otherwise
        with contextlib.suppress(OSError):
            log(event)
    return event


def failed(event: RunFinished, path: Path, error: OSError) -> RunFinished:
    """The end of a run of which a file could not be stored."""
    return replace(event, status="failed", reason=f"{unwritten(path, error)} {_itself(event)}")


def _itself(event: RunFinished) -> str:
    return f"The training itself: {event.status}, {event.reason}"


def catch_up(follower: Follower) -> Snapshot:
    """The run as its whole log says. Raises OSError if that cannot be read."""
    snapshot = follower.poll()
    while not follower.caught_up:
        snapshot = follower.poll()
    return snapshot


def exit_status(finished: RunFinished | None, signal: int | None) -> int:
    """0 finished or stopped, 1 failed or diverged, 128 + n for a run that signal n stopped and that is stored."""
    if finished is None or finished.status not in ("finished", "stopped"):
        return 1
    return 128 + signal if signal else 0


def failure(error: BaseException, trainer: Trainer) -> Iterator[Event]:
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
    yield LogEmitted(level="error", text=reason, **stamp)
    yield RunFinished(status="failed", step=trainer.step, reason=reason, traceback=text, **stamp)
