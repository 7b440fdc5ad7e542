"""A changed snapshot comes to the screen by itself: nothing here draws for a pane."""

import asyncio
from dataclasses import replace
from functools import partial

from tuitrain.experiment import presets
from tuitrain.runs.events import (
    LayerInfo,
    RunFinished,
    RunStarted,
    Spread,
    UnitsObserved,
    WindowCompleted,
)
from tuitrain.runs.snapshot import Curve, LogLine, Snapshot
from tuitrain.tui.app import TuitrainApp
from tuitrain.tui.dashboard import CELLS
from tuitrain.tui.panes.canvas import CanvasPane

from ..observed import layers_observed
from .driving import Held

STARTED = RunStarted(
    device="cpu",
    threads=2,
    epochs=10,
    steps_per_epoch=100,
    total_steps=1000,
    parameters=9,
    layers=(LayerInfo(name="dense_1", type="dense", output_shape=(3,), parameters=9, trainable=True),),
)
SHOWN = {
    "loss": "train {:.4f}",
    "accuracy": "train {:.4f}",
    "rate": "now {:.4g}",
    "gradients": "{:.1e}",
    "log": "said {}",
    "runbar": "{:,.0f} MiB",
}
"""What each pane shows of a number of its own, from 1 to 3."""


def at(number):
    """The same run, later: every pane has something new to show."""
    steps = tuple(float(10 * one) for one in range(1, number + 1))
    values = tuple(number / 4 for _ in steps)
    curve = Curve(steps, steps, values, values, values, values)
    value = number / 4
    window = WindowCompleted(
        step=10 * number,
        steps=10,
        epoch=number / 10,
        loss=Spread(mean=value, min=value, max=value, last=value),
        figures={"accuracy": value},
        lr=value,
        samples_per_second=100.0,
        data_wait=0.0,
        memory=int(value * 2**30),
    )
    return Snapshot(
        version=number,
        state="running",
        started=STARTED,
        step=10 * number,
        curves=dict.fromkeys(("train.loss", "train.accuracy", "lr"), curve),
        window=window,
        last_validation={"loss": value, "accuracy": value},
        observed=layers_observed(10 * number, 0.1, (value,)),
        units=UnitsObserved(step=10 * number, epoch=0.1, layer="dense_1", units=1, bias_gradient=(value,)),
        log=tuple(LogLine(0.0, "info", f"said {one / 4}") for one in range(1, number + 1)),
    )


def seen(app, pane):
    """What stands on the screen where the pane is."""
    region = pane.region
    rows = [strip.crop(region.x, region.right).text for strip in app.screen._compositor.render_strips()]
    return "\n".join(rows[region.y : region.bottom])


async def until(condition, app, pane):
    """Wait until it holds for what is seen of the pane."""
    for _ in range(400):
        if condition(seen(app, pane)):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not seen in {pane.id}:\n{seen(app, pane)}")


async def sees(app, pane, text):
    await until(lambda shown: text in shown, app, pane)


def dots(shown):
    """The cells of curves: what is below the title and the legend in braille."""
    return sum("\u2800" < one <= "\u28ff" for one in shown.split("\n", 2)[-1])


def more_dots(count, shown):
    return dots(shown) > count


def play(scenario, root):
    async def run():
        app = TuitrainApp(presets.load("digits-mlp"), root)
        async with app.run_test(size=(160, 50)) as pilot:
            await pilot.pause()
            source = Held(at(0))
            app._dashboard.control.session.show({"run": source})
            await scenario(app, pilot, source)

    asyncio.run(run())


def test_every_pane_shows_each_new_snapshot(tmp_path):
    async def scenario(app, pilot, source):
        panes = list(app._dashboard.query(CanvasPane))
        assert {pane.id for pane in panes} == set(SHOWN)
        for number in (1, 2, 3):
            source.snapshot = at(number)
            for pane in panes:
                value = number / 4 * (1024 if pane.id == "runbar" else 1)
                await sees(app, pane, SHOWN[pane.id].format(value))

    play(scenario, tmp_path)


def test_the_curves_and_the_units_grow(tmp_path):
    async def scenario(app, pilot, source):
        dashboard = app._dashboard
        source.snapshot = at(1)
        gradients = dashboard.query_one("#gradients")
        await pilot.press("6", "u")
        await sees(app, gradients, "step 10")
        panes = [dashboard.query_one(f"#{name}") for name in ("loss", "accuracy", "rate")]
        before = [dots(seen(app, pane)) for pane in panes]
        source.snapshot = at(3)
        for pane, count in zip(panes, before, strict=True):
            await until(partial(more_dots, count), app, pane)
        await sees(app, gradients, "step 30")

    play(scenario, tmp_path)


def test_the_end_of_a_run_is_said_by_itself(tmp_path):
    async def scenario(app, pilot, source):
        dashboard = app._dashboard
        source.snapshot = at(1)
        finished = RunFinished(status="finished", step=10, reason="all 10 epochs done")
        bar = dashboard.query_one("#runbar")
        await sees(app, bar, "training")
        source.snapshot = replace(at(1), version=2, state="finished", finished=finished)
        await sees(app, bar, "all 10 epochs done")
        assert "✓ finished" in seen(app, bar)

    play(scenario, tmp_path)


def test_every_pane_has_its_title_on_the_screen(tmp_path):
    titles = {
        **{cell.name: cell.title for cell in CELLS.values()},
        "model": "Model: digits-mlp",
        "rate": "Learning rate",
        "gradients": "Gradient norm",
    }

    async def scenario(app, pilot, source):
        for name, title in titles.items():
            assert f" {title} " in seen(app, app._dashboard.query_one(f"#{name}")).split("\n")[0]

    play(scenario, tmp_path)
