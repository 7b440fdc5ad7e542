"""Saver: writes checkpoints, and says how that went."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tuitrain.runs import events as e
from tuitrain.runs.directory import LAST, PREVIOUS
from tuitrain.runs.files import unwritten
from tuitrain.training import checkpoint

SECONDS = 30.0
"""The least time between two checkpoints at the ends of epochs."""


@dataclass(frozen=True)
class Saved:
    """A checkpoint that can be read, of the weights after ``step`` steps."""

    path: Path
    step: int

    def __str__(self) -> str:
        return f"{self.path}, of step {self.step:,}"


class Saver:
    """Writes what ``state`` gives into ``directory``; into nothing where that is None.

    ``last`` is the checkpoint that the run could go on from.
    """

    def __init__(
        self, directory: Path | None, state: Callable[[], checkpoint.State], is_finite: Callable[[], bool]
    ) -> None:
        self.last: Saved | None = None
        self._problems: dict[str, str] = {}
        self._directory = directory
        self._state = state
        self._is_finite = is_finite
        self._saved_at = time.perf_counter()

    @property
    def problem(self) -> str:
        """Why a checkpoint, of those that should be there by now, could not be written; empty where all could."""
        return next(iter(self._problems.values()), "")

    @property
    def readable(self) -> Saved | None:
        """``last``, if it is still there."""
        return self.last if self.last and self.last.path.is_file() else None

    def is_due(self) -> bool:
        return time.perf_counter() - self._saved_at >= SECONDS

    def save(self, name: str, step: int, why: str) -> Iterator[e.Event]:
        """A full disk ends no training, and weights that are not finite never replace good ones."""
        if self._directory is None:
            return
        self._saved_at = time.perf_counter()
        if not self._is_finite():
            self._problems[name] = f"{name} was not saved: the weights are not finite"
            yield e.LogEmitted(level="warning", text=self._problems[name])
            return
        path = self._directory / name
        # One that was found damaged must not replace the good one before it.
        keep = name == LAST and self.last is not None and self.last.path.name == LAST
        try:
            checkpoint.save(path, self._state(), self._directory / PREVIOUS if keep else None)
        except OSError as error:
            self._problems[name] = unwritten(path, error)
            yield e.LogEmitted(level="error", text=self._problems[name])
            return
        self._problems.pop(name, None)
        if name == LAST:
            self.last = Saved(path, step)
        yield e.CheckpointSaved(step=step, path=f"{self._directory.name}/{name}", why=why)
