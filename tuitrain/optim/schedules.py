"""Schedules: the learning rate as a pure function of the step, so that it can be drawn before training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tuitrain.spec import BY_NAME, BY_TYPE, Spec

Unit = Literal["step", "epoch"]


class ScheduleSpec(Spec):
    """``rate`` is the whole schedule; steps count from 0."""

    def rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """The learning rate of step ``step``, where the optimizer's ``lr`` is ``lr0``."""
        raise NotImplementedError


class Constant(ScheduleSpec):
    """lr(t) = lr0."""

    type: Literal["constant"] = "constant"

    def rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        return lr0


class Exponential(ScheduleSpec):
    """lr(t) = lr0 · decay^(t / over), t in steps, or in whole epochs."""

    type: Literal["exponential"] = "exponential"
    unit: Unit = Field("epoch", description="Whether t counts steps or whole epochs.")
    decay: float = Field(0.1, gt=0, le=1, description="What the rate is multiplied by over that many steps or epochs.")
    over: float = Field(20, gt=0, le=1e9, description="After how many steps or epochs.")

    def rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        t = step if self.unit == "step" else step // steps_per_epoch
        return float(lr0 * self.decay ** (t / self.over))


Schedule = Annotated[Constant | Exponential, BY_TYPE, BY_NAME]
