"""What spans several values of an experiment, and how often the data is looked at for it."""

from typing import Any

import pytest

from tuitrain.data.base import DataFacts
from tuitrain.data.bundled import Digits
from tuitrain.experiment import problems
from tuitrain.experiment.document import to_experiment
from tuitrain.model import plan
from tuitrain.spec import Invalid

TWO = {"layers": ["flatten", {"type": "dense", "units": 8}]}
ONE = {"layers": ["flatten"]}


def said(document: dict[str, Any]) -> list[str]:
    try:
        to_experiment({"model": TWO, **document})
    except Invalid as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("callback", "does"),
    [
        ({"type": "checkpoint"}, "write best.pt"),
        ({"type": "early_stopping", "restore_best": True}, "put back its best weights"),
        ({"type": "tensorboard"}, "write tensorboard/"),
        ({"type": "swa"}, "put the mean of the weights in their place"),
    ],
)
def test_two_callbacks_that_share_one_thing(callback: dict[str, Any], does: str) -> None:
    sentence = f"callbacks[{{}}]: would {does} as callbacks[1] does; keep one of the two"
    callbacks = ["terminate_on_nan", callback, "early_stopping", callback, callback]
    assert said({"callbacks": callbacks}) == [sentence.format(3), sentence.format(4)]


def test_a_run_ends_with_the_mean_of_the_weights_or_with_the_best() -> None:
    swa, best = {"type": "swa"}, {"type": "early_stopping", "restore_best": True}
    why = "swa ends with the mean of the weights, and restore_best with the best: take out one of the two"
    for callbacks in ([swa, "checkpoint", best], [best, "checkpoint", swa]):
        assert said({"callbacks": callbacks}) == [f"callbacks[2]: {why}"]
    assert said({"callbacks": [swa, {**best, "restore_best": False}]}) == []


def test_what_would_begin_behind_the_last_epoch() -> None:
    late = {"callbacks": ["checkpoint", {"type": "swa", "start": 8}]}
    assert said({**late, "epochs": 7}) == ["callbacks[1].start: 8 is behind the last epoch; at most 7"]
    assert said({**late, "epochs": 8}) == []


def test_callbacks_that_share_nothing() -> None:
    best, epochs = {"type": "checkpoint"}, {"type": "checkpoint", "save_best_only": False}
    stop = {"type": "early_stopping", "patience": 3}
    keep = {**stop, "restore_best": True}
    assert said({"callbacks": [best, epochs, stop, stop, keep, "tensorboard", "terminate_on_nan"]}) == []


@pytest.mark.parametrize(
    ("schedule", "own"), [("piecewise_constant", {"values": [0.3, 0.2, 0.1]}), ("one_cycle", {"max_lr": 0.3})]
)
def test_a_rate_after_freezing_that_the_schedule_does_not_use(schedule: str, own: dict[str, Any]) -> None:
    frozen = {"schedule": {"type": schedule, **own}, "freeze": {"layers": 1}}
    assert said(frozen) == []
    assert said({**frozen, "freeze": {"layers": 1, "lr": 0.1}}) == [
        f"freeze.lr: has no effect: {schedule} has rates of its own; leave it out"
    ]
    for follows in (schedule, "exponential"):
        assert said({"schedule": follows, "freeze": {"layers": 1, "lr": 0.1}}) == []


def test_a_schedule_fits_the_rates_before_and_after_freezing() -> None:
    cosine = {"schedule": {"type": "cosine", "min_lr": 0.05}, "optimizer": {"type": "sgd", "lr": 0.1}}
    assert said(cosine) == []
    sentence = "schedule.min_lr: 0.05 is above the rate that the schedule begins with, {}; at most that"
    assert said({**cosine, "optimizer": {"type": "sgd", "lr": 0.02}}) == [sentence.format(0.02)]
    assert said({**cosine, "freeze": {"layers": 1, "lr": 0.01}}) == [sentence.format(0.01)]


def test_one_cycle_takes_an_optimizer_without_momentum() -> None:
    assert said({"schedule": "one_cycle", "optimizer": "adagrad"}) == []


@pytest.mark.parametrize("layers", ["all_but_last", 1])
def test_a_single_layer_cannot_be_frozen(layers: object) -> None:
    sentence = (
        "freeze.layers: needs two layers with weights, one to freeze and one to train; the output is the only one"
    )
    assert said({"model": ONE, "freeze": {"layers": layers}}) == [sentence]
    assert said({"freeze": {"layers": layers}}) == []


def test_what_would_freeze_everything() -> None:
    assert said({"freeze": {"layers": 2}}) == [
        "freeze.layers: freezes all 2 layers with weights, so nothing is left to train; at most 1"
    ]


def test_the_data_is_looked_at_once_and_the_network_planned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, plans = [], []
    whole, planned = Digits.whole, plan.plan

    def look(self: Digits) -> DataFacts:
        looks.append(self)
        return whole(self)

    def count(*arguments: Any) -> Any:
        plans.append(arguments)
        return planned(*arguments)

    experiment = to_experiment({"model": TWO, "freeze": {"layers": 1}, "schedule": "performance"})
    monkeypatch.setattr(Digits, "whole", look)
    monkeypatch.setattr("tuitrain.experiment.experiment.plan", count)
    assert problems.examine(experiment).problems == ()
    assert (len(looks), len(plans)) == (1, 1)
