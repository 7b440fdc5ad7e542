"""Session: the trainer in stand-by and the runs that are shown."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from tuitrain.experiment.document import Document
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.follow import Follower
from tuitrain.runs.launch import StandbyClient
from tuitrain.runs.snapshot import Snapshot, Source


class Session:
    """Requests to the trainer are made one after another; ``prepare`` ahead of ``start`` makes the start quick.

    ``sources`` are what is shown, by name, the one that the dashboard is about first. ``run`` is where its commands go,
    None if it obeys none.
    """

    def __init__(self, root: Path, device: str) -> None:
        self.root = root
        self.device = device
        self.sources: Mapping[str, Source] = {}
        self.run: RunDirectory | None = None
        self.has_trained = False
        self.is_resuming = False
        self._standby: StandbyClient | None = None
        self._prepared: Document | None = None
        self._busy = asyncio.Lock()

    async def stand_by(self) -> None:
        """Have a trainer in stand-by. Raises Refused if it cannot be started."""
        async with self._busy:
            await self._open()

    async def prepare(self, document: Document) -> None:
        """Have the trainer load the data and build the model. Raises Refused with what is wrong."""
        async with self._busy:
            await self._prepare(document)

    async def start(self, document: Document, steps: int | None = None) -> None:
        """Begin a run of the experiment and follow it; with ``steps`` it pauses behind so many.

        Raises:
            Refused: then nothing was begun.
        """
        async with self._busy:
            await self._prepare(document)
            assert self._standby is not None
            run = await self._standby.start(self.root, steps)
            self._standby = self._prepared = None
        self.has_trained = True
        self.follow(run)

    async def resume(self) -> None:
        """Go on with the run that is shown, in its own directory. Raises Refused; then it is as it was."""
        async with self._busy:
            if self.run is None:
                return
            self.is_resuming = True
            try:
                standby = await self._open()
                self._prepared = None
                run = await standby.resume(self.run)
            finally:
                self.is_resuming = False
            self._standby = None
        self.has_trained = True
        self.follow(run)

    def follow(self, run: RunDirectory) -> None:
        """Show a run by its files, whoever trains it."""
        self.show({run.name: Follower(run)}, run)

    def show(self, sources: Mapping[str, Source], run: RunDirectory | None = None) -> None:
        """Show these sources instead of those before."""
        self.sources, self.run = sources, run

    def poll(self) -> dict[str, Snapshot]:
        """Each run as it is now. Raises OSError if one cannot be read."""
        return {name: source.poll() for name, source in self.sources.items()}

    def close(self) -> None:
        """End the trainer in stand-by; one that trains goes on."""
        if self._standby:
            self._standby.close()
            self._standby = None

    async def _open(self) -> StandbyClient:
        if self._standby is not None and not self._standby.alive:
            self.close()
        if self._standby is None:
            self._prepared = None
            self._standby = await StandbyClient.open()
        return self._standby

    async def _prepare(self, document: Document) -> None:
        standby = await self._open()
        if self._prepared == document:
            return
        self._prepared = None
        await standby.prepare(document, self.device, self.root)
        self._prepared = document
