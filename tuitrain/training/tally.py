"""Losses and correct answers, added up on the device: a step only puts its results aside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

MOST_STEPS = 64
MOST_ELEMENTS = 1 << 20


@dataclass(frozen=True)
class Counted:
    """Steps in their order: loss (penalty included) and penalty of each, its number of samples; ``correct`` of all."""

    losses: list[float]
    penalties: list[float]
    sizes: list[int]
    correct: int


class Tally:
    """`add` never waits for the device, `take` does. ``predict`` is None where nothing can be correct."""

    def __init__(self, predict: Callable[[Tensor], Tensor] | None) -> None:
        self._predict = predict
        self._aside: list[tuple[Tensor, Tensor | None, Tensor, Tensor]] = []
        self._elements = 0
        self._losses: list[Tensor] = []
        self._penalties: list[Tensor] = []
        self._correct: list[Tensor] = []
        self._sizes: list[int] = []

    def add(self, loss: Tensor, penalty: Tensor | None, outputs: Tensor, labels: Tensor) -> None:
        """Take in one step: all are without gradient."""
        self._aside.append((loss, penalty, outputs, labels))
        self._elements += outputs.numel()
        if len(self._aside) == MOST_STEPS or self._elements > MOST_ELEMENTS:
            self._reduce()

    def take(self) -> Counted:
        """What was added since the last time."""
        self._reduce()
        counted = Counted(
            losses=torch.cat(self._losses).tolist() if self._losses else [],
            penalties=torch.cat(self._penalties).tolist() if self._penalties else [0.0] * len(self._sizes),
            sizes=list(self._sizes),
            correct=int(torch.stack(self._correct).sum()) if self._correct else 0,
        )
        for kept in (self._losses, self._penalties, self._correct, self._sizes):
            kept.clear()
        return counted

    def _reduce(self) -> None:
        if not self._aside:
            return
        losses, penalties, outputs, labels = zip(*self._aside, strict=True)
        self._aside.clear()
        self._elements = 0
        self._losses.append(torch.stack(losses))
        self._sizes.extend(map(len, labels))
        if penalties[0] is not None:
            self._penalties.append(torch.stack(penalties))
        if self._predict:
            self._correct.append((self._predict(torch.cat(outputs)) == torch.cat(labels)).sum())
