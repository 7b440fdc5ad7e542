"""What is added up over an epoch, and over a window of the log."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tuitrain.runs.events import Figures, Spread
from tuitrain.training.tally import Counted


@dataclass
class EpochSums:
    """Running sums over the samples of an epoch, step by step in their order, whatever the windows.

    ``began`` is the elapsed time at which the epoch began. All of it is part of a checkpoint: only so is a
    resumed run equal to one that was never interrupted.
    """

    began: float = 0.0
    loss: float = 0.0
    penalty: float = 0.0
    correct: int = 0
    samples: int = 0

    def add(self, counted: Counted) -> None:
        for loss, penalty, size in zip(counted.losses, counted.penalties, counted.sizes, strict=True):
            self.loss += loss * size
            self.penalty += penalty * size
            self.samples += size
        self.correct += counted.correct

    def figures(self, *, classes: bool) -> Figures:
        return Figures(
            loss=self.loss / self.samples,
            accuracy=self.correct / self.samples if classes else None,
            penalty=self.penalty / self.samples,
        )


@dataclass
class Window:
    """The steps since the last event about them."""

    began: float
    losses: list[float] = field(default_factory=list)
    correct: int = 0
    samples: int = 0

    def add(self, counted: Counted) -> None:
        self.losses += counted.losses
        self.correct += counted.correct
        self.samples += sum(counted.sizes)

    @property
    def steps(self) -> int:
        return len(self.losses)

    def spread(self) -> Spread:
        """Of the losses. nan is neither small nor large: extremes are of the others, where there are any."""
        known = [loss for loss in self.losses if not math.isnan(loss)] or self.losses
        mean = sum(self.losses) / len(self.losses)
        return Spread(mean=mean, min=min(known), max=max(known), last=self.losses[-1])
