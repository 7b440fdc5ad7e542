"""Judge: what follows from figures. A lower rate, weights that are kept, a checkpoint, the end of the training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from tuitrain.optim.callback_base import Action, EndDiverged, Evaluation, KeepWeights, SaveWeights, StopTraining
from tuitrain.runs import events as e
from tuitrain.training.callbacks import Callbacks
from tuitrain.training.ending import Ending, diverged
from tuitrain.training.rates import Rates


class Judge:
    """Gives figures to schedule and callbacks, and does what they want.

    ``ending`` is set once one of them wants the training to end. ``save`` writes a checkpoint of that name, for that
    reason. Of weights that a callback asks to keep there is one copy: the latest.
    """

    def __init__(
        self, module: nn.Module, rates: Rates, schedule: str, save: Callable[[str, str], Iterator[e.Event]]
    ) -> None:
        self.ending: Ending | None = None
        self.kept_step: int | None = None
        self._kept_by = ""
        self._kept: dict[str, Any] = {}
        self._module = module
        self._rates = rates
        self._schedule = schedule
        self._save = save

    def evaluate(self, evaluation: Evaluation, callbacks: Callbacks) -> Iterator[e.Event]:
        """Judge the figures of an epoch or a validation."""
        before = self._rates.at(evaluation.step)
        if self._rates.evaluate(evaluation.step, evaluation.figures):
            why = f"learning rate {self._rates.at(evaluation.step):.4g} instead of {before:.4g}"
            yield e.CallbackFired(step=evaluation.step, callback=self._schedule, why=why)
        for name, action in callbacks.after_evaluation(evaluation):
            yield from self._act(name, action, evaluation.step)

    def leaves_out(self, step: int, loss: Tensor, callbacks: Callbacks) -> bool:
        """Whether a callback wants the training to end before the update of step number ``step``."""
        match callbacks.before_update(step, loss):
            case _, EndDiverged(why=why):
                self.ending = diverged(why, is_worth_saving=True)
            case name, StopTraining(why=why):
                self.ending = Ending("finished", f"{name}: {why}", can_resume=False)
        return self.ending is not None

    def put_back(self, step: int) -> Iterator[e.Event]:
        """End with the weights that were kept, if they are not those that there are after ``step`` steps."""
        if self.kept_step in (None, step):
            return
        self._module.load_state_dict(self._kept)
        why = f"put back the weights of step {self.kept_step:,}, the best"
        yield e.CallbackFired(step=step, callback=self._kept_by, why=why)

    def state_dict(self) -> dict[str, Any]:
        return {"step": self.kept_step, "by": self._kept_by, "weights": self._kept}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.kept_step, self._kept_by, self._kept = state["step"], state["by"], state["weights"]

    def _act(self, name: str, action: Action, step: int) -> Iterator[e.Event]:
        match action:
            case KeepWeights():
                self.kept_step, self._kept_by = step, name
                self._kept = {key: value.clone() for key, value in self._module.state_dict().items()}
            case SaveWeights(file=file, why=why):
                yield from self._save(why, file)
            case StopTraining(why=why):
                self.ending = self.ending or Ending("finished", f"{name}: {why}", can_resume=False)
                yield e.CallbackFired(step=step, callback=name, why=why)
            case EndDiverged(why=why):
                self.ending = diverged(why, is_worth_saving=True)
