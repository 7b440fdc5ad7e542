"""The dashboard on a run: what is built on its experiment."""

import pytest

from tuitrain.model.activations import Relu
from tuitrain.model.dense import Dense
from tuitrain.model.initializers import HeNormal
from tuitrain.tui.dialogs import Picker
from tuitrain.tui.formdialog import FormDialog

from .driving import FIRST_DENSE, driven, finished, live


@pytest.mark.parametrize("state", [finished, live])
def test_a_layer_that_is_added_to_a_run_has_the_models_defaults(tmp_path, state):
    @driven(run=state)
    async def scenario(driver, run):
        assert "defaults relu he_normal" in driver.screen
        await driver.row(FIRST_DENSE)
        await driver.press("a")
        await driver.dialog(Picker)
        await driver.type("dense")
        await driver.press("enter")
        await driver.dialog(FormDialog)
        await driver.type("300")
        await driver.press("enter")
        await driver.no_dialog()
        added = driver.experiment.plan()[2].spec
        assert added == Dense(units=300, activation=Relu(), init=HeNormal())
        await driver.sees("edited")

    scenario(tmp_path)


@driven(run=finished)
async def test_a_run_as_it_was_trained_is_not_called_edited(driver, run):
    await driver.sees("✓ finished")
    assert "edited" not in driver.screen
    assert not driver.draft.is_edited
