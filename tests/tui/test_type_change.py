"""Another type chosen in a form: what was set stays where it applies."""

import asyncio
from typing import Any

import pytest
from textual.app import App
from textual.widgets import Select

from tuitrain.data import Data
from tuitrain.optim.optimizers import Optimizer
from tuitrain.spec import members
from tuitrain.tui.formdialog import FieldLine, FormDialog, Menu

FAMILIES = {"data": members(Data), "optimizer": members(Optimizer)}
HELD_OUT = {"size": 500, "take": "first"}


class OneForm(App[None]):
    """The form of one spec, and what it was accepted with."""

    def __init__(self, family: str, fragment: dict[str, Any]) -> None:
        super().__init__()
        self.form = FormDialog(family, FAMILIES[family], fragment)
        self.accepted: dict[str, Any] | None = None

    def on_mount(self) -> None:
        self.push_screen(self.form, self._keep)

    def _keep(self, accepted: dict[str, Any] | None) -> None:
        self.accepted = accepted


async def accepted_before_a_menu_is_mounted() -> dict[str, Any] | None:
    app = OneForm("optimizer", {"type": "adamw", "lr": 0.5})
    async with app.run_test() as pilot:
        await pilot.pause()
        for line in app.form.query(FieldLine):
            if isinstance(line.editor, Menu):
                line.editor = Menu({"sgd": "sgd", "adamw": "adamw"}, "adamw")
        await pilot.press("ctrl+s")
        await pilot.pause()
        return app.accepted


def test_a_form_accepted_before_its_menus_are_mounted_keeps_what_was_chosen():
    assert asyncio.run(accepted_before_a_menu_is_mounted()) == {"type": "adamw", "lr": 0.5}


async def choose(family: str, fragment: dict[str, Any], *types: str) -> dict[str, Any]:
    """The fragment after these types were chosen, one after the other."""
    app = OneForm(family, fragment)
    async with app.run_test() as pilot:
        for one in types:
            await pilot.pause()
            app.form.query(Select).first().value = one
            await pilot.pause()
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert app.accepted is not None
        return app.accepted


def changed(family: str, fragment: dict[str, Any], *types: str) -> dict[str, Any]:
    return asyncio.run(choose(family, fragment, *types))


@pytest.mark.parametrize("standardize", ["scale", "global", "none"])
def test_how_inputs_are_rescaled_and_what_is_held_out_stay_with_another_data_set(standardize):
    chosen = {"standardize": standardize, "validation": HELD_OUT, "limit": 900, "augment": {"flip": True}}
    fragment = changed("data", {"type": "digits", **chosen}, "fashion_mnist")
    assert fragment == {"type": "fashion_mnist", **chosen}


def test_what_was_not_set_stays_unset_so_that_the_default_of_the_new_set_applies():
    assert changed("data", {"type": "digits"}, "wine") == {"type": "wine"}


@pytest.mark.parametrize(
    ("fragment", "to"),
    [
        ({"type": "mnist", "validation": "test"}, "digits"),
        ({"type": "digits", "only_classes": [0, 1]}, "fashion_mnist"),
        ({"type": "spirals", "turns": 2.5}, "moons"),
    ],
)
def test_what_means_nothing_for_the_new_set_goes(fragment, to):
    assert changed("data", fragment, to) == {"type": to}


def test_a_choice_survives_a_detour():
    chosen = {"standardize": "global", "validation": HELD_OUT}
    there_and_back = changed("data", {"type": "mnist", **chosen}, "spirals", "mnist")
    assert there_and_back == {"type": "mnist", **chosen}


@pytest.mark.parametrize(
    ("fragment", "to", "after"),
    [
        ({"type": "adam", "lr": 0.01, "beta_1": 0.8}, "nadam", {"lr": 0.01, "beta_1": 0.8}),
        # The usual rate of sgd is another, so one that was set for it says nothing about adam.
        ({"type": "sgd", "lr": 0.5, "momentum": 0.9}, "adam", {}),
        ({"type": "sgd", "weight_decay": 0.1}, "adamw", {}),
    ],
)
def test_an_optimizer_keeps_what_means_the_same(fragment, to, after):
    assert changed("optimizer", fragment, to) == {"type": to, **after}
