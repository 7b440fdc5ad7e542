"""The dashboard by its keys, over recorded runs: no trainer is started here."""

import asyncio
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from tuitrain.experiment import presets, toml
from tuitrain.experiment.document import to_document, to_experiment
from tuitrain.model.activations import Linear
from tuitrain.model.dense import Dense
from tuitrain.model.elementwise import Dropout
from tuitrain.model.freezing import Freeze
from tuitrain.model.reshaping import Flatten
from tuitrain.optim.clipping import ByNorm
from tuitrain.runs import commands
from tuitrain.runs.codec import decode_command
from tuitrain.runs.directory import RunDirectory, create
from tuitrain.runs.events import (
    EpochCompleted,
    Figures,
    LayerInfo,
    LayersObserved,
    RunFinished,
    RunPaused,
    RunStarted,
    Spread,
    UnitsObserved,
    ValidationCompleted,
    WindowCompleted,
)
from tuitrain.runs.log import EventLog
from tuitrain.tui.app import TuitrainApp
from tuitrain.tui.dashboard import PANES
from tuitrain.tui.dialogs import Notice, Picker, Prompt, Question
from tuitrain.tui.formdialog import FormDialog

LARGE, SMALL = (120, 40), (80, 24)
FLATTEN, FIRST_DENSE, OUTPUT = 2, 3, 5
"""Rows of the model pane: the input and the defaults are above."""


