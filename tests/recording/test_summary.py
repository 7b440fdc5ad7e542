import math

from tuitrain.recording.recorder import summarize
from tuitrain.runs.events import EpochCompleted, RunFinished
from tuitrain.runs.snapshot import Snapshot

FINISHED = RunFinished(status="finished", step=20, reason="all 2 epochs done", elapsed=4.0)


def test_validation_is_the_last_one_wherever_it_was():
    train, later = {"loss": 1.0, "accuracy": 0.5, "penalty": 0.25}, {"loss": 0.5, "accuracy": 0.75, "penalty": 0.0}
    epoch = EpochCompleted(epoch=2, step=20, seconds=1.0, train=train, validation=None)
    summary = summarize("x", Snapshot(last_epoch=epoch, last_validation=later), FINISHED)
    assert summary["train"] == {"loss": 1.0, "accuracy": 0.5, "penalty": 0.25}
    assert summary["validation"] == {"loss": 0.5, "accuracy": 0.75, "penalty": 0.0}
    assert (summary["epochs"], summary["steps"], summary["steps_per_second"]) == (2, 20, 5.0)


def test_a_regression_has_mae_and_r2_and_no_accuracy():
    train = {"loss": math.inf, "mae": 3.0, "penalty": 0.0}
    epoch = EpochCompleted(epoch=1, step=10, seconds=1.0, train=train, validation=None)
    summary = summarize("x", Snapshot(last_epoch=epoch), FINISHED)
    assert summary["train"] == {"loss": None, "accuracy": None, "penalty": 0.0, "mae": 3.0, "r2": None}
    assert summary["validation"] is None


def test_a_run_without_an_epoch_has_no_figures():
    assert set(summarize("x", Snapshot(), FINISHED)["train"].values()) == {None}
