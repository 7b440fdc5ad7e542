"""PendingStart: a start that was asked for and has not happened yet, with what was asked since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class PendingStart:
    """Once ``sent`` the trainer may have begun; until then nothing is lost if the start is ``withdrawn``.

    ``then`` is done in order as soon as the run is there; ``pauses`` says whether the run rests after it, ``quits``
    that the dashboard is to be left as soon as it is known what became of the start.
    """

    steps: int | None = None
    sent: bool = False
    withdrawn: bool = False
    pauses: bool = False
    quits: bool = False
    then: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pauses = self.steps is not None

    def toggle(self, action: Callable[[], object]) -> None:
        """The key that pauses and resumes was pressed: ``action`` does it."""
        self.pauses = not self.pauses
        self.then.append(action)

    def step(self, action: Callable[[], object]) -> None:
        """The key for a single step was pressed: ``action`` does it."""
        self.pauses = True
        self.then.append(action)

    @property
    def words(self) -> str:
        """What is going to happen."""
        return f"starts as soon as the trainer is ready{', then pauses' if self.pauses else ''}; F8 cancels"
