"""A run for TensorBoard. This file imports torch and tensorboard: only `Tensorboard.build` imports it.

The tags, with the step on the x axis:

- ``window/<figure>`` and ``window/lr``: a few times a second;
- ``epoch/<figure>``: the figures of an epoch or a validation, named as in summary.json;
- ``gradient_norm/<layer>``, ``bias_gradient_norm/<layer>``: of each observed step;
- ``gradient/<parameter>``: histograms of the gradients before clipping.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from tuitrain.optim.callback_base import Action, Callback, Evaluation

STATISTICS = ("gradient_norm", "bias_gradient_norm")
FLUSH_S = 1
"""A run that is killed loses the values of so many seconds at most."""
EDGE = 9e19
"""SummaryWriter's widest bins end a little above; it would leave out what lies beyond."""


class TensorboardWriter(Callback):
    """Writes event files into ``directory``, for a run that goes on after step ``resumed_at``.

    ``histogram_every`` epochs the gradients of one step are taken, the first observed one in them; 0 for never.
    """

    def __init__(self, directory: Path, histogram_every: int, resumed_at: int) -> None:
        # TensorBoard forgets what an interrupted run had written for this step and those after it.
        self._writer = SummaryWriter(directory, purge_step=resumed_at + 1, max_queue=1000, flush_secs=FLUSH_S)
        self._every = histogram_every
        self._asked = self._taken = -1

    def after_window(self, step: int, scalars: Mapping[str, float]) -> None:
        self._add_scalars("window", scalars, step)

    def after_observation(self, step: int, statistics: Mapping[str, Mapping[str, float]]) -> None:
        for statistic in STATISTICS:
            self._add_scalars(statistic, statistics.get(statistic, {}), step)

    def after_evaluation(self, evaluation: Evaluation) -> Sequence[Action]:
        self._add_scalars("epoch", evaluation.figures, evaluation.step)
        self._writer.flush()
        return ()

    def wants_gradients(self, step: int, epoch: float) -> bool:
        if not self._every:
            return False
        self._asked = int(epoch // self._every)
        return self._asked > self._taken

    def take_gradients(self, step: int, gradients: Mapping[str, Tensor]) -> None:
        self._taken = self._asked
        for name, gradient in gradients.items():
            values = gradient.detach().float().flatten()
            values = values[~values.isnan()].clamp(-EDGE, EDGE)
            if values.numel():
                self._writer.add_histogram(f"gradient/{name}", values, step)

    def state_dict(self) -> dict[str, Any]:
        return {"taken": self._taken}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._taken = state["taken"]

    def close(self) -> None:
        self._writer.close()

    def _add_scalars(self, group: str, scalars: Mapping[str, float], step: int) -> None:
        for name, value in scalars.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)
