"""The whole screen on terminals that can do less, in every pane and dialog."""

import asyncio

import pytest
from textual.widgets import Select

from tuitrain.experiment import presets
from tuitrain.runs.events import LayerInfo, RunStarted, Spread, UnitsObserved, WindowCompleted
from tuitrain.runs.snapshot import Curve, LogLine, Snapshot
from tuitrain.tui.app import TuitrainApp
from tuitrain.tui.dashboard import CELLS
from tuitrain.tui.formdialog import FormDialog
from tuitrain.tui.panes.canvas import CanvasPane
from tuitrain.tui.terminal import is_ascii_only

from ..observed import layers_observed
from .driving import Held


def running():
    curve = Curve((1.0, 50.0), (1.0, 50.0), (1.0, 2.0), (0.5, 1.0), (2.0, 3.0), (1.0, 2.0))
    layers = (LayerInfo(name="dense_é", type="dense", output_shape=(3,), parameters=9, trainable=True),)
    window = WindowCompleted(
        step=50,
        steps=50,
        epoch=0.5,
        loss=Spread(mean=1.0, min=0.5, max=2.0, last=1.0),
        figures={"accuracy": 0.5},
        lr=0.1,
        samples_per_second=9.0,
        data_wait=0.0,
    )
    observed = layers_observed(50, 0.5, (0.25,))
    return Snapshot(
        version=1,
        state="running",
        started=RunStarted(
            device="cpu", threads=1, epochs=2, steps_per_epoch=100, total_steps=200, parameters=9, layers=layers
        ),
        step=50,
        epoch=0.5,
        curves=dict.fromkeys(("train.loss", "train.accuracy", "validation.loss", "lr"), curve),
        window=window,
        observed=observed,
        units=UnitsObserved(step=50, epoch=0.5, layer="dense_é", units=3, bias_gradient=(0.5, -0.25, 0.0)),
        last_validation={"loss": 1.0, "accuracy": 0.5},
        log=(LogLine(0.0, "info", "café ✓ → 1×2"),),
    )


class Shown:
    """The app on a test's screen, and what stands there."""

    def __init__(self, app, pilot):
        self.app, self.pilot = app, pilot

    @property
    def text(self):
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    async def sees(self, *texts):
        for _ in range(400):
            if all(text in self.text for text in texts):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"not seen: {texts}\n{self.text}")

    async def settle(self):
        await self.pilot.pause()
        for pane in self.app._dashboard.query(CanvasPane):
            pane.redraw()
        await self.pilot.pause()


def play(scenario, size, root):
    async def run():
        app = TuitrainApp(presets.load("digits-mlp"), root)
        async with app.run_test(size=size) as pilot:
            app._dashboard.control.session.show({"run": Held(running())})
            await scenario(Shown(app, pilot))

    asyncio.run(run())


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_in_ascii_mode_nothing_else_is_on_the_screen(size, tmp_path, monkeypatch):
    monkeypatch.setenv("TUITRAIN_ASCII", "1")

    async def scenario(shown):
        async def is_ascii(what):
            await shown.settle()
            text = shown.text
            assert {one for one in text if not one.isascii()} == set(), f"{what}\n{text}"
            return text

        for number, name in enumerate(CELLS, 1):
            await shown.pilot.press(str(number))
            await is_ascii(name)
            assert shown.app.focused.id == name
        await shown.pilot.press("6", "u")
        await is_ascii("units")
        await shown.pilot.press("1")
        await shown.sees("1x8x8", "enter Edit")
        await is_ascii("model")
        await shown.pilot.press("home", "enter")
        await shown.sees("ctrl+s accepts")
        assert isinstance(shown.app.screen, FormDialog)
        await is_ascii("form")
        shown.app.screen.query(Select).first().expanded = True
        await is_ascii("list of a form")
        await shown.pilot.press("escape", "escape")
        for keys in (["question_mark"], ["p"], ["a"], ["ctrl+p"], ["q"]):
            await shown.pilot.press(*keys)
            await is_ascii(f"dialog of {keys}")
            await shown.pilot.press("escape")

    play(scenario, size, tmp_path)


@pytest.mark.parametrize(("variable", "value"), [("TEXTUAL_COLOR_SYSTEM", "standard"), ("NO_COLOR", "1")])
def test_every_word_can_be_read_with_few_colours(variable, value, tmp_path, monkeypatch):
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr("textual.constants.COLOR_SYSTEM", "standard")

    async def scenario(shown):
        for keys in (["1"], ["2"], ["7"], ["question_mark"], ["escape", "p"], ["escape", "2", "enter"]):
            await shown.pilot.press(*keys)
            await shown.settle()
            for strip in shown.app.screen._compositor.render_strips():
                for segment in strip:
                    if any(map(str.isalnum, segment.text)) and segment.style.color and segment.style.bgcolor:
                        assert contrast(segment.style) >= 3, (keys, segment)

    play(scenario, (120, 40), tmp_path)


def contrast(style):
    from rich.color import ColorSystem

    def luminance(color):
        channels = [one / 255 for one in color.downgrade(ColorSystem.STANDARD).get_truecolor()]
        linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
        return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, bright = sorted([luminance(style.color), luminance(style.bgcolor)])
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"TUITRAIN_ASCII": "1"}, True),
        ({"TERM": "linux"}, True),
        ({"LC_ALL": "de_DE.ISO-8859-1"}, True),
        ({"LC_ALL": "", "LANG": "de_DE.UTF-8"}, False),
        ({"LC_ALL": "C"}, False),
    ],
)
def test_when_only_ascii_is_to_be_had(environment, expected):
    assert is_ascii_only(environment) is expected
