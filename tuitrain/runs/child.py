"""A run as a child process: ``tuitrain run``, waited for, and stopped when its parent no longer wants it."""

import asyncio
import contextlib
import os
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Sequence
from pathlib import Path

from tuitrain.errors import Refused
from tuitrain.runs.directory import RunDirectory

REFUSED = 2
"""The exit status of a training that could not begin."""


PROGRESS_S = 10.0
"""Seconds from one look at what the child printed to the next."""
TAIL = 4096
"""Bytes of it that are looked at: more than its last line has."""


async def run_child(words: Sequence[str], root: Path, hear: Callable[[str], None]) -> RunDirectory:
    """``tuitrain run WORDS`` to its end, however that is: a run in ``root``.

    If this is cancelled, the child stops with a checkpoint.

    ``hear`` is given the child's last line now and then, where it is a new one.

    Raises:
        Refused: if the training could not begin, with what it said.
    """
    # Files and no pipes: nobody need read them while it trains.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        # -P: a file in the directory that one happens to be in must not stand in for a module.
        command = [sys.executable, "-P", "-m", "tuitrain", "run", "--plain", "--runs-dir", str(root), *words]
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=out, stderr=err)
        progress = asyncio.create_task(_report(out.fileno(), hear))
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _stop(process)
            raise
        finally:
            progress.cancel()
        out.seek(0)
        err.seek(0)
        lines, complaint = out.read().decode(errors="replace").splitlines(), err.read().decode(errors="replace").strip()
    # The last: a run that it begins with may have been trained before.
    runs = [line.removeprefix("run ") for line in lines if line.startswith("run ")]
    if status == REFUSED or not runs:
        raise Refused(complaint.removeprefix("tuitrain: ") or f"the training ended with status {status}")
    # Of the path that was printed only the name: the rest was made harmless to a terminal.
    return RunDirectory(root / Path(runs[-1]).name)


async def _report(printed: int, hear: Callable[[str], None]) -> None:
    """Pass on the last whole line of a file that grows, until this is cancelled."""
    before = b""
    while True:
        await asyncio.sleep(PROGRESS_S)
        # Not seek and read: the child writes where the file's one position is.
        *_, last, _ = b"", b"", *os.pread(printed, TAIL, max(os.fstat(printed).st_size - TAIL, 0)).split(b"\n")
        if last not in (before, b""):
            before = last
            hear(last.decode(errors="replace"))


async def _stop(process: Process) -> None:
    """Let it write its checkpoint; who is cancelled once more kills it."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            await process.wait()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
