"""Callbacks: what is done besides training, and may end it. Names and defaults are Keras's unless said otherwise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from tuitrain.errors import Refused
from tuitrain.optim.callback_base import (
    Action,
    AverageWeights,
    Callback,
    CallbackContext,
    CallbackSpec,
    EndDiverged,
    Evaluation,
    KeepWeights,
    SaveWeights,
    StopTraining,
)
from tuitrain.optim.monitor import Best, Monitor, Plateau
from tuitrain.spec import Problem

if TYPE_CHECKING:
    from torch import Tensor


class EarlyStopping(CallbackSpec):
    """Stop when the monitored figure has not improved by more than min_delta for ``patience`` evaluations in a row.

    An evaluation is an epoch, or a validation within one (Prechelt 1998, "Early Stopping - but when?").
    """

    type: Literal["early_stopping"] = "early_stopping"
    monitor: Monitor = Field("validation.loss", description="The figure that is to get better.")
    patience: int = Field(
        0, ge=0, le=1_000_000, description="How many evaluations without an improvement end it; 0 is as 1, as in Keras."
    )
    min_delta: float = Field(0.0, ge=0, le=1e9, description="By more than this a figure must be better to count.")
    restore_best: bool = Field(
        False, description="Put the best weights back at the end; Keras calls it restore_best_weights."
    )

    def monitors(self) -> str | None:
        return self.monitor

    def claim(self) -> str | None:
        return "put back its best weights" if self.restore_best else None

    def build(self, context: CallbackContext) -> Callback:
        return _Stopper(self)


class _Stopper(Callback):
    def __init__(self, spec: EarlyStopping) -> None:
        self._spec = spec
        self._plateau = Plateau(Best(spec.monitor, spec.min_delta), spec.patience)

    def after_evaluation(self, evaluation: Evaluation) -> Sequence[Action]:
        value = evaluation.figures.get(self._spec.monitor)
        if value is None:
            return ()
        if self._plateau.improved(value):
            return (
                (KeepWeights(f"put back the weights of step {evaluation.step:,}, the best"),)
                if self._spec.restore_best
                else ()
            )
        return (StopTraining(self._why()),) if self._plateau.reached else ()

    def _why(self) -> str:
        best, waited = self._plateau.best.value, self._plateau.waited
        where = "the last evaluation" if waited == 1 else f"the last {waited:,} evaluations"
        if best is None:
            return f"{self._spec.monitor} was not finite in {where}"
        margin = f" by more than {self._spec.min_delta:g}" if self._spec.min_delta else ""
        return f"{self._spec.monitor} was not better than {best:.4g}{margin} in {where}"

    def state_dict(self) -> dict[str, Any]:
        return self._plateau.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._plateau.load_state_dict(state)


class Checkpoint(CallbackSpec):
    """Save the weights when the monitored figure is the best so far (best.pt), or every few epochs (epoch-0005.pt)."""

    type: Literal["checkpoint"] = "checkpoint"
    monitor: Monitor = Field("validation.loss", description="The figure that says which weights are the best.")
    save_best_only: bool = Field(True, description="Only best.pt, written anew at each improvement; false in Keras.")
    every: int = Field(1, ge=1, le=1_000_000, description="Epochs from one file to the next, without save_best_only.")

    def monitors(self) -> str | None:
        return self.monitor if self.save_best_only else None

    def claim(self) -> str | None:
        return "write best.pt" if self.save_best_only else None

    def build(self, context: CallbackContext) -> Callback:
        return _BestSaver(self.monitor) if self.save_best_only else _EpochSaver(self.every)


class _BestSaver(Callback):
    def __init__(self, monitor: str) -> None:
        self._monitor = monitor
        self._best = Best(monitor)

    def after_evaluation(self, evaluation: Evaluation) -> Sequence[Action]:
        value = evaluation.figures.get(self._monitor)
        if value is None or not self._best.improved(value):
            return ()
        return (SaveWeights("best.pt", f"{self._monitor} {value:.4g} is the best so far"),)

    def state_dict(self) -> dict[str, Any]:
        return self._best.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._best.load_state_dict(state)


class _EpochSaver(Callback):
    def __init__(self, every: int) -> None:
        self._every = every

    def after_evaluation(self, evaluation: Evaluation) -> Sequence[Action]:
        epoch = round(evaluation.epoch)
        if not evaluation.at_epoch_end or epoch % self._every:
            return ()
        return (SaveWeights(f"epoch-{epoch:04}.pt", f"epoch {epoch:,}"),)


class Tensorboard(CallbackSpec):
    """Write scalars, the learning rate, and gradient norms and histograms per layer into the run's tensorboard/.

    Watch it with ``tensorboard --logdir RUN``.
    """

    type: Literal["tensorboard"] = "tensorboard"
    histogram_every: int = Field(
        1, ge=0, le=1_000_000, description="Epochs from one histogram of the gradients to the next; 0 for none."
    )

    def claim(self) -> str | None:
        return "write tensorboard/"

    def check(self) -> None:
        if find_spec("tensorboard") is None:
            raise Refused(
                "tensorboard needs the package of that name. "
                "Install it (python -m pip install tensorboard), or take the callback out."
            )

    def build(self, context: CallbackContext) -> Callback:
        if context.directory is None:
            return Callback()
        from tuitrain.optim.tensorboard import TensorboardWriter

        return TensorboardWriter(context.directory / "tensorboard", self.histogram_every, context.resumed_at)


class TerminateOnNan(CallbackSpec):
    """End before the update where the loss is not finite, so that the weights are still those of the step before.

    It waits for the device at every step. Without it the loss is looked at a few times a second only.
    """

    type: Literal["terminate_on_nan"] = "terminate_on_nan"

    def build(self, context: CallbackContext) -> Callback:
        return _NanGuard()


class _NanGuard(Callback):
    checks_updates: ClassVar[bool] = True

    def before_update(self, step: int, loss: Tensor) -> EndDiverged | None:
        value = loss.item()
        if math.isfinite(value):
            return None
        return EndDiverged(f"the loss was {value} at step {step:,}; the weights are those before it")


class Swa(CallbackSpec):
    """Stochastic weight averaging: end with the mean of the weights after several epochs.

    w = (w₁ + ... + wₙ) / n (Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization").
    The statistics of batch norm are then taken anew in a pass over the training data.
    """

    type: Literal["swa"] = "swa"
    start: int = Field(
        1, ge=1, le=1_000_000, description="The first epoch whose weights count; usual is three quarters of all epochs."
    )
    every: int = Field(1, ge=1, le=1_000_000, description="Epochs from one whose weights count to the next.")

    def claim(self) -> str | None:
        return "put the mean of the weights in their place"

    def excludes(self, other: CallbackSpec, place: str) -> str | None:
        if isinstance(other, EarlyStopping) and other.restore_best:
            return "swa ends with the mean of the weights, and restore_best with the best: take out one of the two"
        return super().excludes(other, place)

    def problems(self, epochs: int) -> tuple[Problem, ...]:
        message = f"{self.start:,} is behind the last epoch; at most {epochs:,}"
        return (Problem(("start",), message),) if self.start > epochs else ()

    def build(self, context: CallbackContext) -> Callback:
        return _Averager(self.start, self.every)


class _Averager(Callback):
    def __init__(self, start: int, every: int) -> None:
        self._start = start
        self._every = every
        self._count = 0

    def after_evaluation(self, evaluation: Evaluation) -> Sequence[Action]:
        epoch = round(evaluation.epoch)
        if not evaluation.at_epoch_end or epoch < self._start or (epoch - self._start) % self._every:
            return ()
        self._count += 1
        of = f"{self._count:,} epochs, {self._start:,} to {epoch:,}" if self._count > 1 else f"epoch {epoch:,}"
        return (AverageWeights(f"put the mean of the weights of {of}, in their place"),)

    def state_dict(self) -> dict[str, Any]:
        return {"count": self._count}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._count = state["count"]
