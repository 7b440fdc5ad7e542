"""How good outputs are, beside the loss: sums over samples that are added up, and the figures they make."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Score(Protocol):
    """``sums`` of two batches added together are those of both; ``figures`` are named as in ``events.Figures``."""

    @property
    def exact(self) -> bool:
        """Whether the sums are whole numbers, so that the order in which they are added does not matter."""

    def sums(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """(N, units) and (N,) to a few numbers (S), on the device; unless exact, also (steps, N, ...) to (steps, S)."""

    def figures(self, sums: Sequence[float], samples: int) -> dict[str, float]: ...


@dataclass(frozen=True)
class Accuracy:
    """The share of samples whose predicted class is their label."""

    predict: Callable[[Tensor], Tensor]
    exact: bool = True

    def sums(self, outputs: Tensor, labels: Tensor) -> Tensor:
        return (self.predict(outputs) == labels).sum().unsqueeze(0)

    def figures(self, sums: Sequence[float], samples: int) -> dict[str, float]:
        return {"accuracy": sums[0] / samples}


@dataclass(frozen=True)
class Regression:
    """mae = Σ|a - y| / N, and R² = 1 - Σ(a - y)² / Σ(y - ȳ)², which is 1 for a perfect and 0 for a constant guess.

    Σ(y - ȳ)² = Σ(y - c)² - (Σ(y - c))² / N for every c; near ȳ, ``shift`` keeps the digits of targets far from 0.
    """

    shift: float = 0.0
    exact: bool = False

    def sums(self, outputs: Tensor, labels: Tensor) -> Tensor:
        wide = torch.float32 if outputs.device.type == "mps" else torch.float64  # mps has no float64
        y = labels.to(wide)
        error, away = outputs.to(wide).view_as(y) - y, y - self.shift
        return torch.stack([error.abs(), error.square(), away, away.square()]).sum(-1).movedim(0, -1)

    def figures(self, sums: Sequence[float], samples: int) -> dict[str, float]:
        absolute, squared, total, square_total = sums
        spread = square_total - total * total / samples
        figures = {"mae": absolute / samples}
        rounding = samples * sys.float_info.epsilon * square_total  # all that is left of targets that are equal
        return {**figures, "r2": 1 - squared / spread} if spread > rounding else figures
