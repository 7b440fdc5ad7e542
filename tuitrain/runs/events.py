"""Events: past-tense facts that leave the trainer, frozen and of plain values.

One line of ``events.jsonl`` is one event: ``{"kind": "EpochCompleted", "at": ..., "elapsed": ..., ...}``.
Losses and statistics of windows and layers are rounded to four significant digits there; figures
of an epoch are exact, because they are what runs are compared by. Numbers, texts and arrays are within the bounds of
their types.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from tuitrain.metrics import MOST_METRICS, are_in_bounds
from tuitrain.runs.bounds import (
    MOST_AXES,
    MOST_LAYERS,
    MOST_STATISTICS,
    MOST_UNITS,
    Count,
    Duration,
    Epochs,
    ExactDuration,
    Measured,
    Name,
    Positive,
    Sentences,
    Share,
    Speed,
    Time,
    Traceback,
)

Status = Literal["finished", "stopped", "failed", "diverged"]
Level = Literal["info", "warning", "error"]
Shape = Annotated[tuple[Count, ...], Meta(max_length=MOST_AXES)]
PerLayer = Annotated[tuple[Measured | None, ...], Meta(max_length=MOST_LAYERS)]
LayerCounts = Annotated[tuple[Count, ...], Meta(max_length=MOST_LAYERS)]
LayerNames = Annotated[tuple[Name, ...], Meta(max_length=MOST_LAYERS)]
Figures = Annotated[Mapping[Name, float], Meta(max_length=MOST_METRICS)]
"""Metrics by name, means over the samples of a pass. ``loss`` contains ``penalty``, the part that regularizers add."""
WindowFigures = Annotated[Mapping[Name, Measured], Meta(max_length=MOST_METRICS)]
"""Metrics by name, beside the loss."""
FIGURES = ("figures", "train", "validation")
"""The fields of events that have some."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact. ``at`` is in seconds since the epoch, ``elapsed`` in seconds of training so far."""

    at: Time = 0.0
    elapsed: Duration = 0.0


class _WithFigures:
    """Refuses a share that is none, as any value beyond its bounds is refused when it is read."""

    def __post_init__(self) -> None:
        for name in FIGURES:
            if (figures := self.__dict__.get(name)) and not are_in_bounds(figures):
                raise ValueError("a share must be from 0 to 1")


