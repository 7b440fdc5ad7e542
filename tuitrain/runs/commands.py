"""Commands: requests that enter the trainer, one small file each in the run's ``commands/``."""

from __future__ import annotations

from dataclasses import dataclass

from tuitrain.runs.bounds import Name, Positive


@dataclass(frozen=True)
class Pause:
    """Stop computing after the current step, and save a checkpoint."""


@dataclass(frozen=True)
class Resume:
    """Go on after a pause."""


@dataclass(frozen=True)
class Step:
    """Run that many steps, then pause."""

    count: Positive = 1


@dataclass(frozen=True)
class Stop:
    """End the run after the current step, with a checkpoint."""


@dataclass(frozen=True)
class SaveCheckpoint:
    """Write ``checkpoints/last.pt`` now."""


@dataclass(frozen=True)
class SetLearningRate:
    """Scale the schedule so that its rate now is ``lr``."""

    lr: float


@dataclass(frozen=True)
class WatchUnits:
    """Look at the units of a layer in the observed steps of the next seconds: of ``layer`` only, the latest asked for.

    A viewer renews this for as long as it shows them; one that died needs no switching off.
    """

    layer: Name


Command = Pause | Resume | Step | Stop | SaveCheckpoint | SetLearningRate | WatchUnits
