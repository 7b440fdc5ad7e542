"""What is drawn of a run: a Snapshot in, a Chart out."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tuitrain.data.base import DataFacts
from tuitrain.errors import Refused
from tuitrain.experiment.experiment import Experiment
from tuitrain.metrics import Metric, Task
from tuitrain.runs.snapshot import Snapshot
from tuitrain.tui.axes import Axis, Limits, Tick, log_limits, log_ticks, share_limits, ticks, x_limit, y_limits
from tuitrain.tui.plotting import LABEL_WIDTH, Chart, Line
from tuitrain.tui.strips import Palette


@dataclass(frozen=True)
class Plan:
    """The learning rate as planned: (step, lr), by step, from the first step to the last.

    ``note`` says in a few words what no plan can know, as a rate that depends on the validation loss.
    """

    points: tuple[tuple[float, float], ...] = ()
    steps_per_epoch: int | None = None
    note: str = ""


@dataclass(frozen=True)
class View:
    """How to draw: the room, the looks, and the y axis of the drawing before, whose limits are kept if they fit.

    ``task`` and ``plan`` are those of the run, or of the one that would be started.
    """

    width: int
    height: int
    palette: Palette
    ascii_only: bool = False
    logarithmic: bool = False
    previous: Axis | None = None
    task: Task = "classification"
    plan: Plan = Plan()

    @property
    def limits(self) -> Limits | None:
        same_scale = self.previous and self.previous.logarithmic == self.logarithmic
        return (self.previous.low, self.previous.high) if self.previous and same_scale else None


def metric_chart(metric: Metric, snapshot: Snapshot, view: View) -> Chart:
    """A metric of the training data as a line over the one of the validation data as a thick one, by steps so far.

    The line of the training data stands within the range of its single steps.
    """
    train, validation = (snapshot.curve(f"{part}.{metric.name}") for part in ("train", "validation"))
    window, palette = snapshot.window, view.palette
    latest = {"loss": window.loss.mean, **window.figures} if window else {}
    values = [_number(figures.get(metric.name)) for figures in (latest, snapshot.last_validation or {})]
    low, high = _extremes((*train.mean, *validation.mean), (*train.mean, *validation.mean))
    if metric.is_share:
        limits = share_limits(view.limits, low)
        y = Axis(*limits, ticks(*limits, _y_count(view)))
    else:
        y = _y_axis(y_limits(view.limits, min(low, 0.0), high), low, high, view)
    marks = tuple(step for curve in (train, validation) for step, _ in curve.marks)
    learned = Line(
        "train", palette.train, train.last, train.mean, train.low, train.high, palette.train_range, values[0]
    )
    checked = Line("validation", palette.validation, validation.last, validation.final, value=values[1], shape="thick")
    undefined = Line("", palette.alarm, marks, (y.high,) * len(marks), shape="marks")
    steps_per_epoch, total = _steps_per_epoch(snapshot), _total(snapshot)
    unit = steps_per_epoch or 1
    x = _x_axis(x_limit(snapshot.step / unit, total / unit if total else None) * unit, steps_per_epoch, view)
    return _chart(view, x, y, (learned, checked, undefined), _missing(metric, snapshot, view.task))


def learning_rate_chart(snapshot: Snapshot, view: View) -> Chart:
    """The plan, what has been used of it, and where training is now."""
    palette, plan, used, window = view.palette, view.plan, snapshot.curve("lr"), snapshot.window
    xs, planned = _planned(snapshot, plan)
    low, high = _extremes((*planned, *used.low), (*planned, *used.high))
    lines = [
        Line("plan", palette.quiet, xs, planned, shape="plan"),
        Line("used", palette.train, used.last, used.final),
    ]
    if window:
        now = f"{window.lr:.4g}"
        lines.append(Line("now", palette.validation, (window.step,), (window.lr,), value=now, shape="dots"))
    end = max(snapshot.step, _total(snapshot) or (xs[-1] if xs else 0), 1.0)
    x = _x_axis(end, _steps_per_epoch(snapshot) or plan.steps_per_epoch, view)
    y = _y_axis(y_limits(view.limits, 0.0, high), low, high, view)
    missing = plan.note or waiting(snapshot, "the learning rate, as planned and as used")
    return _chart(view, x, y, lines, missing, note=plan.note if planned else "")


def _chart(view: View, x: Axis, y: Axis, lines: Iterable[Line], missing: str, note: str = "") -> Chart:
    """The lines that have points; ``missing`` says why there is none."""
    drawn = tuple(line for line in lines if line.x)
    message = "" if drawn else missing
    return Chart(view.width, view.height, x, y, drawn, view.palette, message, view.ascii_only, note)


def _planned(snapshot: Snapshot, plan: Plan) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Steps and rates of the plan, scaled from each step on at which somebody has set another rate."""
    rates = [lr for _, lr in plan.points]
    for change in snapshot.lr_changes:
        for index, (step, lr) in enumerate(plan.points):
            if step >= change.step:
                rates[index] = lr * change.factor
    return tuple(step for step, _ in plan.points), tuple(rates)


