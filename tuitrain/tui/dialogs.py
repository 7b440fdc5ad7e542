"""Small dialogs: a question with answers, a text to read, one line to type, a list to choose from."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key, Mount
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Markdown, OptionList, Static
from textual.widgets.option_list import Option

from tuitrain.printable import printable
from tuitrain.tui.questions import Notice, Prompt, Question

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Choice:
    """An entry: what is returned, how it is listed, a sentence about it, and what it is found by besides.

    ``also`` has further names, such as those of variants; ``text`` is anything longer.
    """

    name: str
    label: str
    about: str = ""
    also: str = ""
    text: str = ""

    def rank(self, word: str) -> float:
        """How well a word in small letters fits, 0 best: by the name before anything else; inf if it is nowhere."""
        name = self.name.lower()
        fits = (
            name == word,
            name.startswith(word),
            any(part.startswith(word) for part in _WORD.findall(name)),
            word in name,
            word in self.label.lower(),
            word in self.also.lower(),
            word in self.about.lower() or word in self.text.lower(),
        )
        return fits.index(True) if any(fits) else math.inf


def matching(choices: Sequence[Choice], typed: str) -> list[Choice]:
    """The choices that have every word that was typed, the best first; equally good ones in their order."""
    words = typed.lower().split()
    ranks = {choice: sum(choice.rank(word) for word in words) for choice in choices}
    return sorted((choice for choice in choices if ranks[choice] < math.inf), key=ranks.__getitem__)


CLOSE: list[BindingType] = [Binding("escape", "dismiss(None)", "Close", priority=True)]


def words(text: str) -> Text:
    """A text of any origin as it stands: brackets in it are no markup, control characters do nothing."""
    return Text(printable(text))


class Box(Vertical):
    """What a dialog shows, in a frame with a title; a text of any origin stands in it as it is."""

    def __init__(self, title: str, subtitle: str = "", *, wide: bool = True) -> None:
        super().__init__(classes="box wide" if wide else "box")
        self.border_title = Content(printable(title))
        self.border_subtitle = subtitle


class QuestionDialog(ModalScreen[str | None]):
    """A title, an explanation, and a few answers; dismisses with the name of the one chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *CLOSE,
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__(classes="dialog")
        self._question = question

    def compose(self) -> ComposeResult:
        with Box(self._question.title, wide=False):
            yield Static(words(self._question.text), classes="words")
            with Horizontal(classes="buttons"):
                for answer in self._question.answers:
                    yield Button(f"{answer.label} ({answer.key.replace('escape', 'esc')})", id=answer.name)

    def on_key(self, event: Key) -> None:
        for answer in self._question.answers:
            if event.key == answer.key:
                event.stop()  # or the dashboard, which is on top again by then, would act on it too
                self.dismiss(answer.name)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id)


class NoticeDialog(ModalScreen[None]):
    """A notice, in Markdown if it is said to be."""

    BINDINGS: ClassVar[list[BindingType]] = [*CLOSE, Binding("enter,q", "dismiss(None)", "Close", show=False)]

    def __init__(self, notice: Notice, *, markdown: bool = False) -> None:
        super().__init__(classes="dialog")
        self._notice, self._markdown = notice, markdown

    def compose(self) -> ComposeResult:
        with Box(self._notice.title, "esc closes"), VerticalScroll():
            if self._markdown:
                yield Markdown(printable(self._notice.text))
            else:
                yield Static(words(self._notice.text), classes="words")
            if self._notice.details:
                yield Static(words(self._notice.details), classes="details")


class PromptDialog(ModalScreen[str | None]):
    """A line to type; what is wrong with it stands below."""

    BINDINGS: ClassVar[list[BindingType]] = CLOSE

    def __init__(self, prompt: Prompt) -> None:
        super().__init__(classes="dialog")
        self._prompt = prompt

    def compose(self) -> ComposeResult:
        with Box(self._prompt.title, "enter accepts, esc closes", wide=False):
            yield Static(words(self._prompt.text), classes="words")
            yield Input(self._prompt.value)
            yield Label("", classes="problem")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.query_one(".problem", Label).update(words(self._prompt.check(event.value)))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if not self._prompt.check(event.value):
            self.dismiss(event.value)


class Picker(ModalScreen[str | None]):
    """A list with a search line; what is typed narrows it, up and down move, enter chooses.

    With ``otherwise`` what was typed can be chosen itself where nothing in the list matches (a file's path); it says
    what that does.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *CLOSE,
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("f1", "help", show=False),
    ]
    HELP = """\
Type to search: every word has to be found, names count most. Up and down move, enter chooses, esc closes.\
"""

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        placeholder: str = "search",
        *,
        otherwise: Callable[[str], str] | None = None,
    ):
        super().__init__(classes="dialog")
        self._title, self._choices, self._placeholder, self._otherwise = title, choices, placeholder, otherwise
        self._shown: list[Choice] = []
        self._typed: str | None = None
        """What the list was searched for."""

    def compose(self) -> ComposeResult:
        with Box(self._title, "enter chooses, esc closes, F1 explains"):
            yield Input(placeholder=self._placeholder)
            yield OptionList()
            yield Label("", id="nothing")

    @on(Mount)
    @on(Input.Changed)
    def _search(self) -> None:
        """Show what matches the line as it stands: a key may come before the last change was announced."""
        typed = self.query_one(Input).value
        if typed == self._typed:
            return
        self._typed, self._shown = typed, matching(self._choices, typed)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(Option(_entry(one)) for one in self._shown)
        options.highlighted = 0 if self._shown else None
        options.display = bool(self._shown)
        explain = self._otherwise or (lambda _: "nothing matches; type fewer letters")
        self.query_one("#nothing", Label).update(words("" if self._shown else explain(typed.strip())))

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _choose(self) -> None:
        self._search()
        typed = self.query_one(Input).value.strip()
        if self._highlighted:
            self.dismiss(self._highlighted.name)
        elif self._otherwise and typed:
            self.dismiss(typed)

    @property
    def _highlighted(self) -> Choice | None:
        index = self.query_one(OptionList).highlighted
        return None if index is None else self._shown[index]

    def action_move(self, by: int) -> None:
        self._search()
        options = self.query_one(OptionList)
        move = options.action_cursor_down if by > 0 else options.action_cursor_up
        move()

    def action_help(self) -> None:
        one = self._highlighted
        said = [text for text in (one.about, one.text) if text] if one else []
        notice = Notice(one.label if one else self._title, "\n\n".join([*said, self.HELP]))
        self.app.push_screen(NoticeDialog(notice))


def _entry(choice: Choice) -> Text:
    entry = words(choice.label)
    entry.stylize("bold")
    if choice.about:
        entry.append(f"\n{printable(choice.about)}", style="not bold dim")
    return entry
