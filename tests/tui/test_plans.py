import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.data.generated import Spirals
from tuitrain.data.split import HeldOut
from tuitrain.experiment.experiment import Experiment
from tuitrain.optim.optimizers import Sgd
from tuitrain.optim.performance import Performance
from tuitrain.optim.schedule_base import Schedule
from tuitrain.runs.events import RunStarted
from tuitrain.runs.snapshot import Snapshot
from tuitrain.spec import members
from tuitrain.tui.charts import POINTS, learning_rate_plan


def started(steps_per_epoch, total):
    return Snapshot(
        started=RunStarted(
            device="cpu",
            threads=1,
            epochs=total // steps_per_epoch,
            steps_per_epoch=steps_per_epoch,
            total_steps=total,
            parameters=1,
            layers=(),
        )
    )


@given(st.sampled_from(list(members(Schedule).values())), st.integers(1, 50), st.integers(1, 50), st.floats(1e-6, 1))
def test_the_plan_is_the_schedule_from_the_first_step_to_the_last(schedule, steps_per_epoch, epochs, lr):
    experiment = Experiment(epochs=epochs, optimizer=Sgd(lr=lr), schedule=schedule())
    total = steps_per_epoch * epochs
    plan = learning_rate_plan(experiment, started(steps_per_epoch, total))
    steps = [step for step, _ in plan.points]
    assert steps[0] == 0 and steps[-1] == total - 1
    assert steps == sorted(set(steps)) and len(steps) == min(total, POINTS)
    for step, rate in plan.points:
        assert rate == experiment.schedule.rate(lr, int(step), steps_per_epoch, total)
    assert plan.steps_per_epoch == steps_per_epoch


def test_what_no_plan_can_know_is_noted():
    assert "falls" in learning_rate_plan(Experiment(schedule=Performance()), started(2, 4)).note
    assert learning_rate_plan(Experiment(), started(2, 4)).note == ""


def test_before_a_run_the_steps_come_from_the_data():
    experiment = Experiment(epochs=3, batch_size=100, data=Spirals(samples=1000))
    plan = learning_rate_plan(experiment, None)
    assert plan.steps_per_epoch == 8  # 800 to train on
    assert plan.points[-1][0] == 23


def test_a_validation_part_that_leaves_nothing_has_no_plan_yet():
    data = Spirals(samples=100, validation=HeldOut(size=100))
    plan = learning_rate_plan(Experiment(data=data), None)
    assert plan.points == () and plan.note


@pytest.mark.parametrize("total", [1, 2, 399, 400, 401, 10**6])
def test_ever_so_many_steps_make_a_bounded_number_of_points(total):
    plan = learning_rate_plan(Experiment(), started(1, total))
    assert len(plan.points) == min(total, POINTS)