def _x_axis(end: float, steps_per_epoch: int | None, view: View) -> Axis:
    """From 0 to the step ``end``, with ticks at round epochs where it is known how long one is."""
    unit = steps_per_epoch or 1
    places = ticks(0.0, end / unit, max((view.width - LABEL_WIDTH) // 7, 2))
    marks = tuple(Tick(tick.at * unit, tick.label) for tick in places)
    return Axis(0.0, end, marks, "epoch" if steps_per_epoch else "step")


def _y_axis(linear: Limits, low: float, high: float, view: View) -> Axis:
    count = _y_count(view)
    if view.logarithmic and high > 0:
        limits = log_limits(view.limits, low if low > 0 else high / 1000, high)
        return Axis(*limits, log_ticks(*limits, count), logarithmic=True)
    return Axis(*linear, ticks(*linear, count))


def _y_count(view: View) -> int:
    return max((view.height - 3) // 2, 2)


def _extremes(lows: tuple[float, ...], highs: tuple[float, ...]) -> tuple[float, float]:
    """The finite extremes; 0 and 0 where there is nothing."""
    finite_lows = [value for value in lows if math.isfinite(value)]
    finite_highs = [value for value in highs if math.isfinite(value)]
    return min(finite_lows, default=0.0), max(finite_highs, default=0.0)


def _steps_per_epoch(snapshot: Snapshot) -> int | None:
    return snapshot.started.steps_per_epoch or None if snapshot.started else None


def _total(snapshot: Snapshot) -> int | None:
    return snapshot.started.total_steps or None if snapshot.started else None


def _missing(metric: Metric, snapshot: Snapshot, task: Task) -> str:
    """Why there is nothing of a metric."""
    if metric.task not in ("any", task):
        return f"a {task} has no {metric.label}"
    if snapshot.window and "window" in metric.passes:
        return f"this run has no {metric.label}"
    return waiting(snapshot, metric.about)


def waiting(snapshot: Snapshot, what: str) -> str:
    """What is said in place of a drawing before there is anything to draw."""
    begin = "waiting for the first step" if snapshot.started else "press F5 to start"
    return f"{begin}: here comes {what}"


def _number(value: float | None) -> str:
    """Four decimals, or three digits and an exponent: mostly as wide, so that the words behind it do not move."""
    if value is None:
        return "—"
    if not math.isfinite(value):
        return str(value)
    if 0.001 <= abs(value) < 1000 or value == 0:
        return f"{value:.4f}"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


POINTS = 400


def learning_rate_plan(experiment: Experiment, snapshot: Snapshot | None, facts: DataFacts | None = None) -> Plan:
    """The schedule of the whole training; of the run in ``snapshot`` if there is one.

    ``facts`` are those of the data, where they are known already.
    """
    if snapshot and snapshot.started:
        steps_per_epoch, total = snapshot.started.steps_per_epoch, snapshot.started.total_steps
    else:
        try:
            planned = experiment.steps_per_epoch(facts)
        except Refused:
            planned = None  # the start says what is wrong with the validation part
        if not planned:
            return Plan(note="known once the data is loaded")
        steps_per_epoch, total = planned, planned * experiment.epochs
    steps = sorted({round(index * (total - 1) / (POINTS - 1)) for index in range(POINTS)})
    rates = (experiment.rate(step, steps_per_epoch, total) for step in steps)
    points = tuple(zip(map(float, steps), rates, strict=True))
    return Plan(points, steps_per_epoch, experiment.schedule.preview_note or "")