@pytest.fixture(autouse=True)
def no_trainer(monkeypatch):
    """A stand-by cannot be started, which costs nothing and is said in the run bar."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")


@dataclass
class Driver:
    """The running app, its keys, and what stands on its screen."""

    app: TuitrainApp
    pilot: Pilot

    @property
    def dashboard(self):
        return self.app._dashboard

    @property
    def layers(self):
        return self.dashboard.experiment.model.layers

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
            app = TuitrainApp(experiment, root, source=presets.find(preset), run=shown and shown.directory)
            async with app.run_test(size=size, notifications=True) as pilot:
                await app.input.settled()
                driver = Driver(app, pilot)
                await (scenario(driver, shown) if shown else scenario(driver))

        def test(tmp_path):
            asyncio.run(play(tmp_path / "runs"))

        return test

    return decorate


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
        accuracy=step / 200,
        lr=0.003,
        samples_per_second=1234.0,
        data_wait=0.0,
    )


def observed(step):
    norms = (None, 0.01, 0.1, 1.0)
    nothing = (None,) * 4
    names = ("gradient_rms", "weight_norm", "update_ratio", "activation_mean", "activation_std")
    shares = ("zero_share", "dead_share", "saturated_share")
    rest = dict.fromkeys((*names, *shares), nothing)
    return LayersObserved(step=step, epoch=step / 10, gradient_norm=norms, bias_gradient_norm=norms, **rest)


def live(root: Path) -> Recorded:
    return Recorded(root)


def finished(root: Path) -> Recorded:
    run = Recorded(root)
    figures = Figures(loss=0.25, accuracy=0.9375)
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


# Building


@driven()
async def test_the_model_is_shown_with_shapes_and_counts(driver):
    shown = driver.screen
    for words in ("digits", "1×8×8", "flatten", "dense 64", "4,160", "dense 32", "2,080", "output", "330", "6,570"):
        assert words in shown
    for words in ("400 epochs, batch 4, seed 0", "cross_entropy", "sgd lr=0.003", "exponential", "auto"):
        assert words in shown


@driven()
async def test_a_layer_is_added_below_the_highlighted_one_and_its_form_opens(driver):
    await driver.row(FIRST_DENSE)
    await driver.press("a")
    await driver.dialog(Picker)
    await driver.type("drop")
    assert "All axes as one" not in driver.screen
    await driver.press("enter")
    await driver.dialog(FormDialog)
    assert "0, less than 1" in driver.screen
    await driver.type("0.25")
    await driver.press("enter")
    await driver.no_dialog()
    assert [type(layer) for layer in driver.layers] == [Flatten, Dense, Dropout, Dense]
    assert driver.layers[2].rate == 0.25
    await driver.sees("dropout 0.25")
    await driver.press("d")
    await driver.until(lambda: [type(layer) for layer in driver.layers] == [Flatten, Dense, Dense])


@pytest.mark.parametrize("name", ["block", "residual"])
def test_a_layer_of_layers_is_added_edited_and_emptied(tmp_path, name):
    @driven()
    async def scenario(driver):
        await driver.row(FIRST_DENSE)
        await driver.press("a")
        await driver.dialog(Picker)
        await driver.type(name)
        await driver.press("enter")
        await driver.dialog(FormDialog)
        await driver.press("ctrl+s")
        await driver.no_dialog()
        assert driver.layers[2].layers == (Dense(),)
        await driver.sees(f"3 {name}")
        await driver.press("down", "a")
        await driver.dialog(Picker)
        await driver.type("drop")
        await driver.press("enter")
        await driver.dialog(FormDialog)
        await driver.press("ctrl+s")
        await driver.no_dialog()
        assert [layer.type for layer in driver.layers[2].layers] == ["dense", "dropout"]
        await driver.sees("dropout 0.5")
        await driver.press("d", "d")
        await driver.until(lambda: len(driver.layers) == 3)

    scenario(tmp_path)


@driven()
async def test_a_form_checks_as_one_types_and_accepts_only_what_can_be(driver):
    await driver.row(FIRST_DENSE)
    await driver.press("enter")
    await driver.dialog(FormDialog)
    await driver.type("0")
    await driver.sees("must be at least 1, got 0")
    await driver.press("enter")
    assert isinstance(driver.app.screen, FormDialog)
    assert driver.layers[1].units == 64
    await driver.press("backspace")
    await driver.type("128")
    assert "must be" not in driver.screen
    await driver.press("enter")
    await driver.no_dialog()
    assert driver.layers[1].units == 128
    await driver.sees("8,320")
    await driver.press("enter")
    await driver.dialog(FormDialog)
    await driver.type("7")
    await driver.press("escape")
    await driver.no_dialog()
    assert driver.layers[1].units == 128


@driven()
async def test_layers_are_moved_and_deleted(driver):
    await driver.row(FIRST_DENSE)
    await driver.press("right_square_bracket")
    await driver.until(lambda: [layer.units for layer in driver.layers[1:]] == [32, 64])
    await driver.press("right_square_bracket")  # at the end: it stays
    await driver.press("left_square_bracket")
    await driver.until(lambda: [layer.units for layer in driver.layers[1:]] == [64, 32])
    await driver.press("d")
    await driver.until(lambda: [layer.units for layer in driver.layers[1:]] == [32])
    await driver.row(OUTPUT - 1)
    await driver.press("d")
    await driver.row(0)
    await driver.press("d")
    assert len(driver.layers) == 2


@driven()
async def test_an_impossible_layer_says_why_in_its_own_row_and_is_not_started(driver):
    await driver.row(FLATTEN)
    await driver.press("d")
    await driver.sees("impossible")
    lines = driver.screen.splitlines()
    row = next(index for index, line in enumerate(lines) if "│ output" in line)
    pane = " ".join("".join(line[1:40] for line in lines[row : row + 4]).split())
    assert "needs one axis, got 1×8×32: put a flatten layer before it" in pane
    await driver.press("f5")
    await driver.dialog(Notice)
    assert "output layer: needs one axis, got 1×8×32: put a flatten layer before it" in driver.box
    await driver.press("escape")
    await driver.no_dialog()
    assert not driver.dashboard.session.root.exists()


@driven()
async def test_a_value_that_is_set_to_its_own_default_wins_over_the_defaults_of_the_model(driver):
    """activation = "linear" on a layer is not the same as none, where the model's default is relu."""
    document = to_document(driver.dashboard.experiment)
    document["model"]["layers"][1]["activation"] = "linear"
    driver.dashboard.change(document)
    assert isinstance(driver.dashboard.experiment.plan()[1].spec.activation, Linear)


