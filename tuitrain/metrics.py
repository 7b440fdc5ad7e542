"""Metrics: the named figures of a training. Each is registered once, here, and every list of them is derived from that.

The sums that a metric is made of are in `tuitrain.training.score`. Logs name metrics by strings: one of a name that
nobody registered is kept, and shown by its name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

MOST_METRICS = 64
"""So many figures has a pass over the data at most, registered or not."""

Task = Literal["any", "classification", "regression"]
Pass = Literal["window", "train", "validation"]
"""Over the steps of a window of the log, over the training samples in an epoch, over the validation samples."""


@dataclass(frozen=True)
class Metric:
    """A figure that is made of sums over samples.

    Attributes:
        name: what logs, summaries, monitors and expectations call it.
        task: that in which it has a meaning.
        label: its name in a sentence.
        about: what it is, as in "here comes the share of correct answers".
        higher_is_better: None where neither is better; such a metric steers nothing and has no curve.
        is_share: whether it lies from 0 to 1.
        passes: which passes over the data measure it. Of a window only what has a meaning as a mean over its steps.
    """

    name: str
    task: Task
    label: str
    about: str
    higher_is_better: bool | None
    is_share: bool = False
    passes: tuple[Pass, ...] = ("window", "train", "validation")


_OF_SAMPLES: tuple[Pass, ...] = ("train", "validation")

METRICS = (
    Metric("loss", "any", "loss", "the loss of training and validation", higher_is_better=False),
    Metric(
        "accuracy", "classification", "accuracy", "the share of correct answers", higher_is_better=True, is_share=True
    ),
    Metric("mae", "regression", "mean absolute error", "the mean distance from the targets", higher_is_better=False),
    Metric("r2", "regression", "R²", "the share of the variance explained", higher_is_better=True, passes=_OF_SAMPLES),
    Metric("penalty", "any", "penalty", "what regularizers add to the loss", higher_is_better=None, passes=_OF_SAMPLES),
)
"""In the order in which they are said."""

STATISTICS = (
    *("gradient_norm", "bias_gradient_norm", "gradient_rms", "weight_norm", "update_ratio"),
    *("activation_mean", "activation_std", "zero_share", "dead_share", "saturated_share"),
)
"""One value a layer and observation: the fields of the event LayersObserved."""

METRIC: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}


def task_of(classes: int | None) -> Task:
    """That of data with so many classes; None stands for a regression."""
    return "regression" if classes is None else "classification"


def task_of_figures(names: Iterable[str]) -> Task:
    """The task of a run that has figures of these names."""
    return "regression" if _OF_REGRESSION.intersection(names) else "classification"


def monitors(parts: Iterable[Pass], tasks: Iterable[Task]) -> tuple[str, ...]:
    """What training can be steered by, as in ``validation.loss``: the names of figures in summary.json."""
    compared = [metric for metric in METRICS if metric.task in tasks and metric.higher_is_better is not None]
    return tuple(f"{part}.{metric.name}" for part in parts for metric in compared if part in metric.passes)


MONITORS = monitors(("validation", "train"), get_args(Task))


def higher_is_better(monitor: str) -> bool:
    """Accuracy and R² are to grow, losses and errors to shrink."""
    return bool(METRIC[monitor.rpartition(".")[2]].higher_is_better)


def compared(part: Pass, figures: Mapping[str, float]) -> dict[str, float]:
    """The figures that have a better and a worse, by their monitors: ``{"validation.loss": ...}``."""
    return {f"{part}.{name}": value for name, value in figures.items() if not _is_neutral(name)}


def said(part: Pass, figures: Mapping[str, float]) -> list[tuple[str, float]]:
    """What is said of figures, in this order. A penalty is said of the training, where there is one."""
    ordered = sorted(figures.items(), key=lambda one: _ORDER.get(one[0], len(_ORDER)))
    return [(name, value) for name, value in ordered if not _is_neutral(name) or (value and part == "train")]


def are_in_bounds(figures: Mapping[str, float]) -> bool:
    """Whether all shares are from 0 to 1."""
    return all(0 <= figures[name] <= 1 for name in _SHARES if name in figures)


def _is_neutral(name: str) -> bool:
    return name in METRIC and METRIC[name].higher_is_better is None


_OF_REGRESSION = {metric.name for metric in METRICS if metric.task == "regression"}
_ORDER = {metric.name: index for index, metric in enumerate(METRICS)}
_SHARES = tuple(metric.name for metric in METRICS if metric.is_share)
