"""Validation: when it is due, and the figures."""

from __future__ import annotations

from tuitrain.runs.events import Figures
from tuitrain.training.prepare import Prepared
from tuitrain.training.step import Stepper


class Validation:
    """After every epoch; or after every so many steps, and after the last."""

    def __init__(self, prepared: Prepared, stepper: Stepper) -> None:
        self._every = prepared.experiment.validate_every
        self._samples = prepared.validation
        self._per_epoch = prepared.steps_per_epoch
        self._total = prepared.total_steps
        self._stepper = stepper

    def is_due(self, step: int) -> bool:
        """Whether the network is to be validated after ``step`` steps."""
        if self._samples is None:
            return False
        if self._every == "epoch":
            return step % self._per_epoch == 0
        return step % self._every == 0 or step == self._total

    def is_due_within_epoch(self, step: int) -> bool:
        """Whether it is, and no epoch ends there."""
        return self._every != "epoch" and step % self._per_epoch != 0 and self.is_due(step)

    def figures(self) -> Figures | None:
        return None if self._samples is None else self._stepper.evaluate(self._samples)
