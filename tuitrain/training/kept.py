"""Kept: weights that a callback asked to remember, to be put back when the training ends."""

from __future__ import annotations

from typing import Any

from torch import nn


class Kept:
    """A copy of the weights of one step, at most."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self.step: int | None = None
        self._weights: dict[str, Any] = {}

    def keep(self, step: int) -> None:
        """In place of what was kept before."""
        self.step = step
        self._weights = {name: value.clone() for name, value in self._module.state_dict().items()}

    def put_back(self) -> None:
        self._module.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        return {"step": self.step, "weights": self._weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.step, self._weights = state["step"], state["weights"]
