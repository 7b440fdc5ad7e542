"""Schedules: the learning rate as a pure function of the step, so that it can be drawn before training.

In the formulas lr0 is the optimizer's ``lr``, and t counts steps, or whole epochs, from 0. `Performance` is the
exception: what it does depends on how training goes.
"""

import math
import sys
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator

from tuitrain.optim import LR_LIMIT
from tuitrain.optim.optimizers import LearningRate
from tuitrain.optim.schedule_base import Schedule, TimedSpec, TimeUnit, least_rate_problems
from tuitrain.spec import Problem


class ConstantRate(Schedule):
    """lr(t) = lr0."""

    type: Literal["constant"] = "constant"

    def base_rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        return lr0


class Power(TimedSpec):
    """lr(t) = lr0 / (1 + t/s)^c: after s steps half of lr0, after 2·s a third (Robbins and Monro 1951, for c = 1)."""

    type: Literal["power"] = "power"
    unit: TimeUnit = "step"
    s: float = Field(10_000, ge=1, le=1e9, description="After how many steps or epochs the rate is lr0 / 2^c.")
    c: float = Field(1.0, gt=0, le=10, description="The power: the greater, the faster the rate falls.")

    def base_rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        t = self.time(step, steps_per_epoch)
        return float(lr0 / (1 + t / self.s) ** self.c)


class Exponential(TimedSpec):
    """lr(t) = lr0 · decay^(t / over), t in steps, or in whole epochs."""

    type: Literal["exponential"] = "exponential"
    decay: float = Field(0.1, gt=0, le=1, description="What the rate is multiplied by over that many steps or epochs.")
    over: float = Field(20, gt=0, le=1e9, description="After how many steps or epochs.")

    def base_rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        t = self.time(step, steps_per_epoch)
        return float(lr0 * self.decay ** (t / self.over))


class StepDecay(TimedSpec):
    """lr(t) = lr0 · gamma^⌊t / step_size⌋ (torch's StepLR)."""

    type: Literal["step"] = "step"
    step_size: int = Field(10, ge=1, le=10**9, description="Steps or epochs from one fall of the rate to the next.")
    gamma: float = Field(0.1, gt=0, le=1, description="What the rate is multiplied by each time.")

    def base_rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        return float(lr0 * self.gamma ** (self.time(step, steps_per_epoch) // self.step_size))


class PiecewiseConstant(TimedSpec):
    """lr(t) = values[i], where i of the boundaries are at or before t; values of its own leave lr0 no part.

    A boundary is the first step or epoch of the new rate, as in torch's MultiStepLR; Keras changes one step later.
    Where values is auto, they are lr0 · 0.1^i: the gamma of torch's MultiStepLR.
    """

    type: Literal["piecewise_constant"] = "piecewise_constant"
    boundaries: Annotated[tuple[Annotated[int, Field(ge=1, le=10**12)], ...], Field(strict=False)] = Field(
        (5, 15), min_length=1, description="The steps or epochs at which the rate changes, in rising order."
    )
    values: Annotated[tuple[LearningRate, ...], Field(strict=False)] | Literal["auto"] = Field(
        "auto",
        description="The rates before, between and after the boundaries: one more than there are of those; auto: the "
        "optimizer's lr, and a tenth of the rate before at each boundary.",
    )

    @field_validator("boundaries")
    @classmethod
    def _rise(cls, boundaries: tuple[int, ...]) -> tuple[int, ...]:
        for before, after in pairwise(boundaries):
            if after <= before:
                raise ValueError(f"must rise, but {after} follows {before}")
        return boundaries

    @field_validator("values")
    @classmethod
    def _one_more(cls, values: tuple[float, ...] | str, info: ValidationInfo) -> tuple[float, ...] | str:
        boundaries = info.data.get("boundaries")
        if values != "auto" and boundaries is not None and len(values) != len(boundaries) + 1:
            count = len(boundaries)
            raise ValueError(f"needs one value more than boundaries: {count + 1} for {count}, got {len(values)}")
        return values

    def base_rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        t = self.time(step, steps_per_epoch)
        return self._values(lr0)[sum(boundary <= t for boundary in self.boundaries)]

    @property
    def uses_lr0(self) -> bool:
        return self.values == "auto"

    def settled(self, lr0: float) -> Self:
        return self.model_copy(update={"values": self._values(lr0)})

    def _values(self, lr0: float) -> tuple[float, ...]:
        if self.values != "auto":
            return self.values
        # A rate is never 0, which a file could not hold.
        return tuple(max(lr0 * 0.1**index, sys.float_info.min) for index in range(len(self.boundaries) + 1))


class Cosine(TimedSpec):
    """lr(t) = min_lr + (lr0 - min_lr) · (1 + cos(π·t / over)) / 2, then min_lr (Loshchilov and Hutter 2017).

    It stays at min_lr as Keras's CosineDecay does; torch's CosineAnnealingLR rises again.
    """

    type: Literal["cosine"] = "cosine"
    unit: TimeUnit = "step"
    min_lr: float = Field(0.0, ge=0, le=LR_LIMIT, description="The rate that it ends with.")
    over: Annotated[int, Field(ge=1, le=10**12)] | Literal["end"] = Field(
        "end", description="After how many steps or epochs it is there; end: when training ends."
    )

    def problems(self, lr0: float) -> tuple[Problem, ...]:
        return least_rate_problems(self.min_lr, lr0)

    def base_rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        t, over = self.time(step, steps_per_epoch), self.over
        if over == "end":
            over = self.time(total_steps, steps_per_epoch)
        done = min(t / max(over, 1), 1.0)
        return self.min_lr + (lr0 - self.min_lr) * (1 + math.cos(math.pi * done)) / 2
