import math
from typing import get_args

import pytest

from tuitrain.experiment.expect import parse
from tuitrain.experiment.expression import STATUSES
from tuitrain.metrics import STATISTICS
from tuitrain.runs import events as e
from tuitrain.runs.follow import Follower
from tuitrain.runs.history import History
from tuitrain.runs.log import EventLog

from ..observed import layers_observed

NAMES = ("flatten", "dense_1", "dropout_1", "dense_2", "output")
LAYERS = tuple(e.LayerInfo(name=name, type="dense", output_shape=(2,), parameters=6, trainable=True) for name in NAMES)
STARTED = e.RunStarted(
    device="cpu", threads=1, epochs=3, steps_per_epoch=10, total_steps=30, parameters=18, layers=LAYERS
)
FINISHED = e.RunFinished(status="finished", step=30, reason="all 3 epochs done", elapsed=2.5)


def outcome(events):
    history = History()
    for event in events:
        history.fold(event)
    return history.outcome()


def epoch(number, loss, validation=None):
    return e.EpochCompleted(
        epoch=number,
        step=10 * number,
        seconds=1.0,
        train={"loss": loss} if math.isnan(loss) else {"loss": loss, "accuracy": 1 / loss},
        validation=None if validation is None else {"loss": validation},
    )


def observed(step, **rows):
    return layers_observed(step, step / 10, (None,) * len(NAMES), **rows)


def value(name, *events):
    (quantity,) = parse(f"{name} == {'finished' if name == 'status' else 1}").quantities
    return outcome([STARTED, *events]).value(quantity)


def test_the_vocabulary_is_that_of_the_events():
    assert get_args(e.Status) == STATUSES
    assert set(e.LayersObserved.__dataclass_fields__) - set(e.Event.__dataclass_fields__) == {
        *("step", "epoch"),
        *STATISTICS,
    }


@pytest.mark.parametrize(
    ("when", "loss", "accuracy"),
    [("first", 4, 0.25), ("last", 2, 0.5), ("best", 1, 1), ("min", 1, 0.25), ("max", 4, 1), ("mean", 7 / 3, 7 / 12)],
)
def test_figures_over_the_epochs(when, loss, accuracy):
    epochs = [epoch(1, 4.0), epoch(2, 1.0), epoch(3, 2.0)]
    assert value(f"{when}.train.loss", *epochs) == pytest.approx(loss)
    assert value(f"{when}.train.accuracy", *epochs) == pytest.approx(accuracy)
    assert value(f"{when}.validation.loss", *epochs) is None
    assert value(f"{when}.train.r2", *epochs) is None


def test_an_epoch_without_validation_has_no_part_in_it():
    epochs = [epoch(1, 4.0, 5.0), epoch(2, 1.0), epoch(3, 2.0, 3.0), epoch(4, 2.0)]
    assert value("validation.loss", *epochs) == 3
    assert value("mean.validation.loss", *epochs) == 4


def test_a_validation_within_an_epoch_counts_in_its_turn():
    between = e.ValidationCompleted(step=15, epoch=1.5, figures={"loss": 1.0, "mae": 0.5, "r2": 0.25})
    events = [epoch(1, 4.0, 5.0), between, epoch(2, 2.0, 3.0)]
    assert value("mean.validation.loss", *events) == 3
    assert value("best.validation.loss", *events) == 1
    assert value("best.validation.r2", *events) == 0.25
    assert value("validation.mae", *events) == 0.5


def test_what_is_not_a_number_is_never_the_best_and_spoils_what_is_over_all():
    epochs = [epoch(1, 4.0), epoch(2, math.nan), epoch(3, 2.0)]
    assert value("best.train.loss", *epochs) == 2
    assert value("train.loss", *epochs) == 2
    for when in ("min", "max", "mean"):
        assert math.isnan(value(f"{when}.train.loss", *epochs))
    assert math.isnan(value("best.train.loss", epoch(1, math.nan)))
    assert value("max.train.loss", epoch(1, math.inf), epoch(2, 1.0)) == math.inf


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        *[("0", 2), ("1", 8), ("2", 32), ("-1", 32), ("-3", 2), ("3", None), ("-4", None)],
        *[("dense_1", 2), ("output", 32), ("dropout_1", None), ("dense_9", None)],
    ],
)
def test_a_layer_is_counted_among_those_that_have_the_statistic(layer, expected):
    rows = [observed(0, gradient_norm=(None, 1, None, 4, 16)), observed(9, gradient_norm=(None, 2, None, 8, 32))]
    assert value(f"gradient_norm[{layer}]", *rows) == expected
    assert value(f"update_ratio[{layer}]", *rows) is None


def test_a_layer_that_is_frozen_at_first_keeps_its_place():
    rows = [observed(0, gradient_norm=(None, None, None, 4, 16)), observed(9, gradient_norm=(None, 2, None, 8, 32))]
    assert value("gradient_norm[0]", *rows) == value("first.gradient_norm[dense_1]", *rows) == 2
    assert value("first.gradient_norm[1]", *rows) == 4
    assert value("mean.gradient_norm[-1]", *rows) == 24


def test_totals(window):
    assert value("epochs") == value("steps") == 0
    assert value("status") is None
    events = [window(10), epoch(1, 1.0), FINISHED]
    assert value("epochs", *events) == 1
    assert value("steps", *events) == 30
    assert value("seconds", *events) == 2.5
    assert value("parameters", *events) == 18
    assert value("status", *events) == "finished"
    assert value("clipped", *events) is None


def test_clipped_is_the_share_of_all_steps(window):
    def clipped(steps, share):
        known = {name: getattr(window(1), name) for name in e.WindowCompleted.__dataclass_fields__}
        return e.WindowCompleted(**{**known, "steps": steps, "clipped": share})

    assert value("clipped", clipped(1, 1.0), clipped(9, 0.0)) == pytest.approx(0.1)


def test_it_is_read_from_the_log_of_a_run(run):
    log = EventLog(run.events)
    for event in (STARTED, epoch(1, 2.5, 0.5), FINISHED):
        log.append(event)
    log.close()
    assert Follower(run).read_outcome() == outcome([STARTED, epoch(1, 2.5, 0.5), FINISHED])


def test_what_was_left_out_and_is_no_number_is_not_forgotten():
    rows = [observed(step, gradient_norm=(None, step, None, None, None)) for step in (1, 2)]
    left = e.LayersLeftOut(
        step=2,
        statistics=("gradient_norm",),
        counts=((0, 3, 0, 0, 0),),
        means=((None, math.nan, None, None, None),),
        lows=((None,) * 5,),
        highs=((None,) * 5,),
    )
    for when in ("min", "max", "mean"):
        assert math.isnan(value(f"{when}.gradient_norm[0]", *rows, left))
    assert value("gradient_norm[0]", *rows, left) == 2
