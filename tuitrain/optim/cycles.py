"""Schedules that go up and down: once in a training, or again and again."""

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, ValidationInfo, field_validator

from tuitrain.optim import LR_LIMIT
from tuitrain.optim.optimizers import LearningRate
from tuitrain.optim.schedule_base import Schedule, TimedSpec, TimeUnit
from tuitrain.spec import Problem


class OneCycle(Schedule):
    """From max_lr / div_factor up to max_lr, down again, then close to 0; momentum the other way (Smith 2018).

    All in straight lines: up takes pct_start · total - 1 steps, down as many, and what is left of the total leads to
    max_lr / (div_factor · final_div_factor). Where max_lr is auto, lr0 is the top; a max_lr of its own leaves lr0 no
    part. It is torch's OneCycleLR with three phases and ``anneal_strategy="linear"``, which gives the fields their
    names; Keras has none.
    """

    type: Literal["one_cycle"] = "one_cycle"
    max_lr: LearningRate | Literal["auto"] = Field(
        "auto", description="The top rate; auto: the optimizer's lr. It begins with a part of it, see div_factor."
    )
    pct_start: float = Field(
        0.45, gt=0, le=0.5, description="The share of the training that goes up, and of that which comes down again."
    )
    div_factor: float = Field(
        10.0, ge=1, le=1e6, description="It begins at max_lr divided by this; 10 as in the paper, torch has 25."
    )
    final_div_factor: float = Field(
        1000.0, ge=1, le=1e9, description="It ends at the rate of its beginning divided by this; torch has 10,000."
    )
    cycle_momentum: bool = Field(
        True, description="Whether the optimizer's momentum (beta_1 of adam and its relatives) goes the other way."
    )
    max_momentum: float = Field(0.95, ge=0, lt=1, description="The momentum at the beginning and at the end.")
    min_momentum: float = Field(
        0.85, ge=0, lt=1, validate_default=True, description="The momentum at the top rate; torch's base_momentum."
    )

    @field_validator("min_momentum")
    @classmethod
    def _not_above_max(cls, least: float, info: ValidationInfo) -> float:
        most = info.data.get("max_momentum")
        if most is not None and least > most:
            raise ValueError(f"must be at most max_momentum, {most:g}, got {least:g}")
        return least

    @property
    def uses_lr0(self) -> bool:
        return self.max_lr == "auto"

    def settled(self, lr0: float) -> Self:
        return self.model_copy(update={"max_lr": self._top(lr0)})

    def base_rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        top = self._top(lr0)
        start = top / self.div_factor
        return self._along(step, total_steps, (start, top, start, start / self.final_div_factor))

    def momentum(self, step: int, steps_per_epoch: int, total_steps: int) -> float | None:
        most = self.max_momentum
        return self._along(step, total_steps, (most, self.min_momentum, most, most)) if self.cycle_momentum else None

    def _top(self, lr0: float) -> float:
        return lr0 if self.max_lr == "auto" else self.max_lr

    def _along(self, step: int, total_steps: int, corners: tuple[float, float, float, float]) -> float:
        """The value at a step on the straight lines from corner to corner."""
        up = max(self.pct_start * total_steps - 1, 0.0)
        times = (0.0, up, 2 * up, float(total_steps - 1))
        for (begin, first), (end, last) in pairwise(zip(times, corners, strict=True)):
            if step <= end:
                return first + (last - first) * (step - begin) / (end - begin) if end > begin else first
        return corners[-1]


class Cyclic(TimedSpec):
    """From lr0 up to max_lr and down again, each in step_size, for ever: ``triangular`` (Smith 2017).

    lr(t) = lr0 + (max_lr - lr0) · (1 - |(t / step_size mod 2) - 1|). Where max_lr is auto, lr0 is a quarter of it:
    section 3.3 has a third or a quarter, for the best rate is mostly within a factor of two of the highest that
    converges.
    """

    type: Literal["cyclic"] = "cyclic"
    unit: TimeUnit = "step"
    max_lr: LearningRate | Literal["auto"] = Field(
        "auto", description="The top rate; auto: four times the optimizer's lr, which is the bottom."
    )
    step_size: int = Field(
        2000, ge=1, le=10**9, description="Steps or epochs from the bottom to the top: half a cycle; 2,000 as in torch."
    )

    def settled(self, lr0: float) -> Self:
        return self.model_copy(update={"max_lr": self._top(lr0)})

    def problems(self, lr0: float) -> tuple[Problem, ...]:
        top = self._top(lr0)
        message = f"{top:g} is below the rate that the schedule begins with, {lr0:g}; at least that"
        return (Problem(("max_lr",), message),) if top < lr0 else ()

    def base_rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        position = self.time(step, steps_per_epoch) / self.step_size % 2
        return lr0 + (self._top(lr0) - lr0) * (1 - abs(position - 1))

    def _top(self, lr0: float) -> float:
        return min(4 * lr0, LR_LIMIT) if self.max_lr == "auto" else self.max_lr
