"""What every callback has: a spec, the callback that it builds for one run, and the actions that it may ask for.

An ``Action`` carries itself out; a new one is a class here, and a method of `ActionTarget` where it needs what no other
needs. What a callback remembers is in its state, so that a resumed run goes on as if it had never been interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from tuitrain.spec import Family, Problem

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Evaluation:
    """The figures of an epoch or a validation, of which only those are given that are new."""

    step: int
    epoch: float
    figures: Mapping[str, float]
    at_epoch_end: bool


class ActionTarget(Protocol[T_co]):
    """What an action may ask of the training for the callback that wants it: gives what happened."""

    def keep_weights(self, why: str) -> Iterable[T_co]: ...

    def average_weights(self, why: str) -> Iterable[T_co]: ...

    def save_weights(self, file: str, why: str) -> Iterable[T_co]: ...

    def stop(self, why: str) -> Iterable[T_co]: ...

    def end_diverged(self, why: str) -> Iterable[T_co]: ...


class Action:
    """What a callback wants of the training."""

    def apply(self, training: ActionTarget[T]) -> Iterable[T]:
        raise NotImplementedError


@dataclass(frozen=True)
class KeepWeights(Action):
    """Remember these weights: they are put back when the training ends, and ``why`` is said then."""

    why: str

    def apply(self, training: ActionTarget[T]) -> Iterable[T]:
        return training.keep_weights(self.why)


@dataclass(frozen=True)
class AverageWeights(Action):
    """Take these weights into a mean, which is put in their place when the training ends; ``why`` is said then."""

    why: str

    def apply(self, training: ActionTarget[T]) -> Iterable[T]:
        return training.average_weights(self.why)


@dataclass(frozen=True)
class SaveWeights(Action):
    """Write a checkpoint under this name, beside the last one."""

    file: str
    why: str

    def apply(self, training: ActionTarget[T]) -> Iterable[T]:
        return training.save_weights(self.file, self.why)


@dataclass(frozen=True)
class StopTraining(Action):
    """End the training; it counts as finished."""

    why: str

    def apply(self, training: ActionTarget[T]) -> Iterable[T]:
        return training.stop(self.why)


@dataclass(frozen=True)
class EndDiverged(Action):
    """End the training as diverged."""

    why: str

    def apply(self, training: ActionTarget[T]) -> Iterable[T]:
        return training.end_diverged(self.why)


@dataclass(frozen=True)
class CallbackContext:
    """The run's directory, None where nothing is written, and the step that the training goes on from."""

    directory: Path | None
    resumed_at: int = 0


class Callback:
    """A callback at work in one run; by default it does nothing. Steps count those done.

    A method that writes may raise OSError; training can go on without the callback then.
    """

    checks_updates: ClassVar[bool] = False
    """Whether `before_update` is to be called."""

    def before_update(self, step: int, loss: Tensor) -> StopTraining | EndDiverged | None:
        """Inspect step number ``step`` (the first is 1) while its gradients exist and the weights are still the old."""
        return None

    def after_window(self, step: int, scalars: Mapping[str, float]) -> None:
        """Take the figures of the steps since the last window, at most five times a second."""

    def after_observation(self, step: int, statistics: Mapping[str, Mapping[str, float]]) -> None:
        """Take the statistics of an observed step: statistic → layer → value."""

    def wants_gradients(self, step: int, epoch: float) -> bool:
        """Whether the next observed step should hand over its gradients."""
        return False

    def take_gradients(self, step: int, gradients: Mapping[str, Tensor]) -> None:
        """Take the gradients of a step before clipping: parameter → gradient."""

    def after_evaluation(self, evaluation: Evaluation) -> Sequence[Action]:
        """Judge the figures of an epoch or a validation."""
        return ()

    def state_dict(self) -> dict[str, Any]:
        """What must be known to go on: plain values and tensors."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""

    def close(self) -> None:
        """Let go of files."""


class CallbackSpec(Family):
    """What every callback has."""

    def monitors(self) -> str | None:
        """The figure that it needs."""
        return None

    def claim(self) -> str | None:
        """What only one callback of a run can do, as in "would write best.pt"; None for nothing."""
        return None

    def excludes(self, other: CallbackSpec, place: str) -> str | None:
        """Why it cannot work beside another one, which stands at ``place``; None where it can."""
        claim = self.claim()
        return f"would {claim} as {place} does; keep one of the two" if claim and claim == other.claim() else None

    def problems(self, epochs: int) -> tuple[Problem, ...]:
        """What is wrong with it in a training of so many epochs, with the paths of its fields."""
        return ()

    def check(self) -> None:
        """Find out before training whether it can work on this machine.

        Raises:
            Refused: if it cannot, without its place.
        """

    def build(self, context: CallbackContext) -> Callback:
        raise NotImplementedError
