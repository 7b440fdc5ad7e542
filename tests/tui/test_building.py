"""Building by its keys: what is added, which form opens, and names that look like markup."""

import pytest
from textual.widgets import Input

from tuitrain.experiment import toml
from tuitrain.experiment.document import to_document
from tuitrain.tui.builder import Builder
from tuitrain.tui.dialogs import NoticeDialog, Picker
from tuitrain.tui.formdialog import FormDialog

from .driving import FIRST_DENSE, driven

NAME = "[red]b[/x] [@click=app.quit]"
"""Textual takes it for markup, and for wrong markup at that."""


@pytest.mark.parametrize("kind", ["dense", "block", "group_norm"])
def test_escape_in_the_form_of_a_layer_that_is_being_added_adds_none(tmp_path, kind):
    @driven()
    async def scenario(driver):
        before = driver.layers
        await driver.row(FIRST_DENSE)
        await driver.press("a")
        await driver.dialog(Picker)
        await driver.type(kind)
        await driver.press("enter")
        await driver.dialog(FormDialog)
        assert driver.layers == before
        await driver.press("escape")
        await driver.no_dialog()
        assert driver.layers == before and not driver.draft.is_edited

    scenario(tmp_path)


@driven()
async def test_a_count_that_does_not_fit_the_layer_before_is_said_in_the_form(driver):
    await driver.row(FIRST_DENSE)
    await driver.press("a")
    await driver.dialog(Picker)
    await driver.type("group_norm")
    await driver.press("enter")
    await driver.dialog(FormDialog)
    await driver.type("7")
    await driver.sees("7 groups")
    assert not driver.app.screen.query_one("#accept").disabled


TITLES = {
    ("data",): "data",
    (): "training",
    ("callbacks", 0): "callbacks",
    ("model", "defaults"): "defaults of the layers",
    ("model", "layers", 1): "dense layer",
    ("model", "output"): "output layer",
}


@driven()
async def test_every_form_says_what_it_is_of(driver):
    driver.change({**to_document(driver.experiment), "callbacks": ["checkpoint"]})
    for path, title in TITLES.items():
        driver.dashboard.query_one(Builder).edit(path)
        await driver.dialog(FormDialog)
        await driver.until(lambda: driver.app.screen.query(".box"))
        assert str(driver.app.screen.query_one(".box").border_title) == title
        driver.app.screen.dismiss(None)
        await driver.no_dialog()


@driven()
async def test_a_name_with_brackets_is_shown_as_it_is(driver):
    folder = driver.root.parent
    path = folder / "[b]odd[i.toml"
    variants = [{"name": NAME, "title": NAME, "set": {"epochs": 3}}]
    lesson = {"title": NAME, "why": NAME}
    document = {"name": NAME, "model": {"layers": ["flatten"]}, "lesson": lesson, "variants": variants}
    path.write_text(toml.dumps(document))
    await driver.press("f3")
    await driver.dialog(Picker)
    driver.app.screen.query_one(Input).value = str(path)
    await driver.press("enter")
    await driver.sees(f"{NAME}: which one?")
    assert driver.screen.count(NAME) >= 4
    await driver.press("down", "f1")
    await driver.dialog(NoticeDialog)
    await driver.sees(NAME)
    await driver.press("escape")
    await driver.press("enter")
    await driver.no_dialog()
    assert driver.experiment.name == f"{NAME}-{NAME}"
    await driver.sees(f"Model: {NAME}")
    await driver.press("ctrl+s")
    await driver.pilot.pause()
    driver.app.screen.query_one(Input).value = str(folder / "[b]two[i.toml")
    await driver.press("enter")
    await driver.no_dialog()
    await driver.sees("[b]two[i.toml")