@driven()
async def test_settings_are_edited_in_their_forms(driver):
    await driver.press("2", "home", "down", "enter")
    await driver.dialog(FormDialog)
    await driver.type("17")
    await driver.press("enter")
    await driver.no_dialog()
    assert driver.dashboard.experiment.epochs == 17
    await driver.sees("17 epochs")
    await driver.press("down", "down", "enter")
    await driver.dialog(FormDialog)
    await driver.press("enter", "end", "enter")  # another optimizer brings other fields
    await driver.sees("beta 1")
    await driver.press("ctrl+s")
    await driver.no_dialog()
    assert driver.dashboard.experiment.optimizer.type == "adamw"
    await driver.sees("adamw")


@driven()
async def test_callbacks_and_other_extras_are_added_edited_and_deleted(driver):
    def extras():
        experiment = driver.dashboard.experiment
        return experiment.clipping, experiment.freeze, [one.type for one in experiment.callbacks]

    await driver.press("2")
    assert "+ clipping freeze transfer callbacks" in driver.screen
    await driver.press("end", "enter")  # the row that adds
    await driver.dialog(Picker)
    await driver.type("early")
    await driver.press("enter")
    await driver.dialog(FormDialog)
    await driver.press("tab")
    await driver.type("5")
    await driver.press("ctrl+s")
    await driver.no_dialog()
    assert extras() == (None, None, ["early_stopping"])
    await driver.sees("early_stopping patience=5")
    for words, keys in (("nan", ()), ("by_norm", ("ctrl+s",)), ("freeze", ("ctrl+s",))):
        await driver.press("a")
        await driver.dialog(Picker)
        await driver.type(words)
        await driver.press("enter")
        if keys:  # one has nothing to set, and no form
            await driver.dialog(FormDialog)
            await driver.press(*keys)
        await driver.no_dialog()
    assert extras() == (ByNorm(), Freeze(), ["early_stopping", "terminate_on_nan"])
    await driver.sees("layers=all_but_last epochs=1")
    await driver.press("d")  # the one that was added last is highlighted
    await driver.until(lambda: extras() == (ByNorm(), None, ["early_stopping", "terminate_on_nan"]))
    await driver.press("end", "up", "d")
    await driver.until(lambda: extras() == (ByNorm(), None, ["early_stopping"]))
    await driver.press("home", "d")  # a section stays
    assert extras()[0] == ByNorm()


@driven()
async def test_an_extra_whose_form_is_cancelled_is_not_there(driver):
    before = driver.dashboard.experiment
    await driver.press("2", "a")
    await driver.dialog(Picker)
    await driver.type("transfer")
    await driver.press("enter")
    await driver.dialog(FormDialog)
    await driver.press("escape")
    await driver.no_dialog()
    assert driver.dashboard.experiment == before


@driven()
async def test_a_list_is_typed_with_commas_and_an_optional_part_brings_its_fields(driver):
    document = {**to_document(driver.dashboard.experiment), "schedule": "piecewise_constant"}
    driver.dashboard.change(document)
    await driver.press("2", "home", "down", "down", "down", "down", "enter")
    await driver.dialog(FormDialog)
    await driver.press("tab", "tab", "tab")
    await driver.type("7, 3")
    await driver.sees("must rise, but 3 follows 7")
    await driver.press(*["backspace"] * 4)
    await driver.type("7,9")
    await driver.press("tab")
    await driver.type("0.5, .1,1e-3")
    await driver.press("enter")
    await driver.no_dialog()
    schedule = driver.dashboard.experiment.schedule
    assert (schedule.boundaries, schedule.values) == ((7, 9), (0.5, 0.1, 0.001))
    await driver.press("home", "enter")
    await driver.dialog(FormDialog)
    assert "crop" not in driver.screen
    await driver.press(*["shift+tab"] * 3)  # from the first to the buttons, and above them to augment
    await driver.press("enter", "down", "enter")
    await driver.sees("crop")
    await driver.press("tab")
    await driver.type("2")
    await driver.press("enter")
    await driver.no_dialog()
    assert driver.dashboard.experiment.data.augment.crop == 2


