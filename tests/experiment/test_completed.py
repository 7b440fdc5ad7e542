"""What a run writes down of its experiment: values that follow from others as they were used."""

from typing import Any

import pytest

from tuitrain.experiment import toml
from tuitrain.experiment.document import to_document, to_experiment
from tuitrain.experiment.experiment import Experiment
from tuitrain.optim.schedule_base import Schedule
from tuitrain.spec import members

NADAM = {"type": "nadam", "lr": 0.002}
PER_EPOCH, TOTAL = 5, 50


def written(experiment: Experiment) -> dict[str, Any]:
    return to_document(experiment.completed(), complete=True)


def rates(experiment: Experiment) -> list[float]:
    return [experiment.rate(step, PER_EPOCH, TOTAL) for step in range(TOTAL)]


@pytest.mark.parametrize("schedule", members(Schedule))
@pytest.mark.parametrize("freeze", [{}, {"freeze": {"layers": 1, "epochs": 3, "lr": 0.0005}}], ids=["", "freeze"])
def test_what_is_written_is_trained_at_the_same_rates_and_completes_to_itself(schedule, freeze):
    layers = ["flatten", {"type": "dense", "units": 4}]
    experiment = to_experiment({"optimizer": NADAM, "schedule": schedule, "model": {"layers": layers}, **freeze})
    again = to_experiment(toml.loads(toml.dumps(written(experiment)), "the run"))
    assert rates(again) == rates(experiment)
    assert again.completed() == experiment.completed()


@pytest.mark.parametrize(
    ("schedule", "used"),
    [
        ("one_cycle", {"max_lr": 0.002}),
        ("cyclic", {"max_lr": 0.008}),
        ({"type": "one_cycle", "max_lr": 0.1}, {"max_lr": 0.1}),
        ({"type": "piecewise_constant", "boundaries": [7]}, {"values": pytest.approx([0.002, 0.0002], rel=1e-15)}),
    ],
)
def test_the_rates_that_were_used_are_written(schedule, used):
    experiment = to_experiment({"optimizer": NADAM, "schedule": schedule, "model": {"layers": ["flatten"]}})
    assert written(experiment)["schedule"].items() >= used.items()


def test_after_freezing_the_schedule_follows_the_second_rate():
    freeze = {"layers": 1, "epochs": 9, "lr": 0.0005}
    layers = ["flatten", {"type": "dense", "units": 4}]
    document = {"optimizer": NADAM, "schedule": "one_cycle", "freeze": freeze, "model": {"layers": layers}}
    whole, alone = (to_experiment({**document, "optimizer": {**NADAM, "lr": lr}}) for lr in (0.002, 0.0005))
    assert rates(whole)[45:] == rates(alone)[45:]
    assert max(rates(whole)) == pytest.approx(0.002, rel=0.03)
