"""Commands from the run's directory, handed to the thread that trains."""

from __future__ import annotations

import math

from tuitrain.model.network import Network
from tuitrain.optim.optimizers import LR_LIMIT
from tuitrain.runs import commands as c
from tuitrain.training.control import Control
from tuitrain.training.units import cannot_be_watched


def objection(command: c.Command, network: Network) -> str | None:
    """Why a command cannot be obeyed by the one who trains ``network``, None if it can."""
    match command:
        case c.SetLearningRate(lr=lr) if not (math.isfinite(lr) and 0 < lr <= LR_LIMIT):
            return f"the learning rate must be greater than 0 and at most {LR_LIMIT:g}, got {lr:g}"
        case c.WatchUnits(layer=layer):
            return cannot_be_watched(network, layer)
    return None


def obey(command: c.Command, control: Control) -> None:
    match command:
        case c.Pause():
            control.pause()
        case c.Resume():
            control.resume()
        case c.Step(count=count):
            control.step(count)
        case c.Stop():
            control.stop()
        case c.SaveCheckpoint():
            control.checkpoint()
        case c.SetLearningRate(lr=lr):
            control.set_lr(lr)
        case c.WatchUnits(layer=layer):
            control.watch(layer)
