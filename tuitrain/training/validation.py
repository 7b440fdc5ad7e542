"""Validation: when it is due, and the figures."""

from collections.abc import Callable
from dataclasses import dataclass

from tuitrain.runs.events import Figures
from tuitrain.training.batches import Samples


@dataclass(frozen=True)
class Validation:
    """After every epoch; or after every so many steps, and after the last. Without samples, never."""

    every: int | str
    """A number of steps, or ``epoch``."""
    samples: Samples | None
    evaluate: Callable[[Samples], Figures]
    steps_per_epoch: int
    total_steps: int

    def is_due(self, step: int) -> bool:
        """Whether the network is to be validated after ``step`` steps."""
        if self.samples is None:
            return False
        if not isinstance(self.every, int):
            return step % self.steps_per_epoch == 0
        return step % self.every == 0 or step == self.total_steps

    def is_due_within_epoch(self, step: int) -> bool:
        """Whether it is, and no epoch ends there."""
        return self.every != "epoch" and step % self.steps_per_epoch != 0 and self.is_due(step)

    def figures(self) -> Figures | None:
        return None if self.samples is None else self.evaluate(self.samples)
