import math
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import pytest

from tuitrain.metrics import METRIC
from tuitrain.runs.events import LearningRateChanged, RunStarted, Spread, WindowCompleted
from tuitrain.runs.snapshot import Curve, Snapshot
from tuitrain.tui.charts import Plan, View, learning_rate_chart, metric_chart
from tuitrain.tui.plots import PLOTS
from tuitrain.tui.strips import DARK

VIEW = View(60, 18, DARK)
STARTED = RunStarted(device="cpu", threads=1, epochs=10, steps_per_epoch=100, total_steps=1000, parameters=1, layers=())


loss, accuracy, mae = (partial(metric_chart, METRIC[name]) for name in ("loss", "accuracy", "mae"))


def curve(values, every=10):
    steps = tuple(float((index + 1) * every) for index in range(len(values)))
    values = tuple(values)
    return Curve(steps, steps, values, values, values, values)


def running(losses, figures=MappingProxyType({"accuracy": 0.5})):
    step = 10 * len(losses)
    spread = Spread(mean=losses[-1], min=losses[-1], max=losses[-1], last=losses[-1])
    window = WindowCompleted(
        step=step,
        steps=10,
        epoch=step / 100,
        loss=spread,
        figures=figures,
        lr=0.05,
        samples_per_second=1.0,
        data_wait=0.0,
    )
    curves = {"train.loss": curve(losses), "lr": curve([0.05] * len(losses))}
    curves |= {f"train.{name}": curve([value] * len(losses)) for name, value in figures.items()}
    return Snapshot(started=STARTED, step=step, curves=curves, window=window)


def with_curves(snapshot, **values):
    """One with these curves too, ``validation_loss`` and the like, of a value an epoch."""
    more = {name.replace("_", "."): curve(some, every=100) for name, some in values.items()}
    return replace(snapshot, curves={**snapshot.curves, **more})


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.name)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_before_the_start_words_say_what_will_be_there(plot, task):
    view = replace(VIEW, task=task)
    assert plot.chart(Snapshot(), view).message.startswith("press F5 to start")
    assert plot.chart(Snapshot(started=STARTED), view).message.startswith("waiting for the first step")


def test_the_same_plot_is_of_the_metric_that_the_task_has():
    (plot,) = (plot for plot in PLOTS if plot.name == "accuracy")
    titles = {task: plot.heading_of(task) for task in ("classification", "regression")}
    assert titles == {"classification": "Accuracy", "regression": "Mean absolute error"}


def test_the_legend_has_the_numbers_of_now():
    snapshot = replace(
        running([2.0, 1.23456] * 10),
        last_validation={"loss": 1.5, "accuracy": 0.25},
    )
    snapshot = with_curves(snapshot, validation_loss=[1.5], validation_accuracy=[0.25])
    assert [(line.name, line.value) for line in loss(snapshot, VIEW).lines] == [
        ("train", "1.2346"),
        ("validation", "1.5000"),
    ]
    assert [line.value for line in accuracy(snapshot, VIEW).lines] == ["0.5000", "0.2500"]


def test_validation_is_told_apart_by_its_shape():
    chart = loss(with_curves(running([1.0]), validation_loss=[1.5]), VIEW)
    assert len({line.shape for line in chart.lines}) == len(chart.lines) == 2


def test_the_axes_stand_still_while_the_curve_grows():
    losses = [2.3 * math.exp(-step / 30) + 0.1 for step in range(100)]
    limits, view = [], VIEW
    for count in range(1, 101):
        chart = loss(running(losses[:count]), view)
        view = replace(VIEW, previous=chart.y)
        limits.append((chart.x.high, chart.y.low, chart.y.high))
    assert len(set(limits)) <= 8
    assert limits[-1] == (1000.0, 0.0, 2.5)


