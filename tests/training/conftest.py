"""What the tests of training share: small experiments that run in a fraction of a second."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from tuitrain.experiment.document import to_experiment
from tuitrain.experiment.experiment import Experiment
from tuitrain.training.prepare import Prepared
from tuitrain.training.step import Stepper

SPIRALS: dict[str, Any] = {
    "epochs": 3,
    "batch_size": 10,
    "threads": 1,
    "data": {"type": "spirals", "samples": 128},
    "model": {
        "layers": [
            {"type": "dense", "units": 8, "activation": "relu", "regularizer": {"type": "l2", "l2": 0.01}},
            {"type": "dropout", "rate": 0.25},
            {"type": "dense", "units": 6, "activation": "tanh"},
        ]
    },
    "optimizer": {"type": "sgd", "lr": 0.1},
    "schedule": {"type": "exponential", "unit": "step", "decay": 0.5, "over": 10},
}
"""103 samples to train on: ten batches of ten and one of three, an epoch."""


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def stepper_of() -> Callable[[Prepared], Stepper]:
    """Makes the steps of what was prepared."""

    def made(prepared: Prepared) -> Stepper:
        experiment, scores, chunk = prepared.experiment, prepared.scores, prepared.validation_chunk
        return Stepper(prepared.network, experiment.optimizer, experiment.loss, experiment.clipping, scores, chunk)

    return made


@pytest.fixture(scope="session")
def document() -> Callable[..., dict[str, Any]]:
    return lambda **changes: {**SPIRALS, **changes}


@pytest.fixture(scope="session")
def spirals() -> Callable[..., Experiment]:
    return lambda **changes: to_experiment({**SPIRALS, **changes})
