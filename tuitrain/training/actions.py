"""Actions: what follows from figures. A lower rate, weights that are kept, a checkpoint, the end of the training."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from torch import Tensor

from tuitrain.optim.callback_base import Evaluation
from tuitrain.runs import events as e
from tuitrain.training.callbacks import Callbacks, Wanted
from tuitrain.training.kept import KeptWeights
from tuitrain.training.rates import Rates


@dataclass(frozen=True)
class Ending:
    """How a training ended, or is to end; ``can_resume``: whether there is something left to train.

    Weights that diverged replace no good checkpoint.
    """

    status: e.Status
    reason: str
    is_worth_saving: bool = True
    can_resume: bool = True


def diverged(what: str, *, is_worth_saving: bool = False) -> Ending:
    remedy = "Try a smaller optimizer.lr (a tenth), inputs and targets of the order of 1, or another initialiser."
    return Ending("diverged", f"{what}. {remedy}", is_worth_saving)


def lost(step: int) -> Ending:
    return diverged(f"the weights were not finite after step {step:,}")


def unsaved(ending: Ending, problem: str, saved: object) -> Ending:
    """A training of which the last checkpoint could not be written; ``saved`` is the last that could, or None."""
    good = f"The last good checkpoint is {saved}." if saved else "There is no good checkpoint."
    return Ending("failed", f"{problem} {good} The training itself: {ending.reason}.")


class Actions:
    """Gives figures to schedule and callbacks, and does what they want, as an `ActionTarget`.

    ``ending`` is set once one of them wants the training to end. ``save`` writes a checkpoint of that name, for that
    reason.
    """

    def __init__(
        self, kept: KeptWeights, rates: Rates, schedule: str, save: Callable[[str, str], Iterator[e.Event]]
    ) -> None:
        self.ending: Ending | None = None
        self._kept = kept
        self._rates = rates
        self._schedule = schedule
        self._save = save

    def evaluate(self, evaluation: Evaluation, callbacks: Callbacks) -> Iterator[e.Event]:
        """Have the figures of an epoch or a validation judged."""
        before = self._rates.at(evaluation.step)
        if self._rates.evaluate(evaluation.step, evaluation.figures):
            why = f"learning rate {self._rates.at(evaluation.step):.4g} instead of {before:.4g}"
            yield e.CallbackFired(step=evaluation.step, callback=self._schedule, why=why)
        for wanted in callbacks.after_evaluation(evaluation):
            yield from self._carry_out(wanted, evaluation.step)

    def leaves_out(self, step: int, loss: Tensor, callbacks: Callbacks) -> bool:
        """Whether a callback wants the training to end before the update of step number ``step``."""
        if wanted := callbacks.before_update(step, loss):
            list(self._carry_out(wanted, step))  # its events are in the ending, too
        return self.ending is not None

    def keep_weights(self, why: str) -> Iterable[e.Event]:
        self._kept.keep(self._wanted.number, self._wanted.name, self._step, why)
        return ()

    def average_weights(self, why: str) -> Iterable[e.Event]:
        self._kept.average(self._wanted.number, self._wanted.name, self._step, why)
        return ()

    def save_weights(self, file: str, why: str) -> Iterable[e.Event]:
        return self._save(why, file)

    def stop(self, why: str) -> Iterable[e.Event]:
        name = self._wanted.name
        self.ending = self.ending or Ending("finished", f"{name}: {why}", can_resume=False)
        return (e.CallbackFired(step=self._step, callback=name, why=why),)

    def end_diverged(self, why: str) -> Iterable[e.Event]:
        self.ending = diverged(why, is_worth_saving=True)
        return ()

    def _carry_out(self, wanted: Wanted, step: int) -> Iterable[e.Event]:
        self._wanted, self._step = wanted, step
        return wanted.action.apply(self)