@dataclass(frozen=True, kw_only=True)
class LayerInfo:
    """One layer of the network that runs; ``output_shape`` is without the batch axis."""

    name: Name
    type: Name
    output_shape: Shape
    parameters: Count
    trainable: bool


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What the steps of a window had: a spike of one step stays visible in ``min`` and ``max``."""

    mean: Measured
    min: Measured
    max: Measured
    last: Measured


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """``steps_per_epoch`` and ``total_steps`` count optimizer steps."""

    device: Name
    threads: Count
    epochs: Positive
    steps_per_epoch: Positive
    total_steps: Positive
    parameters: Count
    layers: Annotated[tuple[LayerInfo, ...], Meta(max_length=MOST_LAYERS)]


@dataclass(frozen=True, kw_only=True)
class RunContinued(Event):
    """The run goes on from a checkpoint: what was recorded beyond ``from_step`` no longer counts."""

    from_step: Count


@dataclass(frozen=True, kw_only=True)
class WindowCompleted(_WithFigures, Event):
    """The ``steps`` steps up to ``step``, summed up.

    ``epoch`` is a fraction (2.5: half of the third), ``data_wait`` and ``clipped`` are shares from 0
    to 1 (of the time, of the steps), ``memory`` is in bytes (of the device, or of the process on the CPU).
    ``clip_factor`` is what clipping multiplied the norm of the gradients by, the mean over the clipped steps.
    """

    step: Count
    steps: Positive
    epoch: Epochs
    loss: Spread
    figures: WindowFigures
    lr: float
    samples_per_second: Speed
    data_wait: Share
    memory: Count | None = None
    clipped: Share | None = None
    clip_factor: Measured | None = None


@dataclass(frozen=True, kw_only=True)
class LayersObserved(Event):
    """Statistics per layer, aligned with ``RunStarted.layers``; None where one has no meaning.

    Taken at the weights before the update of ``step`` and at gradients before clipping.
    """

    step: Count
    epoch: Epochs
    gradient_norm: PerLayer
    bias_gradient_norm: PerLayer
    gradient_rms: PerLayer
    weight_norm: PerLayer
    update_ratio: PerLayer
    activation_mean: PerLayer
    activation_std: PerLayer
    zero_share: PerLayer
    dead_share: PerLayer
    saturated_share: PerLayer


@dataclass(frozen=True, kw_only=True)
class UnitsObserved(Event):
    """∂C/∂b_j, signed, of the first of the ``units`` units of ``layer``, taken as in `LayersObserved`.

    A unit is an entry of the layer's (first) biases: a unit of a dense layer, a filter, a channel, a gate of a unit.
    """

    step: Count
    epoch: Epochs
    layer: Name
    units: Count
    bias_gradient: Annotated[tuple[Measured, ...], Meta(max_length=MOST_UNITS)]


@dataclass(frozen=True, kw_only=True)
class EpochCompleted(_WithFigures, Event):
    """``epoch`` counts from 1; ``seconds`` is what this epoch took, validation included.

    ``validation`` is None where nothing was validated at the end of this epoch.
    """

    epoch: Count
    step: Count
    seconds: ExactDuration
    train: Figures
    validation: Figures | None


@dataclass(frozen=True, kw_only=True)
class ValidationCompleted(_WithFigures, Event):
    """A validation that is not at the end of an epoch; ``epoch`` is a fraction."""

    step: Count
    epoch: Epochs
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class FiguresLeftOut(_WithFigures, Event):
    """Epochs and validations up to ``step`` that have no event of their own, lest the log grow too fast.

    Written where the log is made complete: before a pause, the end and the like. ``train`` are the means over
    ``epochs`` epochs, ``validation`` those over ``validations`` validations, each since the last such event. The first
    and the last of all, and what was least or greatest, are never among them.
    """

    step: Count
    epochs: Count
    validations: Count
    train: Figures | None
    validation: Figures | None


@dataclass(frozen=True, kw_only=True)
class LayersLeftOut(Event):
    """Observations up to ``step`` that have no event of their own, since the last such event; see `FiguresLeftOut`.

    One entry per statistic of `LayersObserved`, in ``statistics``. Of each, one value a layer: ``counts`` of its
    values, their means, the least and the greatest, None where there was none.
    """

    step: Count
    statistics: Annotated[tuple[Name, ...], Meta(max_length=MOST_STATISTICS)]
    counts: Annotated[tuple[LayerCounts, ...], Meta(max_length=MOST_STATISTICS)]
    means: Annotated[tuple[PerLayer, ...], Meta(max_length=MOST_STATISTICS)]
    lows: Annotated[tuple[PerLayer, ...], Meta(max_length=MOST_STATISTICS)]
    highs: Annotated[tuple[PerLayer, ...], Meta(max_length=MOST_STATISTICS)]


@dataclass(frozen=True, kw_only=True)
class LearningRateChanged(Event):
    """From ``step`` on the schedule's rate is multiplied by ``factor`` (of the planned rate); ``lr`` is the result."""

    step: Count
    lr: float
    factor: float


@dataclass(frozen=True, kw_only=True)
class LayersFrozen(Event):
    step: Count
    layers: LayerNames


@dataclass(frozen=True, kw_only=True)
class LayersUnfrozen(Event):
    step: Count
    layers: LayerNames


@dataclass(frozen=True, kw_only=True)
class CheckpointSaved(Event):
    """``path`` is relative to the run directory."""

    step: Count
    path: Name
    why: Sentences


@dataclass(frozen=True, kw_only=True)
class CallbackFired(Event):
    step: Count
    callback: Name
    why: Sentences


@dataclass(frozen=True, kw_only=True)
class CommandAccepted(Event):
    id: Name
    command: Name


@dataclass(frozen=True, kw_only=True)
class CommandRefused(Event):
    id: Name
    why: Sentences


@dataclass(frozen=True, kw_only=True)
class LogEmitted(Event):
    level: Level
    text: Sentences


@dataclass(frozen=True, kw_only=True)
class RunPaused(Event):
    step: Count


@dataclass(frozen=True, kw_only=True)
class RunResumed(Event):
    step: Count


@dataclass(frozen=True, kw_only=True)
class Heartbeat(Event):
    """Sent every two seconds for as long as the trainer lives."""

    step: Count


@dataclass(frozen=True, kw_only=True)
class RunFinished(Event):
    """The last event of a run's life; ``traceback`` only where an exception ended it."""

    status: Status
    step: Count
    reason: Sentences
    traceback: Traceback | None = None
