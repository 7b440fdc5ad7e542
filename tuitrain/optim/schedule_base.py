"""What every schedule has, and those that count in steps or in epochs."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from tuitrain.optim.monitor import Plateau
from tuitrain.spec import Family, Problem, summary

Unit = Literal["step", "epoch"]
TimeUnit = Annotated[Unit, Field(description="Whether t counts steps or whole epochs.")]


class Reduction:
    """The planned rates scaled ``by`` a factor at each plateau of the monitored figure, as one training goes."""

    def __init__(self, monitor: str, plateau: Plateau, by: float, min_lr: float) -> None:
        self._monitor = monitor
        self._plateau = plateau
        self._by = by
        self._min_lr = min_lr
        self._factor = 1.0

    def evaluate(self, figures: Mapping[str, float]) -> None:
        """Take new figures; an evaluation without the monitored one does not count."""
        value = figures.get(self._monitor)
        if value is not None:
            self._plateau.improved(value)
            if self._plateau.reached:
                self._factor *= self._by
                self._plateau.restart()

    def rate(self, planned: float) -> float:
        """What becomes of a planned rate: not below min_lr, where that is not above the planned one."""
        return max(planned * self._factor, min(self._min_lr, planned))

    def state_dict(self) -> dict[str, Any]:
        return {"factor": self._factor, "plateau": self._plateau.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._factor = state["factor"]
        self._plateau.load_state_dict(state["plateau"])


class Schedule(Family):
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

    @property
    def uses_lr0(self) -> bool:
        """Whether lr0 plays a part."""
        return True

    def settled(self, lr0: float) -> Self:
        """The same schedule with the rates that follow from lr0 in place of "auto"."""
        return self

    def in_words(self, lr0: float) -> tuple[str, ...]:
        """Its summary, and in a line of their own the rates that follow from lr0."""
        settled = [f"{key}={summary(value)}" for key, value in self.settled(lr0) if value != getattr(self, key)]
        return (summary(self), *([f"from lr: {' '.join(settled)}"] if settled else []))

    def rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """The learning rate of step ``step``, where the optimizer's ``lr`` is ``lr0``."""
        rate = self.base_rate(lr0, step, steps_per_epoch, total_steps)
        return rate if step + 1 >= self.warmup else rate * (step + 1) / self.warmup

    def base_rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """The learning rate of a step without warm-up."""
        raise NotImplementedError

    def momentum(self, step: int, steps_per_epoch: int, total_steps: int) -> float | None:
        """The optimizer's momentum (β1 of Adam's relatives) at step ``step``; None leaves it as it is."""
        return None

    def monitors(self) -> str | None:
        """The figure that it needs."""
        return None

    def problems(self, lr0: float) -> tuple[Problem, ...]:
        """What does not fit a rate of lr0; paths begin below the schedule."""
        return ()

    def build(self) -> Reduction | None:
        """What follows the training and scales the planned rates; None where the plan is all there is."""
        return None


def least_rate_problems(min_lr: float, lr0: float) -> tuple[Problem, ...]:
    """For a schedule that goes from lr0 down to min_lr."""
    message = f"{min_lr:g} is above the rate that the schedule begins with, {lr0:g}; at most that"
    return (Problem(("min_lr",), message),) if min_lr > lr0 else ()


class TimedSpec(Schedule):
    """A schedule of t, which counts steps or whole epochs."""

    unit: TimeUnit = "epoch"

    def time(self, step: int, steps_per_epoch: int) -> int:
        return step if self.unit == "step" else step // steps_per_epoch
