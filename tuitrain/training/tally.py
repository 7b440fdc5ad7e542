"""What steps give: put aside on the device, so that no step waits for it, then added up over windows and epochs."""

import math
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tuitrain.runs.events import Figures, Spread
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
