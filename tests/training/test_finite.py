"""Training ends within a few steps once its loss or its weights are no numbers, and good checkpoints stay."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.runs.events import CheckpointSaved, WindowCompleted
from tuitrain.training import checkpoint
from tuitrain.training.control import Control
from tuitrain.training.prepare import prepare
from tuitrain.training.step import EVERY, FiniteWatch, all_finite
from tuitrain.training.trainer import Trainer

LONG = {
    "data": {"type": "spirals", "samples": 10_000},
    "epochs": 5000,
    "schedule": "constant",
    "observe": {"every": 100_000},
    "model": {"layers": [{"type": "dense", "units": 8, "activation": "relu"}]},
}
VALUES = st.floats(width=32) | st.sampled_from([3.4e38, -3.4e38, math.nan, math.inf, -math.inf, 1e-45])


@given(parts=st.lists(st.lists(VALUES, max_size=40), max_size=4))
def test_finite_is_what_every_value_is(parts):
    """Also where a sum overflows, or opposite infinities meet."""
    tensors = [torch.tensor(part, dtype=torch.float32) for part in parts]
    tensors.append(torch.tensor([7], dtype=torch.int64))
    assert all_finite(tensors) == all(math.isfinite(value) for part in parts for value in part)


def spoiled(trainer, at, spoil):
    """The steps of a training in which something is done to the network before step ``at`` + 1; its events."""
    plain = trainer._stepper.plain

    def stepping(batch):
        if trainer.step == at:
            with torch.no_grad():
                spoil(trainer.prepared.network.module)
        return plain(batch)

    trainer._stepper.plain = stepping
    return list(trainer.run(Control()))


def one_weight(module):
    module[0].weight[3, 1] = math.nan


def a_unit_that_feeds_dead_units(module):
    """Its output is 0 whatever comes in, so the loss does not show it."""
    module[0].weight[3] = 0.0
    module[0].bias[3] = -math.inf


@pytest.mark.parametrize(("spoil", "within"), [(one_weight, 1), (a_unit_that_feeds_dead_units, EVERY)])
@pytest.mark.parametrize("at", [40, 41, 100])
def test_it_ends_within_a_few_steps(spirals, tmp_path, spoil, within, at):
    trainer = Trainer(prepare(spirals(**LONG), "cpu"), tmp_path)
    events = spoiled(trainer, at, spoil)
    finished = events[-1]
    assert finished.status == "diverged"
    assert at < finished.step <= at + within
    assert not [event for event in events if isinstance(event, CheckpointSaved) and event.step > at]
    losses = [event.loss.last for event in events if isinstance(event, WindowCompleted)]
    assert math.isfinite(losses[-1]) == (spoil is a_unit_that_feeds_dead_units)
    assert ("the loss was nan" if spoil is one_weight else "the weights were not finite") in finished.reason


def test_weights_that_are_lost_in_the_last_step_are_neither_kept_nor_saved(spirals, tmp_path):
    experiment = spirals(
        **{**LONG, "epochs": 2, "data": {"type": "spirals", "samples": 128}},
        callbacks=["checkpoint", {"type": "early_stopping", "restore_best": True}],
    )
    trainer = Trainer(prepare(experiment, "cpu"), tmp_path)
    events = spoiled(trainer, 21, a_unit_that_feeds_dead_units)
    assert (events[-1].status, events[-1].step) == ("diverged", 22)
    assert "the weights were not finite after step 22" in events[-1].reason
    assert checkpoint.load(tmp_path / "best.pt")["step"] == 11
    assert not (tmp_path / "last.pt").exists()


def test_another_device_than_the_cpu_is_not_waited_for_after_a_step():
    watch = FiniteWatch(torch.device("cuda"), [torch.tensor([math.nan])])
    nothing_to_read = torch.empty((), device="meta")
    assert not any(watch.is_lost(step, nothing_to_read, at_window_end=False) for step in range(100))
    assert watch.is_lost(100, nothing_to_read, at_window_end=True)
