"""A run controller with a trainer and a user who do as a test says: no terminal, no torch."""

import asyncio
import functools

from tuitrain.experiment import presets
from tuitrain.runs.directory import LAST
from tuitrain.runs.events import RunFinished
from tuitrain.tui.control import RunController
from tuitrain.tui.editor import Editor
from tuitrain.tui.session import Session

from ..narrow import present
from .driving import Recorded, live


class Trainer(Session):
    """Begins a recorded run as soon as it is ``loaded``, or refuses with ``problem``."""

    def __init__(self, root):
        super().__init__(root, "cpu")
        self.loaded, self.begins = asyncio.Event(), asyncio.Event()
        self.begins.set()
        self.problem = None
        self.trained = []
        self.closed = False
        self.recorded = None

    async def stand_by(self):
        pass

    async def prepare(self, document):
        await self.loaded.wait()
        if self.problem:
            raise self.problem

    async def start(self, document, steps=None):
        await self.begins.wait()
        self.trained.append((document["name"], steps))
        self.recorded = Recorded(self.root)
        self.follow(self.recorded.directory)
        self.has_trained = True

    def close(self):
        self.closed = True

    async def resume(self):
        self.is_resuming = True
        await self.loaded.wait()
        self.is_resuming = False
        self.follow(present(self.run))


class User:
    """The front: gives the answers that were prepared, and keeps what it was asked and told."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked, self.told, self.notified = [], [], []
        self.discards, self.left, self.stand_bys = True, False, []

    async def ask(self, question):
        self.asked.append(question)
        return self.answers.pop(0)

    def tell(self, notice):
        self.told.append(notice)

    def notify(self, message, *, severity="information", markup=True):
        self.notified.append(message)

    def show(self):
        pass

    def stand_by(self, load=True):
        self.stand_bys.append(load)

    async def may_discard(self, doing):
        return self.discards

    def leave(self):
        self.left = True


def controlled(preset="digits-mlp"):
    """A test of a controller with its trainer, its user, and the editor on a preset."""

    def decorate(scenario):
        @functools.wraps(scenario)
        def test(tmp_path):
            async def play():
                editor, trainer, user = Editor(presets.load(preset)), Trainer(tmp_path), User()
                await scenario(RunController(trainer, editor, user), trainer, user)

            asyncio.run(play())

        del test.__wrapped__  # or pytest takes the parameters of the scenario for fixtures
        return test

    return decorate


def stopped(root):
    """A run that can go on from a checkpoint."""
    run = live(root)
    run.log.append(RunFinished(status="stopped", step=30, reason="stopped"))
    run.directory.checkpoints.mkdir(exist_ok=True)
    (run.directory.checkpoints / LAST).write_bytes(b"weights")
    return run


async def pressed(control, *keys):
    """Press each key at once; what the first of them began is still under way."""
    tasks = []
    for key in keys:
        tasks.append(asyncio.create_task(control.press(key)))
        await asyncio.sleep(0)
    return asyncio.gather(*tasks)
