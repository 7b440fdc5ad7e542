"""Rates: the learning rate and momentum of the next step, as planned, as measured and as set by hand."""

import math
from collections.abc import Mapping
from typing import Any

import torch

from tuitrain.experiment.experiment import Experiment
from tuitrain.runs import events as e


class Rates:
    """The schedule's rate, what a performance schedule makes of it, and the ``manual_factor`` that was set by hand.

    ``lr`` is that of the last step; nan before the first, so that a rate of 0 is set too.
    """

    def __init__(self, experiment: Experiment, steps_per_epoch: int, optimizer: torch.optim.Optimizer) -> None:
        self.manual_factor = 1.0
        self.lr = math.nan
        self._experiment = experiment
        self._steps_per_epoch = steps_per_epoch
        self._total = experiment.epochs * steps_per_epoch
        self._optimizer = optimizer
        self._reduction = experiment.schedule.build()
        self._momentum: float | None = None

    def at(self, step: int) -> float:
        """The rate of the step after ``step`` steps."""
        planned = self._experiment.rate(step, self._steps_per_epoch, self._total)
        return (self._reduction.rate(planned) if self._reduction else planned) * self.manual_factor

    def momentum(self, step: int) -> float | None:
        """What the schedule makes of the optimizer's momentum; None where it leaves it alone."""
        return self._experiment.schedule.momentum(step, self._steps_per_epoch, self._total)

    def apply(self, step: int) -> None:
        """Set the optimizer for the step after ``step`` steps."""
        lr = self.at(step)
        if lr != self.lr:
            self.lr = lr
            for group in self._optimizer.param_groups:
                group["lr"] = lr
        momentum = self.momentum(step)
        if momentum != self._momentum and momentum is not None:
            self._momentum = momentum
            for group in self._optimizer.param_groups:
                self._experiment.optimizer.set_momentum(group, momentum)

    def set_by_hand(self, step: int, lr: float) -> bool:
        """Scale the schedule so that the next step's rate is ``lr``; False where no factor does, as at a rate of 0."""
        rate = self.at(step) / self.manual_factor
        if rate <= 0 or not math.isfinite(lr / rate):
            return False
        self.manual_factor = lr / rate
        return True

    def changed(self, step: int) -> e.LearningRateChanged:
        """That the next step's rate was set by hand."""
        return e.LearningRateChanged(step=step + 1, lr=self.at(step), factor=self.manual_factor)

    def evaluate(self, step: int, figures: Mapping[str, float]) -> bool:
        """Give a performance schedule new figures; whether that changes the rate of the next step."""
        if self._reduction is None:
            return False
        before = self.at(step)
        self._reduction.evaluate(figures)
        return self.at(step) != before

    def state_dict(self) -> dict[str, Any]:
        reduction = self._reduction.state_dict() if self._reduction else None
        return {"manual_factor": self.manual_factor, "reduction": reduction}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.manual_factor = state["manual_factor"]
        if self._reduction:
            self._reduction.load_state_dict(state["reduction"])
