"""Steps in an epoch: the same number for the axes of the plots, the schedules and the loop itself."""

import pytest

from tuitrain.experiment import presets
from tuitrain.experiment.experiment import Experiment
from tuitrain.runs.events import EpochCompleted, RunStarted
from tuitrain.spec import parse
from tuitrain.training.control import Control
from tuitrain.training.prepare import prepare
from tuitrain.training.trainer import Trainer

from ..narrow import present

SPIRALS = ["data.samples=100", "data.validation={ size = 20 }", "threads=1", "epochs=2"]


@pytest.mark.parametrize(
    ("batch_size", "steps"), [(1, 80), (3, 27), (16, 5), (32, 3), (40, 2), (79, 2), (80, 1), ("full", 1)]
)
def test_the_last_batch_of_an_epoch_may_be_smaller_and_full_is_one(batch_size, steps):
    assert presets.load("spirals-mlp", sets=[*SPIRALS, f"batch_size={batch_size}"]).steps_per_epoch() == steps


def test_it_is_not_known_of_data_that_is_read_first(tmp_path):
    data = {"type": "csv", "path": str(tmp_path / "not-there.csv"), "target": "y"}
    assert parse(Experiment, {"data": data}).steps_per_epoch() is None


@pytest.mark.parametrize("batch_size", [32, 40, "full"])
def test_training_takes_as_many(batch_size, tmp_path):
    experiment = presets.load("spirals-mlp", sets=[*SPIRALS, f"batch_size={batch_size}"])
    (tmp_path / "checkpoints").mkdir()
    events = list(Trainer(prepare(experiment, "cpu"), tmp_path / "checkpoints").run(Control()))
    started = next(event for event in events if isinstance(event, RunStarted))
    ends = [event.step for event in events if isinstance(event, EpochCompleted)]
    steps = present(experiment.steps_per_epoch())
    assert (started.steps_per_epoch, ends) == (steps, [steps, 2 * steps])
