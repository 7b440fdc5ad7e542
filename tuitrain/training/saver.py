"""Saver: writes checkpoints, and says how that went."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tuitrain.runs import events as e
from tuitrain.training import checkpoint

LAST = "last.pt"
SECONDS = 30.0
"""The least time between two checkpoints at the ends of epochs."""


class Saver:
    """Writes what ``state`` gives into ``directory``; into nothing where that is None."""

    def __init__(
        self, directory: Path | None, state: Callable[[], checkpoint.State], is_finite: Callable[[], bool]
    ) -> None:
        self._directory = directory
        self._state = state
        self._is_finite = is_finite
        self._saved_at = time.perf_counter()

    def is_due(self) -> bool:
        return time.perf_counter() - self._saved_at >= SECONDS

    def save(self, name: str, step: int, why: str) -> Iterator[e.Event]:
        """A full disk ends no training, and weights that are not finite never replace good ones."""
        if self._directory is None:
            return
        self._saved_at = time.perf_counter()
        if not self._is_finite():
            yield e.LogEmitted(level="warning", text=f"{name} was not saved: the weights are not finite")
            return
        path = self._directory / name
        try:
            checkpoint.save(path, self._state())
        except OSError as error:
            text = f"{path}: could not be saved ({error.strerror or error}). Free some space; training goes on."
            yield e.LogEmitted(level="error", text=text)
            return
        yield e.CheckpointSaved(step=step, path=f"{self._directory.name}/{name}", why=why)
