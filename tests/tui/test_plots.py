import math
from dataclasses import replace

import pytest

from tuitrain.runs.events import Figures, LearningRateChanged, RunStarted, Spread, WindowCompleted
from tuitrain.runs.snapshot import Curve, Snapshot
from tuitrain.tui import plots
from tuitrain.tui.palette import DARK
from tuitrain.tui.plots import Plan, View

VIEW = View(60, 18, DARK)
STARTED = RunStarted(device="cpu", threads=1, epochs=10, steps_per_epoch=100, total_steps=1000, parameters=1, layers=())


def curve(values, every=10):
    steps = tuple(float((index + 1) * every) for index in range(len(values)))
    values = tuple(values)
    return Curve(steps, steps, values, values, values, values)


def running(losses, accuracy=0.5):
    step = 10 * len(losses)
    loss = Spread(mean=losses[-1], min=losses[-1], max=losses[-1], last=losses[-1])
    window = WindowCompleted(
        step=step,
        steps=10,
        epoch=step / 100,
        loss=loss,
        accuracy=accuracy,
        lr=0.05,
        samples_per_second=1.0,
        data_wait=0.0,
    )
    accuracies = curve([accuracy] * len(losses)) if accuracy is not None else Curve()
    lr = curve([0.05] * len(losses))
    return Snapshot(started=STARTED, step=step, loss=curve(losses), accuracy=accuracies, lr=lr, window=window)


@pytest.mark.parametrize("plot", [plots.loss, plots.accuracy, lambda *args: plots.learning_rate(*args, Plan())])
def test_before_the_start_words_say_what_will_be_there(plot):
    assert plot(Snapshot(), VIEW).message.startswith("press F5 to start")
    assert plot(Snapshot(started=STARTED), VIEW).message.startswith("waiting for the first step")


def test_the_legend_has_the_numbers_of_now():
    snapshot = replace(
        running([2.0, 1.23456] * 10),
        last_validation=Figures(loss=1.5, accuracy=0.25),
        validation_loss=curve([1.5], every=100),
        validation_accuracy=curve([0.25], every=100),
    )
    assert [(line.name, line.value) for line in plots.loss(snapshot, VIEW).lines] == [
        ("train", "1.2346"),
        ("validation", "1.5000"),
    ]
    assert [line.value for line in plots.accuracy(snapshot, VIEW).lines] == ["0.5000", "0.2500"]


def test_validation_is_told_apart_by_its_shape():
    chart = plots.loss(replace(running([1.0]), validation_loss=curve([1.5], every=100)), VIEW)
    assert len({line.shape for line in chart.lines}) == len(chart.lines) == 2


def test_the_axes_stand_still_while_the_curve_grows():
    losses = [2.3 * math.exp(-step / 30) + 0.1 for step in range(100)]
    limits, view = [], VIEW
    for count in range(1, 101):
        chart = plots.loss(running(losses[:count]), view)
        view = replace(VIEW, previous=chart.y)
        limits.append((chart.x.high, chart.y.low, chart.y.high))
    assert len(set(limits)) <= 8
    assert limits[-1] == (1000.0, 0.0, 2.5)


def test_the_x_axis_counts_epochs_where_their_length_is_known():
    chart = plots.loss(running([1.0] * 100), VIEW)
    assert chart.x.name == "epoch"
    assert [(tick.at, tick.label) for tick in chart.x.ticks][-1] == (1000.0, "10")
    unknown = replace(running([1.0] * 100), started=replace(STARTED, steps_per_epoch=0, total_steps=0))
    assert plots.loss(unknown, VIEW).x.name == "step"


def test_a_loss_that_is_no_number_is_marked_at_the_upper_edge():
    snapshot = running([1.0, math.nan])
    snapshot = replace(snapshot, loss=replace(snapshot.loss, marks=((20.0, "nan"),)))
    chart = plots.loss(snapshot, VIEW)
    marks = next(line for line in chart.lines if line.shape == "marks")
    assert (marks.x, marks.y) == ((20.0,), (chart.y.high,))


def test_the_logarithmic_loss_spans_decades():
    chart = plots.loss(running([500.0, 0.02]), replace(VIEW, logarithmic=True))
    assert (chart.y.low, chart.y.high, chart.y.logarithmic) == (0.01, 1000.0, True)


def test_limits_of_the_other_scale_are_not_kept():
    linear = plots.loss(running([500.0, 0.02]), VIEW)
    chart = plots.loss(running([5.0, 0.02]), replace(VIEW, logarithmic=True, previous=linear.y))
    assert (chart.y.low, chart.y.high) == (0.01, 10.0)


def test_accuracy_is_a_share_and_regression_has_none():
    chart = plots.accuracy(running([1.0], accuracy=0.1), VIEW)
    assert (chart.y.low, chart.y.high) == (0.0, 1.0)
    assert plots.accuracy(running([1.0], accuracy=None), VIEW).message == "only classification has an accuracy"


def test_a_regression_shows_how_far_it_is_from_its_targets():
    snapshot = running([1.0] * 10, accuracy=None)
    snapshot = replace(
        snapshot,
        mae=curve([40.0, 30.0]),
        validation_mae=curve([45.0], every=20),
        window=replace(snapshot.window, mae=30.0),
        last_validation=Figures(loss=1.5, mae=45.0, r2=0.5),
    )
    chart = plots.mean_absolute_error(snapshot, VIEW)
    assert [(line.name, line.value) for line in chart.lines] == [("train", "30.0000"), ("validation", "45.0000")]
    assert chart.y.low == 0.0 and chart.y.high >= 45.0
    assert plots.mean_absolute_error(Snapshot(), VIEW).message.startswith("press F5 to start")


PLAN = Plan(tuple((step, 0.1 * (1 - step / 1000)) for step in range(0, 1001, 10)), steps_per_epoch=100)


def test_the_whole_plan_is_seen_before_training():
    chart = plots.learning_rate(Snapshot(), VIEW, PLAN)
    assert not chart.message
    assert [line.shape for line in chart.lines] == ["plan"]
    assert (chart.x.high, chart.x.name, chart.y.high) == (1000.0, "epoch", 0.1)


def test_the_dot_is_where_training_is():
    chart = plots.learning_rate(running([1.0] * 50), VIEW, PLAN)
    now = chart.lines[-1]
    assert (now.x, now.y, now.shape, now.value) == ((500,), (0.05,), "dots", "0.05")


def test_a_rate_that_was_set_by_hand_scales_the_rest_of_the_plan():
    change = LearningRateChanged(step=500, lr=0.1, factor=2.0)
    chart = plots.learning_rate(replace(running([1.0] * 50), lr_changes=(change,)), VIEW, PLAN)
    planned = dict(zip(chart.lines[0].x, chart.lines[0].y, strict=True))
    assert planned[490] == pytest.approx(0.051)
    assert planned[600] == pytest.approx(0.08)


def test_what_cannot_be_planned_is_said():
    note = "halves when the validation loss stands still"
    assert plots.learning_rate(Snapshot(), VIEW, Plan(note=note)).message == note
