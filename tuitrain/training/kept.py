"""Weights that callbacks have kept, apart from those that are trained, for the end of the training."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import get_swa_multi_avg_fn

from tuitrain.runs import events as e
from tuitrain.training.batches import Batch


@dataclass
class Kept:
    """Of the callback ``by``: a state of the network at ``step`` or the mean of several, and what is said of it.

    ``averaged`` counts the states whose mean it is, 0 for a single one that was kept as it was.
    """

    by: str
    step: int
    why: str
    averaged: int
    weights: dict[str, Tensor]


class KeptWeights:
    """For every callback of a training, by its number, the latest that it kept."""

    def __init__(self, module: nn.Module, callbacks: int) -> None:
        self._module = module
        self._kept: list[Kept | None] = [None] * callbacks

    def keep(self, number: int, by: str, step: int, why: str) -> None:
        """Keep the weights as they are, instead of what was kept for that callback."""
        self._kept[number] = Kept(by, step, why, 0, self._copy())

    def average(self, number: int, by: str, step: int, why: str) -> None:
        """Take the weights as they are into the mean of those before: wₙ₊₁ = wₙ + (w - wₙ) / (n + 1).

        Buffers, such as the statistics of batch norm, are those of the latest state.
        """
        kept = self._kept[number]
        if kept is None:
            self._kept[number] = Kept(by, step, why, 1, self._copy())
            return
        names, now = [name for name, _ in self._module.named_parameters()], self._module.state_dict()
        get_swa_multi_avg_fn()([kept.weights[name] for name in names], [now[name] for name in names], kept.averaged)
        for name in now.keys() - set(names):
            kept.weights[name].copy_(now[name])
        kept.step, kept.why, kept.averaged = step, why, kept.averaged + 1

    def put_back(self, step: int, batches: Callable[[], Iterable[Batch]]) -> Iterator[e.Event]:
        """End with the weights that were kept, if they are not those that there are after ``step`` steps.

        Behind a mean the statistics of batch norm are taken anew over ``batches``: those of no single state fit it.
        """
        for index, kept in enumerate(self._kept):
            if kept is None or (kept.step == step and not kept.averaged):
                continue
            self._module.load_state_dict(kept.weights)
            self._kept[index] = None  # a run that is resumed behind its end has them already
            if kept.averaged:
                renew_statistics(self._module, batches())
            yield e.CallbackFired(step=step, callback=kept.by, why=kept.why)

    def state_dict(self) -> list[dict[str, Any] | None]:
        return [vars(kept) if kept else None for kept in self._kept]

    def load_state_dict(self, states: Sequence[dict[str, Any] | None]) -> None:
        now = self._module.state_dict()
        for index, state in enumerate(states):
            if state is not None:
                weights = {name: value.to(now[name].device) for name, value in state["weights"].items()}
                self._kept[index] = Kept(**{**state, "weights": weights})

    def _copy(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self._module.state_dict().items()}


@torch.no_grad()
def renew_statistics(module: nn.Module, batches: Iterable[Batch]) -> None:
    """Take mean and variance of every batch norm that trains anew, as means over ``batches``.

    As `torch.optim.swa_utils.update_bn` does, but for frozen layers: they, in evaluation mode, keep theirs.
    """
    norms = [one for one in module.modules() if isinstance(one, _BatchNorm) and one.training]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches, none counting more
    try:
        for inputs, _, _ in batches:
            module(inputs)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