def test_the_x_axis_counts_epochs_where_their_length_is_known():
    chart = loss(running([1.0] * 100), VIEW)
    assert chart.x.name == "epoch"
    assert [(tick.at, tick.label) for tick in chart.x.ticks][-1] == (1000.0, "10")
    unknown = replace(running([1.0] * 100), started=replace(STARTED, steps_per_epoch=0, total_steps=0))
    assert loss(unknown, VIEW).x.name == "step"


def test_a_loss_that_is_no_number_is_marked_at_the_upper_edge():
    snapshot = running([1.0, math.nan])
    marked = replace(snapshot.curve("train.loss"), marks=((20.0, "nan"),))
    snapshot = replace(snapshot, curves={"train.loss": marked})
    chart = loss(snapshot, VIEW)
    marks = next(line for line in chart.lines if line.shape == "marks")
    assert (marks.x, marks.y) == ((20.0,), (chart.y.high,))


def test_the_logarithmic_loss_spans_decades():
    chart = loss(running([500.0, 0.02]), replace(VIEW, logarithmic=True))
    assert (chart.y.low, chart.y.high, chart.y.logarithmic) == (0.01, 1000.0, True)


def test_limits_of_the_other_scale_are_not_kept():
    linear = loss(running([500.0, 0.02]), VIEW)
    chart = loss(running([5.0, 0.02]), replace(VIEW, logarithmic=True, previous=linear.y))
    assert (chart.y.low, chart.y.high) == (0.01, 10.0)


def test_a_share_has_an_axis_up_to_1():
    chart = accuracy(running([1.0], {"accuracy": 0.1}), VIEW)
    assert (chart.y.low, chart.y.high) == (0.0, 1.0)


def test_a_metric_that_a_run_does_not_have_is_said_to_be_missing():
    assert accuracy(running([1.0], {"mae": 0.5}), VIEW).message == "this run has no accuracy"
    assert mae(running([1.0]), VIEW).message == "a classification has no mean absolute error"
    assert mae(Snapshot(), VIEW).message == "a classification has no mean absolute error"


def test_a_regression_shows_how_far_it_is_from_its_targets():
    snapshot = replace(running([1.0] * 10, {"mae": 30.0}), last_validation={"loss": 1.5, "mae": 45.0, "r2": 0.5})
    chart = mae(with_curves(snapshot, validation_mae=[45.0]), VIEW)
    assert [(line.name, line.value) for line in chart.lines] == [("train", "30.0000"), ("validation", "45.0000")]
    assert chart.y.low == 0.0 and chart.y.high >= 45.0


PLAN = Plan(tuple((step, 0.1 * (1 - step / 1000)) for step in range(0, 1001, 10)), steps_per_epoch=100)


def test_the_whole_plan_is_seen_before_training():
    chart = learning_rate_chart(Snapshot(), replace(VIEW, plan=PLAN))
    assert not chart.message
    assert [line.shape for line in chart.lines] == ["plan"]
    assert (chart.x.high, chart.x.name, chart.y.high) == (1000.0, "epoch", 0.1)


def test_the_dot_is_where_training_is():
    chart = learning_rate_chart(running([1.0] * 50), replace(VIEW, plan=PLAN))
    now = chart.lines[-1]
    assert (now.x, now.y, now.shape, now.value) == ((500,), (0.05,), "dots", "0.05")


def test_a_rate_that_was_set_by_hand_scales_the_rest_of_the_plan():
    change = LearningRateChanged(step=500, lr=0.1, factor=2.0)
    chart = learning_rate_chart(replace(running([1.0] * 50), lr_changes=(change,)), replace(VIEW, plan=PLAN))
    planned = dict(zip(chart.lines[0].x, chart.lines[0].y, strict=True))
    assert planned[490] == pytest.approx(0.051)
    assert planned[600] == pytest.approx(0.08)


def test_what_cannot_be_planned_is_said():
    note = "halves when the validation loss stands still"
    assert learning_rate_chart(Snapshot(), replace(VIEW, plan=Plan(note=note))).message == note
