"""Starting a trainer from a program without torch: a process in stand-by that outlives the program once it trains."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Self

from tuitrain.errors import Refused
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.values import parse_object

LONGEST_ANSWER = 1 << 20
LONGEST_LAST_WORDS = 4_000
"""Bytes of what a dead trainer printed."""


class TrainFirst(Refused):
    """The experiment begins with the weights of ``source``, which is not trained; ``document`` describes it."""

    def __init__(self, message: str, source: str, document: dict[str, Any]) -> None:
        super().__init__(message)
        self.source = source
        self.document = document


class StandbyClient:
    """A trainer that is ready, or becomes so. Requests are answered one after the other.

    Not asyncio's own subprocess: its transport kills the child when it is closed or forgotten, and
    this one is to live on.
    """

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes], answers: asyncio.StreamReader) -> None:
        self._process = process
        self._errors = errors
        self._answers = answers
        self._transport: asyncio.ReadTransport | None = None
        self._ids = itertools.count(1)
        self._turn = asyncio.Lock()
        self._trains = False
        self._starts = False
        # Reaps the child, so that it is no zombie however long this program lives.
        threading.Thread(target=process.wait, name="reaper", daemon=True).start()

    @classmethod
    async def open(cls) -> Self:
        """Start the process; it takes seconds until its first answer, because it imports torch.

        Raises:
            Refused: if it cannot be started.
        """
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the stand-by
        try:
            process = subprocess.Popen(
                # -P: a file in the directory that one happens to be in must not stand in for a module.
                [sys.executable, "-P", "-m", "tuitrain.training"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            errors.close()
            raise Refused(f"the trainer cannot be started ({error.strerror})") from None
        answers = asyncio.StreamReader(limit=LONGEST_ANSWER)
        standby = cls(process, errors, answers)
        loop = asyncio.get_running_loop()
        standby._transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(answers), process.stdout
        )
        return standby

    @property
    def alive(self) -> bool:
        """Whether the process can still be asked for something."""
        return not self._trains and self._process.poll() is None

    async def probe(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of an experiment's data, and of its ``layers`` the shapes and parameters that torch makes of them.

        Raises:
            Refused: if the experiment has a problem.
        """
        return await self._ask({"do": "probe", "experiment": dict(document)})

    async def prepare(self, document: Mapping[str, Any], device: str, runs: Path) -> dict[str, Any]:
        """Build the model and load the data; weights that it begins with come from a run in ``runs``.

        Gives ``device``, ``parameters``, ``steps_per_epoch``, ``total_steps``, and the numbers of samples ``train`` and
        ``validation``.

        Raises:
            TrainFirst: if what it begins with has to be trained first.
            Refused: with any other reason why it cannot be trained.
        """
        request = {"do": "prepare", "experiment": dict(document), "device": device, "runs": str(runs.absolute())}
        return await self._ask(request)

    async def start(self, root: Path, steps: int | None = None) -> RunDirectory:
        """Train what was prepared last, in a new run in ``root``; then this stand-by is used up. Raises Refused.

        With ``steps`` the run pauses behind so many.
        """
        self._starts = True
        try:
            return await self._begin({"do": "start", "runs": str(root.absolute()), "steps": steps})
        finally:
            self._starts = False

    async def resume(self, directory: RunDirectory) -> RunDirectory:
        """Go on with a run in its own directory; then this stand-by is used up. Raises Refused."""
        return await self._begin({"do": "resume", "path": str(directory.path.absolute())})

    def close(self) -> None:
        """End the trainer, unless it trains: then it is left alone. To be called in the event loop.

        One that was just told to start is left to it, lest it leave half a run: it either trains or ends by itself.
        """
        if self.alive and not self._starts:
            self._process.terminate()
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        if self._transport:
            self._transport.close()
        self._errors.close()

    async def _begin(self, request: dict[str, Any]) -> RunDirectory:
        answer = await self._ask(request)
        self._trains = True
        self.close()
        return RunDirectory(Path(answer["path"]))

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        async with self._turn:
            identity = next(self._ids)
            answer = await self._exchange(json.dumps({"id": identity, **request}).encode() + b"\n", identity)
        if first := answer.get("first"):
            raise TrainFirst(str(answer["error"]), str(first["source"]), dict(first["experiment"]))
        if "error" in answer:
            raise Refused(str(answer["error"]))
        return dict(answer["ok"])

    async def _exchange(self, line: bytes, identity: int) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            while reply := await self._answers.readline():
                answer = parse_object(reply)
                # Another id answers a request whose asker was cancelled; none, one that could not be read.
                if answer.get("id") in (identity, None):
                    return answer
        except (OSError, ValueError):
            pass
        raise Refused(await self._obituary())

    async def _obituary(self) -> str:
        """What became of the trainer, with the last that it said."""
        for _ in range(20):  # its end of the pipe closes a moment before it is gone
            if self._process.returncode is not None:
                break
            await asyncio.sleep(0.05)
        status = self._process.returncode
        how = "stopped answering" if status is None else f"ended with status {status}"
        if status is not None and status < 0:
            how = f"was killed by {signal.Signals(-status).name}"
        if self._errors.closed:
            return f"the trainer {how}."
        end = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(end - LONGEST_LAST_WORDS, 0))
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"the trainer {how}" + (f": {said[-1]}" if said else ".")
