"""Small dialogs: a question with answers, a text to read, one line to type, a list to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Markdown, OptionList, Static
from textual.widgets.option_list import Option

KEY_NAMES = {"escape": "esc"}
CLOSE: list[BindingType] = [Binding("escape", "dismiss(None)", "Close", priority=True)]


@dataclass(frozen=True)
class Answer:
    """A button of a question: ``key`` presses it."""

    name: str
    label: str
    key: str


class Question(ModalScreen[str | None]):
    """A title, an explanation, and a few answers; dismisses with the name of the one chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *CLOSE,
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, text: str, answers: Sequence[Answer]) -> None:
        super().__init__(classes="dialog")
        self._title, self._text, self._answers = title, text, answers

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = self._title
            yield Static(Text(self._text), classes="words")
            with Horizontal(classes="buttons"):
                for answer in self._answers:
                    yield Button(f"{answer.label} ({KEY_NAMES.get(answer.key, answer.key)})", id=answer.name)

    def on_key(self, event: object) -> None:
        key = getattr(event, "key", "")
        for answer in self._answers:
            if key == answer.key:
                self.dismiss(answer.name)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id)


class Notice(ModalScreen[None]):
    """A text to read; with ``details`` (a traceback, the end of a log) below it."""

    BINDINGS: ClassVar[list[BindingType]] = [*CLOSE, Binding("enter,q", "dismiss(None)", "Close", show=False)]

    def __init__(self, title: str, text: str, details: str = "", *, markdown: bool = False) -> None:
        super().__init__(classes="dialog")
        self._title, self._text, self._details, self._markdown = title, text, details, markdown

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = self._title
            box.border_subtitle = "esc closes"
            with VerticalScroll():
                if self._markdown:
                    yield Markdown(self._text)
                else:
                    yield Static(Text(self._text), classes="words")
                if self._details:
                    yield Static(Text(self._details), classes="details")


class Prompt(ModalScreen[str | None]):
    """One line to type. ``check`` says what is wrong with it, or the empty text."""

    BINDINGS: ClassVar[list[BindingType]] = CLOSE

    def __init__(self, title: str, text: str, value: str, check: Callable[[str], str]) -> None:
        super().__init__(classes="dialog")
        self._title, self._text, self._value, self._check = title, text, value, check

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = self._title
            box.border_subtitle = "enter accepts, esc closes"
            yield Static(Text(self._text), classes="words")
            yield Input(self._value)
            yield Label("", classes="problem")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.query_one(".problem", Label).update(Text(self._check(event.value)))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if not self._check(event.value):
            self.dismiss(event.value)


@dataclass(frozen=True)
class Choice:
    """An entry of a list: what is returned, its name, a sentence about it, and words by which it is found as well."""

    name: str
    label: str
    about: str = ""
    also: str = ""

    def matches(self, words: str) -> bool:
        text = f"{self.name} {self.label} {self.about} {self.also}".lower()
        return all(word in text for word in words.lower().split())


class Picker(ModalScreen[str | None]):
    """A list with a search line; what is typed narrows it, up and down move, enter chooses.

    With ``free`` what was typed can be chosen itself, where nothing in the list matches (a file's path).
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *CLOSE,
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[Choice], placeholder: str = "search", *, free: bool = False):
        super().__init__(classes="dialog")
        self._title, self._choices, self._placeholder, self._free = title, choices, placeholder, free

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = self._title
            box.border_subtitle = "enter chooses, esc closes"
            yield Input(placeholder=self._placeholder)
            yield OptionList()

    def on_mount(self) -> None:
        self._show("")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._show(event.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            self.dismiss(options.get_option_at_index(options.highlighted).id)
        elif self._free and event.value.strip():
            self.dismiss(event.value.strip())

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def _show(self, words: str) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(Option(_entry(one), id=one.name) for one in self._choices if one.matches(words))
        options.highlighted = 0 if options.option_count else None


def _entry(choice: Choice) -> Text:
    entry = Text(choice.label, style="bold")
    if choice.about:
        entry.append(f"\n{choice.about}", style="not bold dim")
    return entry
