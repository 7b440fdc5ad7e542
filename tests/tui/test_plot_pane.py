import asyncio
from dataclasses import replace
from typing import Any

import pytest
from textual.app import App
from textual.containers import Grid
from textual.events import MouseScrollUp
from textual.reactive import reactive

from tuitrain.runs.events import LayerInfo, RunStarted, Spread, WindowCompleted
from tuitrain.runs.snapshot import Curve, Snapshot
from tuitrain.tui.charts import Plan
from tuitrain.tui.panes.canvas import CanvasPane, drawings_per_second
from tuitrain.tui.panes.gradients import GradientPane
from tuitrain.tui.panes.plot import PlotPane
from tuitrain.tui.plots import PLOTS

from ..observed import layers_observed

LAYERS = 20
ALL = 10**6


class Panes(App[None]):
    CSS = "Grid { grid-size: 2 2; }"
    snapshot: reactive[Snapshot] = reactive(Snapshot(), repaint=False, always_update=True)

    def compose(self):
        with Grid():
            for pane in (*map(PlotPane, PLOTS), GradientPane()):
                yield pane.data_bind(Panes.snapshot)

    async def show(self, pilot, snapshot):
        """What the dashboard does, without the wait for the next drawing."""
        self.snapshot = snapshot
        for pane in self.query(CanvasPane):
            pane.redraw()
        await pilot.pause()


def on_screen(width, height):
    """A test that gets the running app, on a screen of that size, and its pilot."""

    def decorate(scenario):
        async def play():
            app = Panes()
            async with app.run_test(size=(width, height)) as pilot:
                await scenario(app, pilot)

        def test():
            asyncio.run(play())

        return test

    return decorate


def at(step, version=1):
    layers = tuple(
        LayerInfo(name=f"layer{index}", type="dense", output_shape=(1,), parameters=index, trainable=True)
        for index in range(LAYERS + 1)
    )
    started = RunStarted(
        device="cpu", threads=1, epochs=10, steps_per_epoch=100, total_steps=1000, parameters=1, layers=layers
    )
    steps = tuple(float(one) for one in range(10, step + 1, 10))
    values = tuple(1.0 - one / 2000 for one in steps)
    curve = Curve(steps, steps, values, values, values, values)
    loss = Spread(mean=values[-1], min=values[-1], max=values[-1], last=values[-1])
    window = WindowCompleted(
        step=step,
        steps=10,
        epoch=1.0,
        loss=loss,
        figures={"accuracy": 0.5},
        lr=0.1,
        samples_per_second=1.0,
        data_wait=0.0,
    )
    norms = {"gradient_norm": (None, *(1e-3,) * LAYERS), "bias_gradient_norm": (None, *(1e-5,) * LAYERS)}
    observed = layers_observed(step, step / 100, (None,) * (LAYERS + 1), **norms)
    return Snapshot(
        version=version,
        started=started,
        step=step,
        curves=dict.fromkeys(("train.loss", "train.accuracy", "lr"), curve),
        window=window,
        observed=observed,
    )


def text_of(pane):
    return "\n".join(pane.line(y).text for y in range(pane.content_size.height))


def screen_text(app):
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


@on_screen(120, 40)
async def test_the_panes_follow_a_bound_snapshot_onto_the_screen(app, pilot):
    assert "press F5 to start" in screen_text(app)
    await app.show(pilot, at(500))
    shown = screen_text(app)
    assert "train 0.7500" in shown
    assert "step 500" in shown
    for pane in app.query(CanvasPane):
        for line in text_of(pane).splitlines():
            assert line in shown


@on_screen(120, 40)
async def test_only_what_changed_is_repainted(app, pilot):
    await app.show(pilot, at(500))
    cells: list[int] = []

    def count(*regions, **from_styles):
        if not from_styles:
            cells.extend(region.area for region in regions) if regions else cells.append(ALL)

    for tile in app.query("_Tile"):
        tile.refresh = count
    await app.show(pilot, at(510, version=2))
    assert 0 < sum(cells) < 250  # of 4,700
    cells.clear()
    await app.show(pilot, replace(at(510), version=3))
    assert cells == []


@on_screen(120, 40)
async def test_a_new_size_is_drawn_at_once(app, pilot):
    await app.show(pilot, at(500))
    await pilot.resize_terminal(90, 30)
    await pilot.pause()
    pane = app.query_one("#loss")
    assert pane.line(0).cell_length == pane.content_size.width == 43
    assert text_of(pane) in "\n".join(row[1:44] for row in screen_text(app).splitlines()[1:])


