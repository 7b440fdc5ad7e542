"""Presets and files are found and loaded by keys."""

from textual.widgets import Input

from tuitrain.experiment import presets
from tuitrain.tui.dialogs import NoticeDialog, Picker

from .driving import (
    driven,
)


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
    assert driver.experiment == presets.load("spirals-mlp")
    await driver.sees("tanh")
    await driver.press("p")
    await driver.dialog(Picker)
    await driver.type("nielsen 3-hidden")
    await driver.press("enter")
    await driver.sees("nielsen: which one?")
    await driver.type("3-hid")
    await driver.press("enter")
    await driver.no_dialog()
    assert driver.experiment == presets.load("nielsen", "3-hidden")
    await driver.sees("block × 3")
    await driver.press("p")
    await driver.dialog(Picker)
    await driver.type("nielsen")
    await driver.press("enter")
    await driver.sees("nielsen: which one?")
    await driver.press("enter")
    await driver.no_dialog()
    assert driver.experiment == presets.load("nielsen")


@driven()
async def test_a_file_is_loaded_by_its_path_and_a_broken_one_is_explained(driver):
    path = driver.root.parent / "mine.toml"
    for text, epochs, words in (("epochs = 7", 7, ""), ("epochs = 0", 7, "epochs: must be at least 1, got 0")):
        path.write_text(f'{text}\n[[model.layers]]\ntype = "flatten"\n')
        await driver.press("f3")
        await driver.dialog(Picker)
        driver.app.screen.query_one(Input).value = str(path)
        await driver.pilot.pause()
        await driver.press("enter")
        if words:
            await driver.dialog(NoticeDialog)
            assert words in driver.box
            await driver.press("escape")
        await driver.no_dialog()
        assert driver.experiment.epochs == epochs
