"""Edits that are not saved are not thrown away without a question."""

import pytest
from textual.widgets import Input

from tuitrain.experiment import presets
from tuitrain.tui.dialogs import Picker, PromptDialog, QuestionDialog

from .driving import FIRST_DENSE, driven


async def edited(driver):
    await driver.row(FIRST_DENSE)
    await driver.press("d")
    await driver.until(lambda: driver.draft.is_edited)


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
def test_quitting_asks_where_there_are_edits(tmp_path, key):
    @driven()
    async def scenario(driver):
        await edited(driver)
        await driver.press(key)
        await driver.dialog(QuestionDialog)
        assert "The edits of digits-mlp are not saved" in driver.box
        await driver.press("escape")
        await driver.no_dialog()
        assert driver.draft.is_edited
        await driver.press(key, "d")
        await driver.until(lambda: driver.app.return_code == 0)

    scenario(tmp_path)


@driven()
async def test_quitting_can_save_first(driver):
    path = driver.root.parent / "mine.toml"
    await edited(driver)
    await driver.press("q", "s")
    await driver.dialog(PromptDialog)
    await driver.press("escape")  # then nothing is lost either
    await driver.no_dialog()
    assert driver.app.is_running and driver.draft.is_edited
    await driver.press("q", "s")
    await driver.dialog(PromptDialog)
    driver.app.screen.query_one(Input).value = str(path)
    await driver.press("enter")
    await driver.until(lambda: driver.app.return_code == 0)
    assert len(presets.load(str(path)).model.layers) == 2


@driven()
async def test_loading_another_experiment_asks_where_there_are_edits(driver):
    await edited(driver)
    for answer, name in (("escape", "digits-mlp"), ("d", "spirals-mlp")):
        await driver.press("f3")
        await driver.dialog(Picker)
        await driver.type("spirals")
        await driver.press("enter", "enter")
        await driver.dialog(QuestionDialog)
        assert "Loading spirals-mlp throws them away" in driver.box
        await driver.press(answer)
        await driver.no_dialog()
        assert driver.experiment.name == name
    assert not driver.draft.is_edited  # the d that discards deletes no layer besides
    assert driver.experiment == presets.load("spirals-mlp")


@driven()
async def test_quitting_asks_nothing_where_nothing_was_edited(driver):
    await driver.press("q")
    await driver.until(lambda: driver.app.return_code == 0)
