"""A dashboard that is driven by its keys, over recorded runs: no trainer is started here."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

from tuitrain.experiment import presets, toml
from tuitrain.experiment.document import to_document, to_experiment
from tuitrain.runs.codec import decode_command
from tuitrain.runs.directory import RunDirectory, create
from tuitrain.runs.events import (
    EpochCompleted,
    LayerInfo,
    RunFinished,
    RunStarted,
    Spread,
    WindowCompleted,
)
from tuitrain.runs.log import EventLog
from tuitrain.tui.app import TuitrainApp

from ..observed import layers_observed

LARGE, SMALL = (120, 40), (80, 24)
FLATTEN, FIRST_DENSE, OUTPUT = 2, 3, 5
"""Rows of the model pane: the input and the defaults are above."""


@dataclass
class Driver:
    """The running app, its keys, and what stands on its screen."""

    app: TuitrainApp
    pilot: Pilot[None]

    @property
    def dashboard(self):
        return self.app._dashboard

    @property
    def root(self):
        return self.dashboard.control.session.root

    @property
    def draft(self):
        return self.dashboard.editor.draft

    @property
    def experiment(self):
        return self.draft.experiment

    @property
    def layers(self):
        return self.experiment.model.layers

    def change(self, document):
        self.dashboard.editor.apply(document)
        self.dashboard._edited()

    @property
    def screen(self):
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    @property
    def box(self):
        """The words of the dialog, without its frame and its line breaks."""
        frame = self.app.screen.query_one(".box").region.shrink((1, 1, 1, 1))
        lines = self.screen.splitlines()[frame.y : frame.bottom]
        return " ".join(" ".join(line[frame.x : frame.right] for line in lines).split())

    async def press(self, *keys):
        """Press them at once, and wait until all that they set off is done."""
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
            character = " " if key == "space" else key if len(key) == 1 else None
            self.app.post_message(Key(name, character))
        await self.app.input.settled()

    async def type(self, text):
        await self.press(*text)

    async def row(self, number):
        await self.press("home", *["down"] * number)

    async def until(self, condition):
        """Wait for it; the end of patience shows the screen."""
        for _ in range(3000):
            if condition():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"it did not happen:\n{self.screen}")

    async def sees(self, text):
        await self.until(lambda: text in self.screen)

    async def dialog(self, kind):
        await self.until(lambda: isinstance(self.app.screen, kind))
        await self.app.input.settled()
        await self.app.screen.wait_for_refresh()

    async def no_dialog(self):
        await self.until(lambda: self.app.screen is self.dashboard)


def driven(size=LARGE, preset="digits-mlp", run=None):
    """A test of a dashboard of that size; ``run`` makes the one that is shown of the directory for runs."""

    def decorate(scenario):
        async def play(root):
            shown = run(root) if run else None
            experiment = presets.load(preset)
            if shown:
                experiment = to_experiment(toml.read(shown.directory.experiment))
            app = TuitrainApp(experiment, root, file=presets.find(preset), run=shown and shown.directory)
            async with app.run_test(size=size, notifications=True) as pilot:
                await app.input.settled()
                driver = Driver(app, pilot)
                await (scenario(driver, shown) if shown else scenario(driver))

        def test(tmp_path):
            asyncio.run(play(tmp_path / "runs"))

        return test

    return decorate


class Held:
    """A source of the snapshot that it holds."""

    def __init__(self, snapshot):
        self.snapshot = snapshot

    def poll(self):
        return self.snapshot


class Recorded:
    """A run that a test writes; its lock is held until `die`."""

    def __init__(self, root: Path, preset: str = "digits-mlp") -> None:
        document = to_document(presets.load(preset).completed(), complete=True)
        self.directory = create(root, preset, toml.dumps(document), {"device": "cpu"})
        self._lock = self.directory.hold_lock()
        self.log = EventLog(self.directory.events)
        self.log.append(started())
        for step in (10, 20, 30):
            self.log.append(window(step))
        self.log.append(observed(30))

    def die(self):
        os.close(self._lock)

    def sent(self) -> list[object]:
        files = sorted(self.directory.commands.glob("*.json"))
        return [decode_command(file.read_bytes()) for file in files]


def started():
    layers = [("flatten_1", (64,), 0), ("dense_1", (64,), 4160), ("dense_2", (32,), 2080), ("output", (10,), 330)]
    return RunStarted(
        device="cpu",
        threads=1,
        epochs=10,
        steps_per_epoch=10,
        total_steps=100,
        parameters=6570,
        layers=tuple(
            LayerInfo(name=name, type=name, output_shape=shape, parameters=count, trainable=count > 0)
            for name, shape, count in layers
        ),
    )


def window(step):
    loss = Spread(mean=2.5 - step / 20, min=0.5, max=2.75, last=1.0)
    return WindowCompleted(
        step=step,
        steps=10,
        epoch=step / 10,
        loss=loss,
        figures={"accuracy": step / 200},
        lr=0.003,
        samples_per_second=1234.0,
        data_wait=0.0,
    )


def observed(step):
    norms = (None, 0.01, 0.1, 1.0)
    return layers_observed(step, step / 10, (None,) * 4, gradient_norm=norms, bias_gradient_norm=norms)


def live(root: Path) -> Recorded:
    return Recorded(root)


def finished(root: Path) -> Recorded:
    run = Recorded(root)
    figures = {"loss": 0.25, "accuracy": 0.9375}
    run.log.append(EpochCompleted(epoch=10, step=100, seconds=1.0, train=figures, validation=figures))
    run.log.append(RunFinished(status="finished", step=100, reason="all 10 epochs done"))
    run.die()
    return run


def failed(root: Path) -> Recorded:
    run = Recorded(root)
    run.log.append(RunFinished(status="failed", step=31, reason="KeyError in step 32", traceback="Traceback: here"))
    run.die()
    return run


def lost(root: Path) -> Recorded:
    run = Recorded(root)
    run.die()
    return run


def content(run: RunDirectory) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