@driven()
async def test_a_preset_is_found_by_a_word_of_it_and_loaded_with_a_variant(driver):
    await driver.press("f3")
    await driver.dialog(Picker)
    await driver.type("arms")
    assert "Spirals" in driver.screen and "Fashion" not in driver.screen
    await driver.press("enter")
    await driver.sees("spirals-mlp: which one?")
    await driver.press("enter")
    await driver.no_dialog()
    assert driver.dashboard.experiment == presets.load("spirals-mlp")
    await driver.sees("tanh")
    await driver.press("p")
    await driver.dialog(Picker)
    await driver.type("nielsen 3-hidden")
    await driver.press("enter")
    await driver.sees("nielsen: which one?")
    await driver.type("3-hid")
    await driver.press("enter")
    await driver.no_dialog()
    assert driver.dashboard.experiment == presets.load("nielsen", "3-hidden")
    await driver.sees("block × 3")
    await driver.press("p")
    await driver.dialog(Picker)
    await driver.type("nielsen")
    await driver.press("enter")
    await driver.sees("nielsen: which one?")
    await driver.press("enter")
    await driver.no_dialog()
    assert driver.dashboard.experiment == presets.load("nielsen")


@driven()
async def test_a_file_is_loaded_by_its_path_and_a_broken_one_is_explained(driver):
    path = driver.dashboard.session.root.parent / "mine.toml"
    for text, epochs, words in (("epochs = 7", 7, ""), ("epochs = 0", 7, "epochs: must be at least 1, got 0")):
        path.write_text(f'{text}\n[[model.layers]]\ntype = "flatten"\n')
        await driver.press("f3")
        await driver.dialog(Picker)
        driver.app.screen.query_one(Input).value = str(path)
        await driver.pilot.pause()
        await driver.press("enter")
        if words:
            await driver.dialog(Notice)
            assert words in driver.box
            await driver.press("escape")
        await driver.no_dialog()
        assert driver.dashboard.experiment.epochs == epochs


@driven()
async def test_what_keeps_the_trainer_from_starting_is_said(driver):
    await driver.sees("the trainer cannot be started (No such file or directory)")
    await driver.press("f5")
    await driver.dialog(Notice)
    assert "cannot be started" in driver.box
    await driver.press("escape")
    await driver.no_dialog()


# A run that is on


@driven(run=live)
async def test_a_live_run_is_shown_and_follows_its_log(driver, run):
    await driver.sees("▶ training")
    await driver.sees("step 30/100")
    await driver.sees("1,234 samples/s")
    await driver.sees("1.0e-02")  # a gradient bar's number
    run.log.append(window(40))
    await driver.sees("step 40/100")
    run.log.append(RunFinished(status="finished", step=100, reason="all 10 epochs done"))
    await driver.sees("✓ finished")


@driven(run=live)
async def test_keys_become_commands_in_the_runs_directory(driver, run):
    await driver.sees("▶ training")
    await driver.press("f5")
    await driver.until(lambda: run.sent() == [commands.Pause()])
    run.log.append(RunPaused(step=30))
    await driver.sees("‖ paused")
    await driver.press("f6", "space")
    await driver.until(lambda: run.sent()[1:] == [commands.Step(1), commands.Resume()])
    await driver.press("f7")
    await driver.dialog(Prompt)
    for _ in "0.003":
        await driver.press("backspace")
    await driver.type("0")
    await driver.press("enter")
    await driver.sees("must be greater than 0")
    await driver.type(".5")
    await driver.press("enter")
    await driver.until(lambda: run.sent()[3:] == [commands.SetLearningRate(0.5)])
    await driver.press("f8")
    await driver.until(lambda: run.sent()[4:] == [commands.Stop()])


