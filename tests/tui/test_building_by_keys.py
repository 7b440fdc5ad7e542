"""Building an experiment by keys: layers, settings, presets and files."""

import pytest

from tuitrain.experiment.document import to_document
from tuitrain.model.activations import Linear
from tuitrain.model.dense import Dense
from tuitrain.model.elementwise import Dropout
from tuitrain.model.freezing import Freeze
from tuitrain.model.reshaping import Flatten
from tuitrain.optim.clipping import ByNorm
from tuitrain.tui.dialogs import NoticeDialog, Picker
from tuitrain.tui.formdialog import FormDialog

from .driving import (
    FIRST_DENSE,
    FLATTEN,
    OUTPUT,
    driven,
)


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
    await driver.dialog(NoticeDialog)
    assert "output layer: needs one axis, got 1×8×32: put a flatten layer before it" in driver.box
    await driver.press("escape")
    await driver.no_dialog()
    assert not driver.root.exists()


@driven()
async def test_a_value_that_is_set_to_its_own_default_wins_over_the_defaults_of_the_model(driver):
    """activation = "linear" on a layer is not the same as none, where the model's default is relu."""
    document = to_document(driver.experiment)
    document["model"]["layers"][1]["activation"] = "linear"
    driver.change(document)
    assert isinstance(driver.experiment.plan()[1].spec.activation, Linear)


@driven()
async def test_settings_are_edited_in_their_forms(driver):
    await driver.press("2", "home", "down", "enter")
    await driver.dialog(FormDialog)
    await driver.type("17")
    await driver.press("enter")
    await driver.no_dialog()
    assert driver.experiment.epochs == 17
    await driver.sees("17 epochs")
    await driver.press("down", "down", "enter")
    await driver.dialog(FormDialog)
    await driver.press("enter", "end", "enter")  # another optimizer brings other fields
    await driver.sees("beta 1")
    await driver.press("ctrl+s")
    await driver.no_dialog()
    assert driver.experiment.optimizer.type == "adamw"
    await driver.sees("adamw")


@driven()
async def test_callbacks_and_other_extras_are_added_edited_and_deleted(driver):
    def extras():
        experiment = driver.experiment
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
    before = driver.experiment
    await driver.press("2", "a")
    await driver.dialog(Picker)
    await driver.type("transfer")
    await driver.press("enter")
    await driver.dialog(FormDialog)
    await driver.press("escape")
    await driver.no_dialog()
    assert driver.experiment == before


@driven()
async def test_a_list_is_typed_with_commas_and_an_optional_part_brings_its_fields(driver):
    document = {**to_document(driver.experiment), "schedule": "piecewise_constant"}
    driver.change(document)
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
    schedule = driver.experiment.schedule
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
    assert driver.experiment.data.augment.crop == 2


@driven()
async def test_what_keeps_the_trainer_from_starting_is_said(driver):
    await driver.sees("the trainer cannot be started (No such file or directory)")
    await driver.press("f5")
    await driver.dialog(NoticeDialog)
    assert "cannot be started" in driver.box
    await driver.press("escape")
    await driver.no_dialog()
