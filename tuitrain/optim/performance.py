"""Performance scheduling: the rate goes down when training does not get better any more."""

from typing import ClassVar, Literal

from pydantic import Field

from tuitrain.optim import LR_LIMIT
from tuitrain.optim.monitor import Best, Monitor, Plateau
from tuitrain.optim.schedule_base import Reduction, Schedule, least_rate_problems
from tuitrain.spec import Problem


class Performance(Schedule):
    """lr0 · factor^k, k rising by 1 whenever the monitored figure has not improved in ``patience`` evaluations.

    An evaluation is an epoch, or a validation within one. It is Keras's ReduceLROnPlateau; torch's waits for one
    evaluation more, and by default takes min_delta as a share of the best value.
    """

    preview_note: ClassVar[str | None] = "falls where progress stops"

    type: Literal["performance"] = "performance"
    monitor: Monitor = Field("validation.loss", description="The figure that is to get better.")
    factor: float = Field(0.1, gt=0, lt=1, description="What the rate is multiplied by each time.")
    patience: int = Field(
        10,
        ge=0,
        le=1_000_000,
        description="Evaluations without an improvement that it takes; 0 is as 1, as in Keras.",
    )
    min_delta: float = Field(1e-4, ge=0, le=1e9, description="By more than this a figure must be better to count.")
    min_lr: float = Field(0.0, ge=0, le=LR_LIMIT, description="The rate does not fall below this.")

    def base_rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        return lr0

    def monitors(self) -> str | None:
        return self.monitor

    def problems(self, lr0: float) -> tuple[Problem, ...]:
        return least_rate_problems(self.min_lr, lr0)

    def build(self) -> Reduction:
        return Reduction(
            self.monitor, Plateau(Best(self.monitor, self.min_delta), self.patience), self.factor, self.min_lr
        )
