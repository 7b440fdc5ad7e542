"""Monitored figures: which one is looked at, whether it got better, and for how long it has not."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from tuitrain.metrics import MONITORS, higher_is_better

if TYPE_CHECKING:
    Monitor = str
else:
    Monitor = Literal[MONITORS]
"""A figure that training can be steered by, under its name in summary.json."""


class Best:
    """The best value of a figure so far.

    A value improves on it when it is better by more than ``min_delta`` (Keras's rule: an absolute difference,
    where torch's default is a relative one). The first value always does; one that is not finite never does.
    """

    def __init__(self, monitor: str, min_delta: float = 0.0) -> None:
        self.value: float | None = None
        self._sign = 1.0 if higher_is_better(monitor) else -1.0
        self._min_delta = min_delta

    def improved(self, value: float) -> bool:
        """Whether ``value`` is the best so far; if so it is remembered."""
        if not math.isfinite(value):
            return False
        if self.value is not None and self._sign * (value - self.value) <= self._min_delta:
            return False
        self.value = value
        return True

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.value}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.value = state["value"]


class Plateau:
    """Counts the evaluations of a figure since it last improved.

    It is reached after ``patience`` evaluations in a row without an improvement, as in Keras, where 0 is the same as 1;
    torch's schedulers wait for one evaluation more.
    """

    def __init__(self, best: Best, patience: int) -> None:
        self.best = best
        self.waited = 0
        self._patience = max(patience, 1)

    def improved(self, value: float) -> bool:
        """Count one more value; whether it is the best so far."""
        improved = self.best.improved(value)
        self.waited = 0 if improved else self.waited + 1
        return improved

    @property
    def reached(self) -> bool:
        return self.waited >= self._patience

    def restart(self) -> None:
        """Count from anew; the best value stays."""
        self.waited = 0

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best.state_dict(), "waited": self.waited}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.best.load_state_dict(state["best"])
        self.waited = state["waited"]
