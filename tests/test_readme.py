"""What the README lists is what there is: families, keys and commands, in both directions."""

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from textual.app import App
from textual.binding import Binding
from textual.screen import Screen

from tuitrain.arguments import COMMANDS
from tuitrain.data import Data
from tuitrain.data.split import ValidationSpec
from tuitrain.experiment import presets
from tuitrain.experiment.experiment import Experiment
from tuitrain.model.activations import Activation
from tuitrain.model.base import Layer
from tuitrain.model.initializers import BiasInitializer, Initializer
from tuitrain.model.regularizers import Regularizer
from tuitrain.optim.callback_base import CallbackSpec
from tuitrain.optim.clipping import Clipping
from tuitrain.optim.losses import Loss
from tuitrain.optim.optimizers import Optimizer
from tuitrain.optim.schedule_base import Schedule
from tuitrain.spec import Spec, alternatives, members
from tuitrain.tui import panes
from tuitrain.tui.actions import ACTIONS, key_table
from tuitrain.tui.builder import Builder
from tuitrain.tui.dashboard import CELLS, LISTED, TO_CELLS, Dashboard

from .narrow import of_type, present

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
FAMILIES = {
    "layers": (Layer,),
    "activations": (Activation,),
    "initialisers": (Initializer, BiasInitializer),
    "regularisation": (Regularizer,),
    "losses": (Loss,),
    "optimizers": (Optimizer,),
    "clipping": (Clipping,),
    "schedules": (Schedule,),
    "callbacks": (CallbackSpec,),
    "validation": (ValidationSpec,),
    "data": (Data,),
}


def row(name: str) -> str:
    """The second cell of the table row that begins with a name."""
    return present(re.search(rf"^\| {name} \| (.*) \|$", README, re.MULTILINE))[1]


def ticked(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_row_names_every_member_of_its_family_and_nothing_else(name: str) -> None:
    listed = ticked(row(name))
    assert len(listed) == len(set(listed))
    assert set(listed) == {member for family in FAMILIES[name] for member in members(family)}


def test_every_family_of_an_experiment_has_its_row() -> None:
    """Augmentation is the one family with a single member: the row of data says that there is such a thing."""
    listed = {member for families in FAMILIES.values() for family in families for member in members(family)}
    waiting: list[Any] = [Experiment]
    known: set[type[Spec]] = set()
    while waiting:
        for one in alternatives(waiting.pop()):
            if isinstance(one, type) and issubclass(one, Spec):
                if one not in known:
                    known.add(one)
                    waiting += [field.annotation for field in one.model_fields.values()]
            else:
                waiting += [part for part in get_args(one) if part is not Ellipsis]
    assert {one.model_fields["type"].default for one in known if "type" in one.model_fields} - listed <= {"images"}


def bindings() -> list[Binding]:
    """Those of the dashboard, of the builder and of all panes."""
    modules = [
        importlib.import_module(f"{panes.__name__}.{found.name}") for found in pkgutil.iter_modules(panes.__path__)
    ]
    classes = {one for module in modules for one in vars(module).values() if isinstance(one, type)}
    every = [*Dashboard.__mro__, Builder, *sorted(classes, key=str)]
    ours = [one for one in every if one.__module__.startswith("tuitrain.")]
    return [binding for one in ours for binding in vars(one).get("BINDINGS", ())]


def test_the_table_of_keys_is_that_of_the_actions() -> None:
    assert f"\n\n{key_table(LISTED, '`')}\n\n" in README


def test_every_action_is_done_somewhere_and_whatever_is_shown_of_the_dashboard_is_an_action() -> None:
    shown = {binding for binding in bindings() if binding.description or binding.tooltip}
    assert shown == {action.binding for action in (*ACTIONS, *TO_CELLS) if action.where != "textual"}
    textuals = {key for action in ACTIONS if action.where == "textual" for key in action.listed_keys}
    assert textuals <= {
        *(key for one in Screen.BINDINGS for key in of_type(Binding, one).key.split(",")),
        App.COMMAND_PALETTE_BINDING,
    }


def test_the_panes_of_the_table_are_those_of_the_dashboard_in_the_order_of_their_keys() -> None:
    keys, panes = present(re.search(r"^\| `(.*)` \| go to a pane: (.*) \|$", README, re.MULTILINE)).groups()
    assert panes.split(", ") == [cell.title for cell in CELLS.values()]
    assert [action.keys for action in TO_CELLS] == [str(number) for number in range(1, len(CELLS) + 1)]
    assert keys == f"1 to {len(CELLS)}"


def test_every_command_is_shown_and_every_one_that_is_shown_exists() -> None:
    block = README.partition("## The command line\n\n```sh\n")[2].partition("```")[0]
    first_words = set(re.findall(r"^tuitrain ([a-z-]+)\b(?!\.toml)", block, re.MULTILINE))
    assert set(COMMANDS) <= first_words
    assert first_words <= {*COMMANDS, *presets.names()}
    named = set(re.findall(r"^tuitrain(?: run| check| show)? ([a-z-]+)(?= |$)", block, re.MULTILINE))
    assert named <= {*COMMANDS, *presets.names()}