@driven(run=live)
async def test_units_that_are_shown_are_watched(driver, run):
    await driver.sees("▶ training")
    await driver.press("6", "u")
    await driver.until(lambda: run.sent() == [commands.WatchUnits("dense_1")])
    run.log.append(observed(40))
    run.log.append(UnitsObserved(step=40, epoch=4.0, layer="dense_1", units=64, bias_gradient=(-0.25, 0.125)))
    await driver.sees("2 of 64 units")
    await driver.press("down")
    await driver.until(lambda: run.sent()[1:] == [commands.WatchUnits("dense_2")])


@driven(run=live)
async def test_units_that_cannot_be_asked_for_are_not_asked_for_again_and_again(driver, run):
    await driver.sees("▶ training")
    run.directory.commands.rmdir()
    run.directory.commands.write_text("in the way")
    await driver.press("6", "u")
    await driver.dialog(Notice)
    assert "cannot leave a command there" in driver.box
    await driver.press("escape")
    await driver.no_dialog()
    await driver.sees("1.0e-02")


@driven(run=live)
async def test_the_keys_of_a_run_work_while_a_field_has_the_focus(driver, run):
    await driver.sees("▶ training")
    await driver.row(FIRST_DENSE)
    await driver.press("enter")
    await driver.dialog(FormDialog)
    await driver.press("f5")
    await driver.until(lambda: run.sent() == [commands.Pause()])
    assert isinstance(driver.app.screen, FormDialog)


@driven(run=live)
async def test_an_edit_leaves_the_run_alone_and_says_so(driver, run):
    await driver.sees("▶ training")
    before = content(run.directory)
    await driver.row(FIRST_DENSE)
    await driver.press("d")
    await driver.sees("edited: for the next run")
    assert len(driver.layers) == 2
    assert content(run.directory) == before
    assert "step 30/100" in driver.screen
    await driver.press("f3")
    await driver.dialog(Picker)
    await driver.type("digits-mlp")
    await driver.press("enter")
    await driver.dialog(Question)
    await driver.press("d")
    await driver.no_dialog()
    assert content(run.directory) == before
    assert run.directory.name in driver.screen


@driven(run=live)
async def test_a_command_that_cannot_be_sent_is_said_and_the_dashboard_lives(driver, run):
    await driver.sees("▶ training")
    run.directory.commands.rmdir()
    run.directory.commands.write_text("in the way")
    await driver.press("f5")
    await driver.sees("cannot leave a command there")
    assert driver.app.is_running


@driven(run=live)
async def test_quit_asks_while_a_run_is_on(driver, run):
    await driver.sees("▶ training")
    for key in ("q", "ctrl+q"):
        await driver.press(key)
        await driver.dialog(Question)
        assert "Leave it running" in driver.box and "tuitrain attach" in driver.box
        await driver.press("escape")
        await driver.no_dialog()
    await driver.press("q")
    await driver.dialog(Question)
    await driver.press("l")
    await driver.until(lambda: driver.app.return_code == 0)
    assert run.sent() == []


@driven(run=live)
async def test_quit_can_stop_the_run(driver, run):
    await driver.sees("▶ training")
    await driver.press("q")
    await driver.dialog(Question)
    await driver.press("s")
    await driver.until(lambda: driver.app.return_code == 0)
    assert run.sent() == [commands.Stop()]


@driven(run=live)
async def test_a_killed_trainer_is_shown_as_gone(driver, run):
    await driver.sees("▶ training")
    run.die()
    await driver.dialog(Notice)
    assert "killed" in driver.box
    await driver.press("escape")
    await driver.sees("✗ trainer gone")


def regression(root: Path) -> Recorded:
    run = Recorded(root)
    run.log.append(replace(window(40), accuracy=None, mae=14.25, clipped=0.125, clip_factor=0.5))
    run.log.append(ValidationCompleted(step=40, epoch=4.0, figures=Figures(loss=0.5, mae=12.5, r2=0.25)))
    return run


