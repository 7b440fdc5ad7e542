"""Commands: requests that enter the trainer, one small file each in the run's ``commands/``.

A command is the same value from whoever sends it to the loop that obeys it. A new one is a class here, and a method of
`Steerable` where it needs what no other command needs.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from tuitrain.optim import LR_LIMIT
from tuitrain.runs.bounds import Name, Positive, Sentences
from tuitrain.runs.events import Event


class Steerable(Protocol):
    """What a command may ask of a training, between two steps and in the thread that trains: gives what happened."""

    def pause(self) -> Iterable[Event]: ...

    def resume(self) -> Iterable[Event]: ...

    def run_steps(self, count: int) -> Iterable[Event]: ...

    def stop(self, reason: str) -> Iterable[Event]: ...

    def save_checkpoint(self) -> Iterable[Event]: ...

    def set_learning_rate(self, lr: float) -> Iterable[Event]: ...

    def watch_units(self, layer: str) -> Iterable[Event]: ...

    def cannot_watch(self, layer: str) -> str | None:
        """Why the units of that layer cannot be watched now, None if they can; for any thread, at any time."""


@dataclass(frozen=True)
class Command:
    """A request; every subclass is known to the codec under its name."""

    latest_only: ClassVar[bool] = False
    """Whether of several that were sent between two steps only the latest is obeyed."""

    def objection(self, training: Steerable) -> str | None:
        """Why that training cannot obey it, None if it can; for any thread, at any time."""
        return None

    def obey(self, training: Steerable) -> Iterable[Event]:
        raise NotImplementedError


@dataclass(frozen=True)
class Pause(Command):
    """Stop computing after the current step, and save a checkpoint."""

    def obey(self, training: Steerable) -> Iterable[Event]:
        return training.pause()


@dataclass(frozen=True)
class Resume(Command):
    """Go on after a pause."""

    def obey(self, training: Steerable) -> Iterable[Event]:
        return training.resume()


@dataclass(frozen=True)
class Step(Command):
    """Run that many steps, each shown by itself, then pause; a second request adds to the first."""

    count: Positive = 1

    def obey(self, training: Steerable) -> Iterable[Event]:
        return training.run_steps(self.count)


@dataclass(frozen=True)
class Stop(Command):
    """End the run after the current step, with a checkpoint; of several the first reason counts."""

    reason: Sentences = "stopped on request"

    def obey(self, training: Steerable) -> Iterable[Event]:
        return training.stop(self.reason)


@dataclass(frozen=True)
class SaveCheckpoint(Command):
    """Write ``checkpoints/last.pt`` now."""

    latest_only: ClassVar[bool] = True

    def obey(self, training: Steerable) -> Iterable[Event]:
        return training.save_checkpoint()


@dataclass(frozen=True)
class SetLearningRate(Command):
    """Scale the schedule so that the next step's rate is ``lr``."""

    latest_only: ClassVar[bool] = True

    lr: float

    def objection(self, training: Steerable) -> str | None:
        if math.isfinite(self.lr) and 0 < self.lr <= LR_LIMIT:
            return None
        return f"the learning rate must be greater than 0 and at most {LR_LIMIT:g}, got {self.lr:g}"

    def obey(self, training: Steerable) -> Iterable[Event]:
        return training.set_learning_rate(self.lr)


@dataclass(frozen=True)
class WatchUnits(Command):
    """Observe the units of a layer for the next seconds: of ``layer`` only, the latest asked for.

    A viewer renews this for as long as it shows them; one that died needs no switching off.
    """

    layer: Name

    def objection(self, training: Steerable) -> str | None:
        return training.cannot_watch(self.layer)

    def obey(self, training: Steerable) -> Iterable[Event]:
        return training.watch_units(self.layer)
