"""Events: past-tense facts that leave the trainer, frozen and of plain values.

One line of ``events.jsonl`` is one event: ``{"kind": "EpochCompleted", "at": ..., "elapsed": ..., ...}``.
Losses and statistics of windows and layers are rounded to four significant digits there; figures
of an epoch are exact, because they are what runs are compared by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tuitrain.runs.plain import Measured, Milliseconds

Status = Literal["finished", "stopped", "failed", "diverged"]
Level = Literal["info", "warning", "error"]
Shape = tuple[int, ...]
PerLayer = tuple[Measured | None, ...]


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact. ``at`` is in seconds since the epoch, ``elapsed`` in seconds of training so far."""

    at: Milliseconds = 0.0
    elapsed: Milliseconds = 0.0


@dataclass(frozen=True, kw_only=True)
class LayerInfo:
    """One layer of the network that runs; ``output_shape`` is without the batch axis."""

    name: str
    type: str
    output_shape: Shape
    parameters: int
    trainable: bool


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What the steps of a window had: a spike of one step stays visible in ``min`` and ``max``."""

    mean: Measured
    min: Measured
    max: Measured
    last: Measured


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Means over the samples of a pass. ``loss`` contains ``penalty``, the part that regularizers add.

    ``accuracy`` is of classes; ``mae`` (in the unit of the target) and ``r2`` are of a regression.
    """

    loss: float
    accuracy: float | None = None
    penalty: float = 0.0
    mae: float | None = None
    r2: float | None = None


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """``steps_per_epoch`` and ``total_steps`` count optimizer steps."""

    device: str
    threads: int
    epochs: int
    steps_per_epoch: int
    total_steps: int
    parameters: int
    layers: tuple[LayerInfo, ...]


@dataclass(frozen=True, kw_only=True)
class RunContinued(Event):
    """The run goes on from a checkpoint: what was recorded beyond ``from_step`` no longer counts."""

    from_step: int


@dataclass(frozen=True, kw_only=True)
class WindowCompleted(Event):
    """The ``steps`` steps up to ``step``, summed up.

    ``epoch`` is a fraction (2.5: half of the third), ``data_wait`` and ``clipped`` are shares from 0
    to 1 (of the time, of the steps), ``memory`` is in bytes (of the device, or of the process on the CPU).
    ``clip_factor`` is what clipping multiplied the norm of the gradients by, the mean over the clipped steps.
    """

    step: int
    steps: int
    epoch: float
    loss: Spread
    accuracy: Measured | None
    lr: float
    samples_per_second: Measured
    data_wait: Measured
    memory: int | None = None
    clipped: Measured | None = None
    clip_factor: Measured | None = None
    mae: Measured | None = None


@dataclass(frozen=True, kw_only=True)
class LayersObserved(Event):
    """Statistics per layer, aligned with ``RunStarted.layers``; None where one has no meaning.

    Taken at the weights before the update of ``step`` and at gradients before clipping.
    """

    step: int
    epoch: float
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

    step: int
    epoch: float
    layer: str
    units: int
    bias_gradient: tuple[Measured, ...]


@dataclass(frozen=True, kw_only=True)
class EpochCompleted(Event):
    """``epoch`` counts from 1; ``seconds`` is what this epoch took, validation included.

    ``validation`` is None where nothing was validated at the end of this epoch.
    """

    epoch: int
    step: int
    seconds: float
    train: Figures
    validation: Figures | None


@dataclass(frozen=True, kw_only=True)
class ValidationCompleted(Event):
    """A validation that is not at the end of an epoch; ``epoch`` is a fraction."""

    step: int
    epoch: float
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class LearningRateChanged(Event):
    """From ``step`` on the schedule's rate is multiplied by ``factor`` (of the planned rate); ``lr`` is the result."""

    step: int
    lr: float
    factor: float


@dataclass(frozen=True, kw_only=True)
class LayersFrozen(Event):
    step: int
    layers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LayersUnfrozen(Event):
    step: int
    layers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CheckpointSaved(Event):
    """``path`` is relative to the run directory."""

    step: int
    path: str
    why: str


@dataclass(frozen=True, kw_only=True)
class CallbackFired(Event):
    step: int
    callback: str
    why: str


@dataclass(frozen=True, kw_only=True)
class CommandAccepted(Event):
    id: str
    command: str


@dataclass(frozen=True, kw_only=True)
class CommandRefused(Event):
    id: str
    why: str


@dataclass(frozen=True, kw_only=True)
class LogEmitted(Event):
    level: Level
    text: str


@dataclass(frozen=True, kw_only=True)
class RunPaused(Event):
    step: int


@dataclass(frozen=True, kw_only=True)
class RunResumed(Event):
    step: int


@dataclass(frozen=True, kw_only=True)
class Heartbeat(Event):
    """Sent every two seconds for as long as the trainer lives."""

    step: int


@dataclass(frozen=True, kw_only=True)
class RunFinished(Event):
    """The last event of a run's life; ``traceback`` only where an exception ended it."""

    status: Status
    step: int
    reason: str
    traceback: str | None = None
