"""What the user is asked and told, as values; ``dialogs`` has the dialogs that show them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Answer:
    """A button of a question: ``key`` presses it."""

    name: str
    label: str
    key: str


@dataclass(frozen=True)
class Question:
    """A few answers to choose from; the name of the one chosen is the answer."""

    title: str
    text: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Prompt:
    """One line to type, ``value`` at first. ``check`` says what is wrong with it, or the empty text."""

    title: str
    text: str
    value: str
    check: Callable[[str], str]


@dataclass(frozen=True)
class Notice:
    """A text to read; with ``details`` (a traceback, the end of a log) below it."""

    title: str
    text: str
    details: str = ""


class UserInterface(Protocol):
    """What the run controller, and loading and saving, need of the screen."""

    async def ask(self, question: Question | Prompt) -> str | None:
        """The answer, None if the question was closed without one."""

    def tell(self, notice: Notice) -> None: ...

    def notify(
        self, message: str, *, severity: Literal["information", "warning", "error"] = ..., markup: bool = ...
    ) -> None:
        """Say something in passing."""

    def show(self) -> None:
        """Show the draft, the snapshot and the status: one of them has changed."""

    def stand_by(self, load: bool = True) -> object:
        """Begin `RunController.ready_trainer` in the background, in place of an earlier call of it."""

    async def may_discard(self, doing: str) -> bool:
        """Whether the draft may be thrown away by ``doing`` something: asks if it has edits to lose."""

    def leave(self) -> None:
        """End the dashboard."""
