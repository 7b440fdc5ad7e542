"""The gradient pane's view of units, over recorded events, and what it asks for meanwhile."""

import asyncio
import math

import pytest
from textual.app import App

from tuitrain.runs.events import (
    LayerInfo,
    LayersFrozen,
    LayersUnfrozen,
    RunContinued,
    RunFinished,
    RunPaused,
    RunStarted,
    UnitsObserved,
)
from tuitrain.runs.history import History
from tuitrain.tui.panes import units as unit_view
from tuitrain.tui.panes.gradients import GradientPane

from ..observed import layers_observed

NORMS = {"flatten_1": None, "dense_1": 0.25, "dense_2": None, "batch_norm_1": 0.5, "output": 0.125}
"""dense_2 has weights, but no biases."""


class OnePane(App[None]):
    CSS = "GradientPane { width: 39; height: 15; }"

    def __init__(self):
        super().__init__()
        self.history = History()
        self.asked = []

    def compose(self):
        yield GradientPane()

    def on_unit_view_watched(self, message):
        self.asked.append(message.layer)

    @property
    def pane(self):
        return self.query_one(GradientPane)

    @property
    def lines(self):
        return [self.pane.line(y).text for y in range(self.pane.content_size.height)]

    @property
    def text(self):
        """The words without their line breaks."""
        return " ".join(" ".join(self.lines).split())

    def tell(self, *events):
        for event in events:
            self.history.fold(event)
        self.pane.snapshot = self.history.snapshot()
        self.pane.redraw()

    async def until(self, condition):
        for _ in range(200):
            if condition():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"asked {self.asked}, shows {self.lines}")


def scenario(play):
    """A test that gets the running app, with the focus on its pane, and the pilot."""

    async def run():
        app = OnePane()
        async with app.run_test(size=(39, 15)) as pilot:
            app.pane.focus()
            await play(app, pilot)

    def test(monkeypatch):
        monkeypatch.setattr(unit_view, "RENEW_S", 0.3)
        asyncio.run(run())

    return test


def started():
    layers = tuple(
        LayerInfo(name=name, type="x", output_shape=(4,), parameters=4 * (name != "flatten_1"), trainable=True)
        for name in NORMS
    )
    return RunStarted(
        device="cpu", threads=1, epochs=9, steps_per_epoch=10, total_steps=90, parameters=16, layers=layers
    )


def observed(step, **norms):
    return layers_observed(step, step / 10, tuple({**NORMS, **norms}.values()))


def units(step, layer="dense_1", values=(-0.02, 0.01, 0.0), count=100):
    return UnitsObserved(step=step, epoch=step / 10, layer=layer, units=count, bias_gradient=values)


@scenario
async def test_u_shows_the_units_of_a_layer_and_u_again_the_layers(app, pilot):
    app.tell(started(), observed(5), units(5))
    await pilot.press("u")
    assert app.lines[0].split() == ["dense_1", "‖∂C/∂b‖", "2.5e-01", "step", "5"]
    rows = [line.split() for line in app.lines[1:4]]
    assert [(row[0], row[-1]) for row in rows] == [("1", "-2.000"), ("2", "1.000"), ("3", "0.000")]
    assert "█│" in app.lines[1] and "│█" in app.lines[2]
    assert app.lines[-1].split("  ")[:3] == ["× 0.01", "bar ±2", "3 of 100 units"]
    assert "∂C/∂b" in app.pane.border_title
    await pilot.press("u")
    await app.until(lambda: app.lines[0].startswith("step 5"))
    assert "batch_norm_1" in app.text and "Gradient norm" in app.pane.border_title


@scenario
async def test_thirty_units_fit_into_a_low_pane_and_the_scale_stands_still(app, pilot):
    app.tell(started(), observed(5), units(5, values=tuple(0.001 * (unit - 15) for unit in range(30))))
    await pilot.press("u")
    for number in range(1, 31):
        assert f"{number:>2}" in app.text
    assert "30 of 100 units" in app.lines[-1] and "bar ±1.5" in app.lines[-1]
    scale = app.lines[-1]
    app.tell(observed(6), units(6, values=(0.004,) * 30))
    assert app.lines[-1] == scale
    app.tell(observed(7), units(7, values=(0.0004,) * 30))
    assert "× 1e-4" in app.lines[-1] and "bar ±4" in app.lines[-1]


@scenario
async def test_up_and_down_choose_among_the_layers_that_train_biases(app, pilot):
    app.tell(started(), observed(5), units(5))
    await pilot.press("u", "down")
    assert "batch_norm_1" in app.text and "waiting" in app.text
    app.tell(observed(6), units(6, "batch_norm_1", (0.5, -0.25), count=2))
    assert "all 2 units" in app.lines[-1] and "batch_norm_1" in app.lines[0]
    await pilot.press("down", "down", "down")
    assert app.pane.chosen == "output"
    await pilot.press("pageup")
    assert app.pane.chosen == "dense_1"


