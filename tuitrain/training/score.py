"""How good outputs are, beside the loss: sums over samples that are added up, and the figures they make."""

from __future__ import annotations

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
        """(N, units) and (N,) to a few numbers, on the device."""

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
    """mae = Σ|a - y| / N, and R² = 1 - Σ(a - y)² / Σ(y - ȳ)², which is 1 for a perfect and 0 for a constant guess."""

    exact: bool = False

    def sums(self, outputs: Tensor, labels: Tensor) -> Tensor:
        wide = torch.float32 if outputs.device.type == "mps" else torch.float64  # mps has no float64
        y = labels.to(wide)
        error = outputs.to(wide).view_as(y) - y
        return torch.stack([error.abs().sum(), error.square().sum(), y.sum(), y.square().sum()])

    def figures(self, sums: Sequence[float], samples: int) -> dict[str, float]:
        absolute, squared, total, square_total = sums
        spread = square_total - total * total / samples
        figures = {"mae": absolute / samples}
        return {**figures, "r2": 1 - squared / spread} if spread > 0 else figures
