"""How long the four plots of the dashboard take to draw on a terminal of 160×50, after an hour of training."""

from __future__ import annotations

import asyncio
import math
import random
import time
from statistics import median
from typing import Any

from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.reactive import reactive

from tuitrain.runs.events import EpochCompleted, LayerInfo, LayersObserved, RunStarted, Spread, WindowCompleted
from tuitrain.runs.history import History
from tuitrain.runs.snapshot import Snapshot
from tuitrain.tui.panes.canvas import CanvasPane
from tuitrain.tui.panes.gradients import GradientPane
from tuitrain.tui.panes.plot import PlotPane
from tuitrain.tui.plots import PLOTS

WINDOWS, WINDOWS_PER_EPOCH, STEPS = 18_000, 90, 300
LAYERS = 4


class Plots(App[None]):
    """The right part of the dashboard, of the size that it has at 160×50."""

    CSS = "Grid { grid-size: 2 2; width: 104; height: 40; }"
    snapshot: reactive[Snapshot] = reactive(Snapshot(), repaint=False, always_update=True)

    def compose(self) -> ComposeResult:
        with Grid():
            for pane in (*map(PlotPane, PLOTS), GradientPane()):
                yield pane.data_bind(Plots.snapshot)


def redraw_ms(times: int = 40) -> float:
    """The median, in milliseconds, of drawing all four when there is a new window and new gradients."""
    return asyncio.run(_redraw_ms(times))


async def _redraw_ms(times: int) -> float:
    app, history, took = Plots(), _history(), []
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        for index in range(times + 1):
            _advance(history, WINDOWS + index)
            app.snapshot = history.snapshot()
            began = time.perf_counter()
            for pane in app.query(CanvasPane):
                pane.redraw()
            took.append(1000 * (time.perf_counter() - began))
            await asyncio.sleep(0.05)  # as in the dashboard, cells are repainted between two drawings
    return median(took[1:])  # the first imports plotext


def _history() -> History:
    layers = tuple(
        LayerInfo(name=f"dense_{index}", type="dense", output_shape=(10,), parameters=110, trainable=True)
        for index in range(LAYERS)
    )
    history, per_epoch = History(), WINDOWS_PER_EPOCH * STEPS
    epochs = WINDOWS // WINDOWS_PER_EPOCH + 10
    history.fold(
        RunStarted(
            device="cpu",
            threads=1,
            epochs=epochs,
            steps_per_epoch=per_epoch,
            total_steps=epochs * per_epoch,
            parameters=440,
            layers=layers,
        )
    )
    for index in range(WINDOWS):
        _advance(history, index)
    return history


def _advance(history: History, index: int) -> None:
    """The events of one more window: a noisy loss that falls."""
    noise = random.Random(index)
    step, epoch = (index + 1) * STEPS, (index + 1) / WINDOWS_PER_EPOCH
    loss = 2 * math.exp(-index / 4000) + 0.2 + noise.uniform(0, 0.05)
    spread = Spread(mean=loss, min=loss * noise.uniform(0.2, 0.6), max=loss * noise.uniform(1.5, 3), last=loss)
    history.fold(
        WindowCompleted(
            step=step,
            steps=STEPS,
            epoch=epoch,
            loss=spread,
            figures={"accuracy": 1 / (1 + loss)},
            lr=0.01,
            samples_per_second=50_000.0,
            data_wait=0.0,
        )
    )
    values = tuple(noise.uniform(1e-4, 1e-1) for _ in range(LAYERS))
    statistics: dict[str, Any] = dict.fromkeys(_STATISTICS, values)
    history.fold(LayersObserved(step=step, epoch=epoch, **statistics))
    if (index + 1) % WINDOWS_PER_EPOCH == 0:
        figures = {"loss": loss, "accuracy": 1 / (1 + loss)}
        history.fold(EpochCompleted(epoch=round(epoch), step=step, seconds=18.0, train=figures, validation=figures))


_STATISTICS = (
    *("gradient_norm", "bias_gradient_norm", "gradient_rms", "weight_norm", "update_ratio"),
    *("activation_mean", "activation_std", "zero_share", "dead_share", "saturated_share"),
)


if __name__ == "__main__":
    print(f"{redraw_ms():.1f} ms")