@scenario
async def test_units_are_asked_for_again_and_again_while_they_are_shown(app, pilot):
    app.tell(started(), observed(5))
    await pilot.pause(0.5)
    assert app.asked == []
    await pilot.press("u")
    await app.until(lambda: app.asked[2:3] == ["dense_1"])
    app.pane.choose(1)
    app.pane.choose(1)
    await app.until(lambda: app.asked[-2:] == ["output"] * 2)
    assert "batch_norm_1" not in app.asked  # passed by, it was not meant
    app.pane.display = False
    await pilot.pause()
    count = len(app.asked)
    await asyncio.sleep(0.7)
    assert len(app.asked) == count
    app.pane.display = True
    await app.until(lambda: len(app.asked) > count)
    app.pane.by_unit = False
    await pilot.pause()
    count = len(app.asked)
    await asyncio.sleep(0.7)
    assert len(app.asked) == count


@scenario
async def test_nothing_is_asked_of_a_run_that_is_over_and_the_last_units_stay(app, pilot):
    app.tell(started(), observed(5), units(5), RunFinished(status="stopped", step=8, reason="asked to"))
    await pilot.press("u")
    assert "step 5" in app.lines[0] and "-2.000" in app.text
    await pilot.press("down")
    assert "units of batch_norm_1 were not observed: they are only while the run is on" in app.text
    await asyncio.sleep(0.7)
    assert app.asked == []
    app.tell(RunContinued(from_step=5))
    await app.until(lambda: app.asked[:1] == ["batch_norm_1"])


@scenario
async def test_a_paused_run_is_asked_too_because_a_single_step_may_come(app, pilot):
    app.tell(started(), observed(5), RunPaused(step=5))
    await pilot.press("u")
    await app.until(lambda: app.asked)


@scenario
async def test_what_there_is_not_to_see_is_said(app, pilot):
    await pilot.press("u")
    assert "press F5 to start" in app.text
    app.tell(started())
    assert "waiting for the first step" in app.text
    app.tell(observed(1, **dict.fromkeys(NORMS)))
    assert "no layer trains biases" in app.text
    app.tell(observed(2))
    await app.until(lambda: "here come the units of dense_1" in app.text)
    await pilot.press("down")
    app.tell(observed(3, batch_norm_1=None))
    assert "batch_norm_1 is frozen or has no biases" in app.text
    count = len(app.asked)
    await asyncio.sleep(0.7)
    assert "batch_norm_1" not in app.asked[count:]


@scenario
async def test_a_new_run_starts_with_its_own_layers(app, pilot):
    app.tell(started(), observed(5))
    await pilot.press("u", "down")
    app.history = History()
    app.tell(started(), observed(1))
    assert app.pane.chosen == "dense_1"


@scenario
async def test_the_key_for_weights_and_biases_is_hidden_where_it_does_nothing(app, pilot):
    app.tell(started(), observed(5), units(5))
    assert "g" in app.active_bindings
    await pilot.press("u", "g")
    assert "g" not in app.active_bindings and app.pane.statistic == "gradient_norm"


@scenario
async def test_ascii_mode_uses_nothing_else(app, pilot):
    app.pane.ascii_only = True
    app.tell(started(), observed(5), units(5, values=(-0.5, 0.25, math.nan, math.inf)))
    await pilot.press("u")
    assert app.text.isascii() and app.pane.border_title.isascii()
    assert "#|" in app.lines[1] and "|#" in app.lines[2] and "|dC/db|" in app.lines[0]


@scenario
async def test_only_what_changed_is_repainted(app, pilot):
    app.tell(started(), observed(5), units(5, values=(0.5,) * 30))
    await pilot.press("u")
    await pilot.pause()
    cells: list[int] = []
    for tile in app.query("_Tile"):
        tile.refresh = lambda *regions, **_: cells.extend(region.area for region in regions)
    app.tell(observed(6), units(6, values=(0.4, *(0.5,) * 29)))
    assert 0 < sum(cells) < 40  # of 481: a step, a bar, a number


class PaneOfAnyHeight(OnePane):
    CSS = ""


@pytest.mark.parametrize("height", range(1, 6))
def test_the_lowest_panes_are_drawn_too(height):
    async def play():
        app = PaneOfAnyHeight()
        async with app.run_test(size=(20, height + 2)) as pilot:
            app.pane.focus()
            app.tell(started(), observed(5), units(5, values=(0.5,) * 30))
            await pilot.press("u")
            assert [len(line) for line in app.lines] == [18] * height

    asyncio.run(play())


@scenario
async def test_a_frozen_layer_has_no_bar_and_says_so(app, pilot):
    def row(name):
        return next(line for line in app.lines if line.startswith(name)).split()

    app.tell(started(), observed(5))
    assert (row("dense_1")[-1], row("dense_2")[-1]) == ("2.5e-01", "—")
    app.tell(LayersFrozen(step=5, layers=("dense_1",)))
    assert (row("dense_1"), row("dense_2")[-1]) == (["dense_1", "frozen"], "—")
    app.tell(observed(15, dense_1=None))
    assert row("dense_1") == ["dense_1", "frozen"]
    app.tell(LayersUnfrozen(step=20, layers=("dense_1",)), observed(21))
    assert row("dense_1")[-1] == "2.5e-01"
