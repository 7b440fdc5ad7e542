"""A run as a child process: ``tuitrain run``, waited for, and stopped when its parent no longer wants it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from pathlib import Path

from tuitrain.errors import Refused
from tuitrain.runs.directory import RunDirectory

REFUSED = 2
"""The exit status of a training that could not begin."""


async def run_child(words: Sequence[str], root: Path) -> RunDirectory:
    """``tuitrain run WORDS`` to its end, however that is: a run in ``root``.

    If this is cancelled, the child stops with a checkpoint.

    Raises:
        Refused: if the training could not begin, with what it said.
    """
    # Files and no pipes: nobody need read them while it trains.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        # -P: a file in the directory that one happens to be in must not stand in for a module.
        command = [sys.executable, "-P", "-m", "tuitrain", "run", "--plain", "--runs-dir", str(root), *words]
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=out, stderr=err)
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _stop(process)
            raise
        out.seek(0)
        err.seek(0)
        lines, complaint = out.read().decode(errors="replace").splitlines(), err.read().decode(errors="replace").strip()
    # The last: a run that it begins with may have been trained before.
    runs = [line.removeprefix("run ") for line in lines if line.startswith("run ")]
    if status == REFUSED or not runs:
        raise Refused(complaint.removeprefix("tuitrain: ") or f"the training ended with status {status}")
    # Of the path that was printed only the name: the rest was made harmless to a terminal.
    return RunDirectory(root / Path(runs[-1]).name)


async def _stop(process: Process) -> None:
    """Let it write its checkpoint; who is cancelled once more kills it."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            await process.wait()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
