"""What every schedule has, and those that count in steps or in epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from tuitrain.spec import Spec

if TYPE_CHECKING:
    from tuitrain.optim.performance import Reduction

Unit = Literal["step", "epoch"]
TimeUnit = Annotated[Unit, Field(description="Whether t counts steps or whole epochs.")]


class ScheduleSpec(Spec):
    """``rate`` is the whole schedule: ``base_rate``, which a member defines, after a linear warm-up.

    Steps count from 0; an epoch has ``steps_per_epoch`` of them, and training ``total_steps``.
    """

    preview_note: ClassVar[str | None] = None
    """What the planned rates cannot tell, in a few words, where they depend on how training goes."""

    warmup: int = Field(
        0,
        ge=0,
        le=10**9,
        description="Steps over which the rate is brought up: that of step t is multiplied by (t + 1) / warmup.",
    )

    def rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """The learning rate of step ``step``, where the optimizer's ``lr`` is ``lr0``."""
        rate = self.base_rate(lr0, step, steps_per_epoch, total_steps)
        return rate if step + 1 >= self.warmup else rate * (step + 1) / self.warmup

    def base_rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """The same without warm-up."""
        raise NotImplementedError

    def momentum(self, step: int, steps_per_epoch: int, total_steps: int) -> float | None:
        """The optimizer's momentum (β1 of Adam's relatives) at step ``step``; None leaves it as it is."""
        return None

    def monitors(self) -> str | None:
        """The figure that it needs."""
        return None

    def build(self, lr0: float) -> Reduction | None:
        """What follows the training and scales the planned rates; None where the plan is all there is."""
        return None


class TimedSpec(ScheduleSpec):
    """A schedule of t, which counts steps or whole epochs."""

    unit: TimeUnit = "epoch"

    def time(self, step: int, steps_per_epoch: int) -> int:
        return step if self.unit == "step" else step // steps_per_epoch
