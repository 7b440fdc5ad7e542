"""Scores: what the metrics beside the loss are made of, as sums over samples that are added up."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tuitrain.metrics import METRIC, METRICS, Pass, task_of


@dataclass(frozen=True)
class Labels:
    """What a score may know of the training labels: how many classes they are of, None for a regression; their mean."""

    classes: int | None
    mean: float


@dataclass(frozen=True)
class Score:
    """One metric, made of ``size`` sums. Sums of two batches added together are those of both.

    ``terms`` gives what is summed up over the samples: ``size`` tensors (..., N), of answers and labels (..., N).
    ``value`` makes the metric of the sums and the number of samples; None where it is not defined. ``exact``: whether
    the sums are whole numbers, so that the order in which they are added does not matter.
    """

    terms: Callable[[Tensor, Tensor], Sequence[Tensor]]
    value: Callable[[Sequence[float], int], float | None]
    size: int
    exact: bool = False


def mean(term: Callable[[Tensor, Tensor], Tensor], *, exact: bool) -> Score:
    """The mean of what ``term`` gives of the answer and the label of a sample."""
    return Score(lambda a, y: (term(a, y),), lambda sums, samples: sums[0] / samples, size=1, exact=exact)


def r_squared(shift: float) -> Score:
    """R² = 1 - Σ(a - y)² / Σ(y - ȳ)², which is 1 for a perfect and 0 for a constant guess.

    Σ(y - ȳ)² = Σ(y - c)² - (Σ(y - c))² / N for every c; near ȳ, ``shift`` keeps the digits of targets far from 0.
    """

    def terms(answers: Tensor, labels: Tensor) -> Sequence[Tensor]:
        away = labels - shift
        return (answers - labels).square(), away, away.square()

    def value(sums: Sequence[float], samples: int) -> float | None:
        squared, total, square_total = sums
        spread = square_total - total * total / samples
        rounding = samples * sys.float_info.epsilon * square_total  # all that is left of targets that are equal
        return 1 - squared / spread if spread > rounding else None

    return Score(terms, value, size=3)


SCORES: Mapping[str, Callable[[Labels], Score]] = {
    "accuracy": lambda labels: mean(torch.eq, exact=True),
    "mae": lambda labels: mean(lambda a, y: (a - y).abs(), exact=False),
    "r2": lambda labels: r_squared(labels.mean),
}
"""How a metric is scored, by its name; the loss and the penalty are summed up with the steps."""


class Scores:
    """The scores of a task, as one row of sums; ``predict`` makes classes of the outputs, where there are any."""

    def __init__(self, labels: Labels, predict: Callable[[Tensor], Tensor]) -> None:
        tasks = ("any", task_of(labels.classes))
        self._scores = {
            one.name: SCORES[one.name](labels) for one in METRICS if one.task in tasks and one.name in SCORES
        }
        self._predict = predict if labels.classes is not None else None
        self.exact = all(score.exact for score in self._scores.values())
        self.size = sum(score.size for score in self._scores.values())

    def sums(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """(..., N, units) and (..., N) to (..., S), on the device."""
        if self._predict is not None:
            answers = self._predict(outputs)
        else:
            wide = torch.float32 if outputs.device.type == "mps" else torch.float64  # mps has no float64
            labels = labels.to(wide)
            answers = outputs.to(wide).view_as(labels)
        terms = [term for score in self._scores.values() for term in score.terms(answers, labels)]
        # In one go: a single row would be summed up in another order on several threads.
        return torch.stack(terms).sum(-1).movedim(0, -1)

    def figures(self, sums: Sequence[float], samples: int, measured: Pass) -> dict[str, float]:
        """The metrics that such a pass over the data measures, by name."""
        figures, at = {}, 0
        for name, score in self._scores.items():
            value = score.value(sums[at : at + score.size], samples)
            at += score.size
            if value is not None and measured in METRIC[name].passes:
                figures[name] = value
        return figures