@driven(run=regression)
async def test_a_regression_is_shown_by_its_errors_and_clipping_by_how_often_it_clipped(driver, run):
    await driver.sees("validation mae 12.5000, r2 0.2500")
    await driver.sees("clipped 12%")
    await driver.sees("Mean absolute error")
    await driver.sees("14.2500")
    await driver.sees("validation at step 40: loss 0.5, mae 12.5, r2 0.25")
    await driver.pilot.resize_terminal(*SMALL)
    await driver.sees("validation mae 12.5000")
    await driver.until(lambda: "clipped" not in driver.screen)


# A run that is over


@driven(run=finished)
async def test_a_finished_run_is_shown_unchanged_and_quitting_asks_nothing(driver, run):
    before = content(run.directory)
    await driver.sees("✓ finished")
    await driver.sees("validation accuracy 0.9375")
    await driver.sees("all 10 epochs done")
    assert content(run.directory) == before
    await driver.press("q")
    await driver.until(lambda: driver.app.return_code == 0)


@driven(run=lost)
async def test_a_lost_run_is_shown_as_such(driver, run):
    await driver.dialog(Notice)
    assert str(run.directory.log) in driver.box.replace(" ", "")
    await driver.press("escape")
    await driver.sees("✗ trainer gone")
    await driver.press("q")
    await driver.until(lambda: driver.app.return_code == 0)


@driven(run=failed)
async def test_the_traceback_of_a_failed_run_can_be_read(driver, run):
    await driver.dialog(Notice)
    assert "KeyError in step 32" in driver.box and "Traceback: here" in driver.box


# Layout and help


@driven(size=LARGE, run=live)
async def test_all_panes_are_on_a_large_screen_and_one_at_a_time_on_a_small_one(driver, run):
    def shown():
        panes = {name: driver.dashboard.query_one(f"#{name}") for name in PANES}
        return {name for name, pane in panes.items() if pane.is_on_screen and pane.region.area}

    await driver.sees("▶ training")
    assert shown() == set(PANES)
    await driver.pilot.resize_terminal(*SMALL)
    await driver.sees("1 Model")
    for number, name in enumerate(PANES, 1):
        await driver.press(str(number))
        await driver.pilot.pause()
        assert shown() == {name}
        assert driver.dashboard.focused is driver.dashboard.query_one(f"#{name}")
        assert driver.dashboard.query_one(f"#{name}").region.width >= SMALL[0] - 2
    await driver.pilot.resize_terminal(*LARGE)
    await driver.until(lambda: shown() == set(PANES))
    await driver.until(lambda: "1 Model" not in driver.screen)


@driven(size=SMALL)
async def test_a_small_screen_can_build(driver):
    await driver.press("1")
    await driver.row(FIRST_DENSE)
    await driver.press("enter")
    await driver.dialog(FormDialog)
    assert "units" in driver.screen and "bias init" in driver.screen
    await driver.type("9")
    await driver.press("enter")
    await driver.no_dialog()
    assert driver.layers[1].units == 9


@driven()
async def test_the_footer_names_the_keys(driver):
    await driver.sees("F3 Presets")
    last = driver.screen.splitlines()[-1]
    for words in ("F5", "F6", "Step", "F8", "Stop", "F3", "Presets", "Help", "Quit", "Add", "Delete"):
        assert words in last


@driven(size=SMALL)
async def test_help_explains_the_pane_with_the_focus_and_names_the_keys(driver):
    assert all(driver.dashboard.query_one(f"#{name}").HELP for name in PANES)
    for number, word in ((1, "the shape of what comes"), (6, "vanishing gradients")):
        await driver.press(str(number), "question_mark")
        await driver.dialog(Notice)
        await driver.until(lambda word=word: word in driver.box)
        await driver.press("end")
        await driver.until(lambda: "F7, r" in driver.box)
        await driver.press("escape")
        await driver.no_dialog()
