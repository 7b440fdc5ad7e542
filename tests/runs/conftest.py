"""What the tests of a run directory share: a run in a temporary place, and a plausible window."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tuitrain.runs.directory import RunDirectory, create
from tuitrain.runs.events import Spread, WindowCompleted


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return create(tmp_path / "runs", "digits mlp", 'name = "digits mlp"\n', {"device": "cpu", "threads": 1})


@pytest.fixture(scope="session")
def window() -> Callable[..., WindowCompleted]:
    def make(step: int, loss: float = 1.0) -> WindowCompleted:
        return WindowCompleted(
            step=step,
            steps=1,
            epoch=step / 10,
            loss=Spread(mean=loss, min=loss, max=loss, last=loss),
            figures={"accuracy": 0.5},
            lr=0.1,
            samples_per_second=1000.0,
            data_wait=0.0,
        )

    return make