@on_screen(120, 40)
async def test_a_hidden_pane_is_not_drawn_until_it_is_seen(app, pilot):
    pane = app.query_one("#loss")
    pane.display = False
    await pilot.pause()
    app.snapshot = at(500)
    await pilot.pause(0.6)
    assert "0.7500" not in text_of(pane)
    pane.display = True
    await pilot.pause(0.6)
    assert "0.7500" in text_of(pane)


@on_screen(120, 40)
async def test_the_learning_rate_shows_a_plan_as_soon_as_there_is_one(app, pilot):
    pane = app.query_one("#rate")
    pane.plan = Plan(((0, 0.5), (1000, 0.1)), steps_per_epoch=100)
    pane.redraw()
    await pilot.pause()
    assert "plan" in text_of(pane)
    assert "0.5┤" in text_of(pane)
    assert pane.border_subtitle == ""
    pane.plan = Plan(pane.plan.points, note="falls where progress stops")
    pane.redraw()
    assert pane.border_subtitle == "falls where progress stops"


@on_screen(120, 40)
async def test_a_regression_shows_its_mean_absolute_error(app, pilot):
    pane = app.query_one("#accuracy")
    assert pane.border_title == "Accuracy"
    pane.regression = True
    pane.redraw()
    await pilot.pause()
    assert pane.border_title == "Mean absolute error"
    assert "distance" in text_of(pane)
    snapshot = at(500)
    window = replace(snapshot.window, figures={"mae": 12.5})
    await app.show(pilot, replace(snapshot, curves={"train.mae": snapshot.curve("train.loss")}, window=window))
    assert "train 12.5000" in text_of(pane)
    await app.show(pilot, at(510, version=2))  # a run with classes, whatever is edited now
    assert pane.border_title == "Accuracy" and "train 0.5000" in text_of(pane)


@on_screen(120, 40)
async def test_l_switches_the_scale(app, pilot):
    await app.show(pilot, at(500))
    pane = app.query_one("#loss")
    linear = text_of(pane)
    pane.focus()
    await pilot.press("y")
    await app.show(pilot, at(500))
    assert pane.logarithmic
    assert text_of(pane) != linear


@on_screen(120, 40)
async def test_g_switches_between_weights_and_biases(app, pilot):
    await app.show(pilot, at(500))
    pane = app.query_one(GradientPane)
    assert "1.0e-03" in text_of(pane)
    assert "∂C/∂w" in pane.border_title
    pane.focus()
    await pilot.press("g")
    await app.show(pilot, at(500))
    assert "1.0e-05" in text_of(pane)
    assert "∂C/∂b" in pane.border_title


@on_screen(120, 30)
async def test_more_layers_than_rows_are_scrolled_and_only_those_with_parameters_are_there(app, pilot):
    await app.show(pilot, at(500))
    pane = app.query_one(GradientPane)

    def names():
        return [line.split()[0] for line in text_of(pane).splitlines()[1:-1]]

    rows = len(names())
    assert names()[0] == "layer1"
    pane.focus()
    await pilot.press("down", "down", "up")
    assert names()[0] == "layer2"
    await pilot.press("pagedown", "pagedown", "pagedown")
    assert names() == [f"layer{index}" for index in range(LAYERS - rows + 1, LAYERS + 1)]
    nothing: dict[str, Any] = {"delta_x": 0, "delta_y": 0, "button": 0, "shift": False, "meta": False, "ctrl": False}
    pane.children[0].post_message(MouseScrollUp(pane.children[0], 1, 1, **nothing))
    await pilot.pause()
    assert names()[-1] == f"layer{LAYERS - 1}"


@on_screen(120, 40)
async def test_ascii_mode_uses_nothing_else(app, pilot):
    for pane in app.query(CanvasPane):
        pane.ascii_only = True
    await app.show(pilot, at(500))
    assert [character for character in screen_text(app) if ord(character) > 127] == []


@on_screen(120, 40)
async def test_colours_follow_the_theme(app, pilot):
    await app.show(pilot, at(500))
    pane = app.query_one("#loss")
    dark = pane.palette
    app.theme = "textual-light"
    await pilot.pause(0.6)
    assert pane.palette != dark
    assert pane.line(0)._segments[0].style.color.name == pane.palette.train


@pytest.mark.parametrize(("name", "rate"), [("SSH_TTY", 2), ("SSH_CONNECTION", 2), ("HOME", 4)])
def test_fewer_drawings_go_through_ssh(name, rate):
    assert drawings_per_second({name: "x"}) == rate
