"""Actions: what the user can do, each declared once; bindings, footer, palette, help and the README's table follow."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen

_SIGNS = {"question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]"}
Where = Literal["everywhere", "dashboard", "pane", "textual"]


@dataclass(frozen=True)
class KeyAction:
    """Something to do by a key: ``name`` is Textual's name for it, ``keys`` are Textual's names of its keys.

    ``help`` says what it does. ``where`` it can be done: ``everywhere``, by its first key, in a form too; on the
    ``dashboard``; in a ``pane`` that has the focus. ``textual`` marks what Textual itself does and is only listed.
    ``footer``: whether it stands there; ``shown`` names its keys there if Textual would name them in another way.
    """

    name: str
    title: str
    keys: str
    help: str
    where: Where
    footer: bool = False
    shown: str | None = None

    @property
    def binding(self) -> Binding:
        """For Textual; those of Textual's own have no id."""
        tooltip = self.help[0].upper() + self.help[1:]
        return Binding(self.keys, self.name, self.title, self.footer, self.shown, tooltip=tooltip, id=self.name)

    @property
    def listed_keys(self) -> list[str]:
        """The keys as the user knows them."""
        return [_SIGNS.get(key, key.upper() if key[1:].isdecimal() else key) for key in self.keys.split(",")]


HELP = KeyAction("help", "Help", "question_mark,f1", "explain the pane that has the focus", "dashboard", True, "?")
RUN = KeyAction("press('run')", "Run", "f5,space", "start; pause and resume", "everywhere", True, "F5")
STEP = KeyAction("press('step')", "Step", "f6,n", "one single step", "everywhere", True, "F6")
RATE = KeyAction("learning_rate", "Rate", "f7,r", "change the learning rate of the run", "everywhere")
STOP = KeyAction("press('stop')", "Stop", "f8,x", "stop, with a checkpoint", "everywhere", True, "F8")
PRESETS = KeyAction("pick_preset", "Presets", "f3,p", "load a preset or a file", "dashboard", True, "F3")
SAVE = KeyAction("save", "Save", "ctrl+s", "save the experiment as a file", "dashboard")
QUIT = KeyAction("quit", "Quit", "q,ctrl+q", "quit", "dashboard", True, "q")
EDIT = KeyAction("select", "Edit", "enter", "edit what the row stands for", "pane", True)
ADD = KeyAction("add", "Add", "a", "add a layer below; in the settings clipping, a callback and the like", "pane", True)
DELETE = KeyAction("delete", "Delete", "d,delete", "delete a layer, or what was added to the settings", "pane", True)
UP = KeyAction("move(-1)", "Up", "left_square_bracket,shift+up", "move the layer up", "pane")
DOWN = KeyAction("move(1)", "Down", "right_square_bracket,shift+down", "move the layer down", "pane")
STATISTIC = KeyAction(
    "toggle_statistic", "Weights/biases", "g", "gradients of the weights or of the biases", "pane", True
)
UNITS = KeyAction(
    "toggle('by_unit')", "Layers/units", "u", "gradients per layer, or per unit of one layer", "pane", True
)
SCALE = KeyAction("toggle('logarithmic')", "Log scale", "y", "linear or logarithmic scale", "pane", True)
ACTIONS = (
    *(HELP, RUN, STEP, RATE, STOP, PRESETS, SAVE, EDIT, ADD, DELETE, UP, DOWN, STATISTIC, UNITS, SCALE),
    KeyAction("", "", "tab,shift+tab", "the next pane, the one before", "textual"),
    KeyAction("", "", "ctrl+p", "every action, by name", "textual"),
    QUIT,
)
"""All but those that go to a pane."""


def bindings(*actions: KeyAction) -> list[BindingType]:
    """For the class that does them, in the order of the footer."""
    return [action.binding for action in actions]


def priority_bindings() -> list[BindingType]:
    """For the app: the keys that count in a form too, which keeps all others from the dashboard."""
    return [
        Binding(action.keys.partition(",")[0], f'steer("{action.name}")', show=False, priority=True)
        for action in ACTIONS
        if action.where == "everywhere"
    ]


def key_table(actions: Iterable[KeyAction], quote: str = "") -> str:
    """A Markdown table: which keys do what. Keys stand between ``quote``."""
    rows = (f"| {quote}{f'{quote}, {quote}'.join(one.listed_keys)}{quote} | {one.help} |" for one in actions)
    return "\n".join(["| key | does |", "| --- | --- |", *rows])


def palette_commands(screen: Screen[object]) -> Iterator[SystemCommand]:
    """The entries of the command palette: each action that can be done now, with its keys."""
    found: dict[tuple[DOMNode, str], tuple[Binding, list[str]]] = {}
    for node, binding, enabled, _ in screen.active_bindings.values():
        if enabled and binding.id:
            keys = found.setdefault((node, binding.action), (binding, []))[1]
            shown = screen.app.get_key_display(binding)
            keys += [shown] if shown not in keys else []
    for (node, action), (binding, keys) in found.items():
        run = partial(screen.app.run_action, action, node)
        yield SystemCommand(f"{binding.description} ({', '.join(keys)})", binding.tooltip, run)
