"""Rates: the learning rate and momentum of the next step, as planned, as measured and as set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from tuitrain.experiment.experiment import Experiment


class Rates:
    """rate = planned · plateau · hand: the schedule's, what a performance schedule makes of it, and the factor by hand.

    ``lr`` is that of the last step.
    """

    def __init__(self, experiment: Experiment, steps_per_epoch: int, optimizer: torch.optim.Optimizer) -> None:
        self.hand = 1.0
        self.lr = 0.0
        self._experiment = experiment
        self._steps_per_epoch = steps_per_epoch
        self._total = experiment.epochs * steps_per_epoch
        self._optimizer = optimizer
        self._performance = experiment.schedule.build(experiment.optimizer.lr)
        self._plateau = 1.0
        self._momentum: float | None = None

    def at(self, step: int) -> float:
        """The rate of the step after ``step`` steps."""
        planned = self._experiment.rate(step, self._steps_per_epoch, self._total)
        return planned * self._plateau * self.hand

    def apply(self, step: int) -> None:
        """Set the optimizer for the step after ``step`` steps."""
        lr = self.at(step)
        if lr != self.lr:
            self.lr = lr
            for group in self._optimizer.param_groups:
                group["lr"] = lr
        momentum = self._experiment.schedule.momentum(step, self._steps_per_epoch, self._total)
        if momentum != self._momentum and momentum is not None:
            self._momentum = momentum
            for group in self._optimizer.param_groups:
                self._experiment.optimizer.set_momentum(group, momentum)

    def set_by_hand(self, step: int, lr: float) -> bool:
        """Scale the schedule so that the next step's rate is ``lr``; False where it is 0, which no factor changes."""
        rate = self.at(step) / self.hand
        if rate > 0:
            self.hand = lr / rate
        return rate > 0

    def look(self, figures: Mapping[str, float]) -> float | None:
        """Let a performance schedule see new figures; the factor it now gives, if that is another one."""
        if self._performance is None:
            return None
        before, self._plateau = self._plateau, self._performance.update(figures)
        return self._plateau if self._plateau != before else None

    def state_dict(self) -> dict[str, Any]:
        performance = self._performance.state_dict() if self._performance else None
        return {"hand": self.hand, "plateau": self._plateau, "performance": performance}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.hand, self._plateau = state["hand"], state["plateau"]
        if self._performance:
            self._performance.load_state_dict(state["performance"])
