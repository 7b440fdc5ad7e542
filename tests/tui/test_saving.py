"""What the dashboard knows of edits that were not saved, and what it writes when they are."""

import tempfile
from pathlib import Path

from textual.widgets import Input

from tuitrain.experiment import presets
from tuitrain.tui.dialogs import NoticeDialog, Picker, PromptDialog, QuestionDialog

from .driving import FIRST_DENSE, driven


async def save(driver, path):
    await driver.press("ctrl+s")
    await driver.dialog(PromptDialog)
    driver.app.screen.query_one(Input).value = str(path)
    await driver.press("enter")


@driven()
async def test_an_edit_is_unsaved_until_it_is_saved_or_another_experiment_is_loaded(driver):
    path = driver.root.parent / "mine.toml"
    assert not driver.draft.is_edited
    await driver.row(FIRST_DENSE)
    await driver.press("d")
    await driver.until(lambda: driver.draft.is_edited)
    await save(driver, path)
    await driver.until(path.exists)
    await driver.until(lambda: not driver.draft.is_edited)
    assert presets.load(str(path)) == driver.experiment
    await driver.press("d")
    await driver.until(lambda: driver.draft.is_edited)
    await driver.press("f3")
    await driver.dialog(Picker)
    await driver.type("digits-mlp")
    await driver.press("enter")
    await driver.dialog(QuestionDialog)
    await driver.press("d")
    await driver.no_dialog()
    assert driver.experiment == presets.load("digits-mlp")
    assert not driver.draft.is_edited


@driven()
async def test_an_edit_stays_unsaved_where_it_cannot_be_written_or_is_not_to_be(driver):
    folder = driver.root.parent
    there = folder / "there.toml"
    there.write_text("mine")
    await driver.row(FIRST_DENSE)
    await driver.press("d")
    await save(driver, folder / "nowhere" / "mine.toml")
    await driver.dialog(NoticeDialog)
    await driver.press("escape")
    await driver.no_dialog()
    assert driver.draft.is_edited
    await save(driver, there)
    await driver.dialog(QuestionDialog)
    await driver.press("k")
    await driver.no_dialog()
    assert driver.draft.is_edited and there.read_text() == "mine"


@driven()
async def test_an_edited_preset_is_marked_and_neither_its_runs_nor_its_file_claim_to_be_it(driver):
    place = tempfile.TemporaryDirectory()  # its name is short enough for one line of the picker
    path = Path(place.name) / "my-net.toml"
    await driver.sees("Model: digits-mlp ─")
    await driver.row(FIRST_DENSE)
    await driver.press("d")
    await driver.sees("Model: digits-mlp, edited ─")
    experiment, document = driver.draft.to_run
    assert experiment.name == document["name"] == "digits-mlp-edited"
    await driver.sees("digits-mlp-edited")
    await save(driver, "digits-mlp.toml")
    await driver.sees("digits-mlp is the name of a preset")
    driver.app.screen.query_one(Input).value = str(path)
    await driver.press("enter")
    await driver.no_dialog()
    await driver.sees("Model: my-net ─")
    await driver.sees("without the lesson")
    text = path.read_text()
    assert text.startswith('name = "my-net"') and "lesson" not in text
    assert driver.draft.to_run[0] == driver.experiment == presets.load(str(path))
    await driver.press("f3")
    await driver.dialog(Picker)
    await driver.type("my-net")
    await driver.sees(str(path))
    place.cleanup()
