"""FieldLine: one line of a form: its name, an editor, and what is wrong or allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Label, Select

from tuitrain.tui.dialogs import words
from tuitrain.tui.forms import FormField

UNSET = "·unset·"


class Menu(Select[str]):
    """A choice. Up and down go on to the neighbouring fields, left and right choose, enter and space open the menu."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("left", "choose(-1)", show=False),
        Binding("right", "choose(1)", show=False),
    ]

    def __init__(self, choices: Mapping[str, str], chosen: str) -> None:
        """``choices`` has the values and how they are shown."""
        options = [(words(shown), value) for value, shown in choices.items()]
        super().__init__(options, value=chosen, allow_blank=False, compact=True)
        self._values = list(choices)

    def action_choose(self, by: int) -> None:
        place = self._values.index(str(self.value)) + by
        if 0 <= place < len(self._values):
            self.value = self._values[place]


class FieldLine(Horizontal):
    """The line with the focus has a mark in front of it, for who sees no colour."""

    def __init__(self, field: FormField) -> None:
        super().__init__(classes="field")
        self.field = field
        self.editor = _editor(field)

    def compose(self) -> ComposeResult:
        yield Label(">", classes="mark")
        yield Label(words("  " * self.field.depth + self.field.label), classes="name")
        yield self.editor
        yield Label(words(self.field.limits), classes="remark")

    def show_problem(self, problem: str) -> None:
        remark = self.query_one(".remark", Label)
        remark.update(words(problem or self.field.limits))
        remark.set_class(bool(problem), "problem")


def _editor(field: FormField) -> Input | Menu:
    if field.kind in ("number", "list", "text"):
        return Input(field.text, placeholder=field.default and f"{field.default} (default)", compact=True)
    unset = {UNSET: f"{field.default} (default)"} if field.path != ("type",) else {}
    choices = {**unset, **{word: word for word in (("yes", "no") if field.kind == "switch" else field.choices)}}
    chosen = field.value if field.kind == "choice" else {True: "yes", False: "no"}.get(field.value)
    return Menu(choices, chosen if chosen in choices else next(iter(choices)))


def line_of(widget: Any) -> Any:
    """The line that a widget is part of, None for one outside."""
    return next((one for one in widget.ancestors_with_self if isinstance(one, FieldLine)), None) if widget else None
