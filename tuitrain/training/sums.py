"""What is added up over an epoch, and over a window of the log."""

import math
from dataclasses import dataclass, field

from tuitrain.runs.events import Figures, Spread
from tuitrain.training.score import Scores
from tuitrain.training.tally import Counted


@dataclass
class EpochSums:
    """Running sums over the samples of an epoch, step by step in their order, whatever the windows.

    ``began`` is the elapsed time at which the epoch began. All of it is part of a checkpoint: only so is a
    resumed run equal to one that was never interrupted (bit for bit on the CPU).
    """

    began: float = 0.0
    loss: float = 0.0
    penalty: float = 0.0
    samples: int = 0
    scores: list[float] = field(default_factory=list)

    def add(self, counted: Counted) -> None:
        for loss, penalty, size in zip(counted.losses, counted.penalties, counted.sizes, strict=True):
            self.loss += loss * size
            self.penalty += penalty * size
            self.samples += size
        self.scores = _added(self.scores, counted.scores)

    def figures(self, scores: Scores) -> Figures:
        means = {"loss": self.loss / self.samples, "penalty": self.penalty / self.samples}
        return {**means, **scores.figures(self.scores, self.samples, "train")}


@dataclass
class Window:
    """The steps since the last event about them."""

    began: float
    losses: list[float] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    samples: int = 0

    def add(self, counted: Counted) -> None:
        self.losses += counted.losses
        self.factors += counted.factors
        self.samples += sum(counted.sizes)
        self.scores = _added(self.scores, counted.scores)

    @property
    def steps(self) -> int:
        return len(self.losses)

    def spread(self) -> Spread:
        """Of the losses. nan is neither small nor large: extremes are of the others, where there are any."""
        known = [loss for loss in self.losses if not math.isnan(loss)] or self.losses
        mean = sum(self.losses) / len(self.losses)
        return Spread(mean=mean, min=min(known), max=max(known), last=self.losses[-1])

    def clipped(self) -> tuple[float | None, float | None]:
        """The share of steps that were clipped, and by what factor on average; None where nothing clips, or did."""
        if not self.factors:
            return None, None
        cut = [factor for factor in self.factors if factor < 1]
        return len(cut) / len(self.factors), sum(cut) / len(cut) if cut else None


def _added(sums: list[float], parts: list[list[float]]) -> list[float]:
    for part in parts:
        sums = [old + new for old, new in zip(sums, part, strict=True)] if sums else list(part)
    return sums
