"""What steps give, put aside on the device: a step never waits for it."""

from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tuitrain.training.score import Scores

MOST_STEPS = 64
MOST_ELEMENTS = 1 << 20


class Done(NamedTuple):
    """One step, still on the device and without gradient: ``loss`` contains ``penalty``.

    ``factor`` is what clipping multiplied the norm of the gradients by; None where nothing clips.
    """

    loss: Tensor
    penalty: Tensor | None
    outputs: Tensor
    factor: Tensor | None


@dataclass(frozen=True)
class Counted:
    """Steps in their order: loss (penalty included), penalty, clip factor and number of samples of each.

    ``scores`` are the sums of the score, in one or more parts: in single steps where their order matters.
    """

    losses: list[float]
    penalties: list[float]
    factors: list[float]
    sizes: list[int]
    scores: list[list[float]]


@dataclass
class Tally:
    """`add` never waits for the device, `take` does."""

    score: Scores
    _aside: list[tuple[Done, Tensor]] = field(default_factory=list)
    _elements: int = 0
    _losses: list[Tensor] = field(default_factory=list)
    _penalties: list[Tensor] = field(default_factory=list)
    _factors: list[Tensor] = field(default_factory=list)
    _scores: list[Tensor] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=list)

    def add(self, done: Done, labels: Tensor) -> None:
        self._aside.append((done, labels))
        self._elements += done.outputs.numel()
        if len(self._aside) == MOST_STEPS or self._elements > MOST_ELEMENTS:
            self._reduce()

    def take(self) -> Counted:
        """What was added since the last time."""
        self._reduce()
        counted = Counted(
            losses=_joined(self._losses),
            penalties=_joined(self._penalties) or [0.0] * len(self._sizes),
            factors=_joined(self._factors),
            sizes=list(self._sizes),
            scores=_joined(self._scores),
        )
        for kept in (self._losses, self._penalties, self._factors, self._scores, self._sizes):
            kept.clear()
        return counted

    def _reduce(self) -> None:
        if not self._aside:
            return
        steps, labels = [done for done, _ in self._aside], [one for _, one in self._aside]
        self._aside.clear()
        self._elements = 0
        self._losses.append(torch.stack([done.loss for done in steps]))
        self._sizes.extend(map(len, labels))
        for kept, column in ((self._penalties, [d.penalty for d in steps]), (self._factors, [d.factor for d in steps])):
            if (known := [one for one in column if one is not None]) and len(known) == len(steps):
                kept.append(torch.stack(known))
        outputs = [done.outputs for done in steps]
        if self.score.exact:
            self._scores.append(self.score.sums(torch.cat(outputs), torch.cat(labels)).unsqueeze(0))
            return
        for _, alike in groupby(zip(outputs, labels, strict=True), lambda batch: len(batch[1])):
            batches = [torch.stack(column) for column in zip(*alike, strict=True)]
            self._scores.append(self.score.sums(*batches))


def _joined(parts: list[Tensor]) -> list[Any]:
    return torch.cat(parts).tolist() if parts else []
