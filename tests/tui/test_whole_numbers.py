"""In every drawing a number is whole or not there, and what a run ended with is always said in full."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.geometry import Size

from tuitrain.experiment.document import to_experiment
from tuitrain.metrics import METRIC
from tuitrain.runs.events import RunFinished, RunStarted, Spread, WindowCompleted
from tuitrain.runs.snapshot import Curve, LogLine, Snapshot
from tuitrain.tui import bars, plotting, unitbars
from tuitrain.tui.axes import Axis, log_ticks, symmetric_limit, ticks, y_limits
from tuitrain.tui.charts import View, metric_chart
from tuitrain.tui.editor import Editor
from tuitrain.tui.panes.log import LogPane
from tuitrain.tui.panes.model import ModelPane
from tuitrain.tui.panes.runbar import RunBar
from tuitrain.tui.panes.settings import SettingsPane
from tuitrain.tui.phases import RunStatus
from tuitrain.tui.strips import DARK

WIDE = 500
ADVICE = "Try a smaller optimizer.lr (a tenth), inputs that are standardised, or another initialiser."
REASON = f"the loss was nan at step 1,234 of 144,000 after it had been 6.86e+03. {ADVICE}"

finite = st.floats(allow_nan=False, allow_infinity=False)
width = st.integers(8, 130)
count = st.integers(0, 10**13)
drawings = settings(max_examples=60)


def numbers(text):
    found = re.findall(r"[\w.,:/×%+\-]*\d[\w.,:/×%+\-]*", text)
    return {one.rstrip(".,:") for one in found}


def snapshot(value, step, total, reason="", device="cpu"):
    spread = Spread(mean=value, min=value, max=value, last=value)
    curve = Curve((1.0,), (1.0,), (value,), (value,), (value,), (value,))
    window = WindowCompleted(
        step=step,
        steps=1,
        epoch=0.5,
        loss=spread,
        figures={},
        lr=abs(value),
        samples_per_second=abs(value) % 1e9,
        data_wait=0.5,
        memory=step,
        clipped=0.25,
    )
    started = RunStarted(
        device=device, threads=3, epochs=12_345, steps_per_epoch=100, total_steps=total, parameters=1, layers=()
    )
    return Snapshot(
        started=started,
        state="diverged" if reason else "running",
        step=step,
        elapsed=1234.0,
        curves={"train.loss": curve, "validation.loss": curve},
        window=window,
        last_validation={"loss": value, "accuracy": 0.125, "r2": value},
        finished=RunFinished(status="diverged", step=step, reason=reason) if reason else None,
    )


def drawn(kind, size, **values):
    """The lines of a pane of that size, without an app around it."""
    pane = type("Drawn", (kind,), {"palette": DARK})()
    for name, value in values.items():
        pane.set_reactive(getattr(kind, name), value)
    return [strip.text for strip in pane.draw(Size(*size))]


@drawings
@given(finite, st.integers(20, 130))
def test_a_legend(value, width):
    chart = metric_chart(METRIC["loss"], snapshot(value, 1, 1000), View(width, 12, DARK))
    legend = plotting.draw(chart)[0].text
    assert numbers(legend) <= {line.value for line in chart.lines} | {chart.lines[0].value.lstrip("-")}
    if width >= 37:  # two entries at 120 columns
        assert legend.count(chart.lines[0].value) == 2


def test_a_legend_gives_up_words_before_numbers():
    chart = metric_chart(METRIC["loss"], snapshot(6860.0, 1, 1000), View(60, 12, DARK))
    legends = {width: plotting.draw(replace(chart, width=width))[0].text.strip() for width in (60, 28, 20, 10, 7)}
    assert legends == {
        60: "⠒⠒ train 6.86e3  ⠶⠶ validation 6.86e3",
        28: "⠒⠒ 6.86e3  ⠶⠶ 6.86e3",
        20: "⠒⠒ 6.86e3  ⠶⠶ 6.86e3",
        10: "⠒⠒ 6.86e3",
        7: "",
    }
    assert plotting.draw(replace(chart, width=34))[0].text.strip() == "⠒⠒ train 6.86e3  ⠶⠶ valid 6.86e3"


@drawings
@given(finite.filter(lambda value: abs(value) > 1e-290), st.integers(14, 80), st.booleans())
def test_the_labels_of_the_axes(value, width, logarithmic):
    limits = y_limits(None, min(value, 0), max(value, 0))
    if logarithmic:
        y = Axis(1e-120, 1e-100, log_ticks(1e-120, 1e-100, 5), logarithmic=True)
    else:
        y = Axis(*limits, ticks(*limits, 5))
    end = abs(value)
    x = Axis(0.0, end, ticks(0.0, end, max((width - 5) // 7, 2)), "epoch")
    line = plotting.Line("train", DARK.train, (0.0, end), (y.low, y.high))
    rows = [strip.text for strip in plotting.draw(plotting.Chart(width, 12, x, y, (line,), DARK))][1:]
    labels = [row.split("┤")[0].strip() for row in rows if "┤" in row]
    assert set(labels) <= {tick.label for tick in y.ticks}
    assert not labels or len(labels) == len(y.ticks)
    assert set(rows[-1].split()) <= {tick.label for tick in x.ticks} | {"epoch"}


@drawings
@given(st.lists(st.tuples(st.integers(0, 10**6), finite), min_size=1, max_size=6), width)
def test_bars(layers, width):
    entries = tuple(bars.Bar(f"batch_norm_{number}", value) for number, value in layers)
    axis = Axis(1e-6, 1.0, log_ticks(1e-6, 1.0, 7), logarithmic=True)
    shown = bars.draw(bars.BarChart(width, 8, axis, entries, DARK))
    allowed = {f"{bar.value:.1e}" for bar in entries} | {"0"} | {tick.label for tick in axis.ticks}
    allowed |= {bar.name[start:] for bar in entries for start in (*range(6), *range(6, 12))}
    for strip in shown:
        assert numbers(re.sub("[…█▏▎▍▌▋▊▉╵]", " ", strip.text)) <= allowed


@drawings
@given(st.lists(finite, min_size=1, max_size=30), width, st.integers(1, 12))
def test_units(values, width, height):
    limit = symmetric_limit(None, values)
    chart = unitbars.UnitChart(width, height, tuple(values), limit, DARK, ascii_only=True)
    wide = unitbars.UnitChart(WIDE, height, tuple(values), limit, DARK, ascii_only=True)
    if chart.layout.decimals == wide.layout.decimals:
        assert cells(chart) <= cells(wide)


def cells(chart):
    return {one for strip in unitbars.draw(chart) for one in re.sub("[#|]", " ", strip.text).split()}


@drawings
@given(finite, count, count, width, st.sampled_from(["", REASON]), st.sampled_from(["", "edited; next run: F5 starts"]))
def test_the_run_bar(value, step, total, width, reason, remark):
    shown = snapshot(value, step, total, reason)
    values = {"snapshot": shown, "status": RunStatus("20261121-101112-digits-mlp", True, remark=remark)}
    narrow, wide = (" ".join(drawn(RunBar, (columns, 2), **values)) for columns in (width, WIDE))
    assert numbers(narrow) <= numbers(wide)


@pytest.mark.parametrize(("remark", "least"), [("", 94), ("edited; next run: F5 starts", 123)])
def test_the_run_bar_gives_up_figures_before_the_remedy(remark, least):
    values = {"snapshot": snapshot(0.5, 7, 144_000, REASON), "status": RunStatus("mine", True, remark=remark)}
    for columns in (least, 160, 230):
        figures = drawn(RunBar, (columns, 2), **values)[1]
        assert ADVICE in figures and remark in figures
        assert (REASON in figures) == (len(REASON) + len(remark) + 2 * bool(remark) <= columns)
    assert "step 7/144,000" in figures


def test_the_run_bar_says_what_is_wrong_before_the_start():
    status = RunStatus(
        "mine", idle=f"data.path: /home/somebody/{'x' * 60}.csv does not exist. Give the path of a CSV file."
    )
    assert "Give the path of a CSV file." in drawn(RunBar, (80, 2), status=status)[1]


@drawings
@given(st.lists(finite.map("epoch 1,000: loss {:.3g}, validation".format), min_size=1, max_size=3), width)
def test_the_log(texts, width):
    lines = tuple(LogLine(0.0, "info", text) for text in texts)
    shown = drawn(LogPane, (width, 90), snapshot=Snapshot(log=lines))
    if width >= 9 + 10:
        assert {one for row in shown for one in numbers(row[9:])} == {one for text in texts for one in numbers(text)}


@pytest.mark.parametrize("columns", [40, 78, 118])
def test_the_log_says_a_reason_and_its_remedy_in_full(columns):
    log = (LogLine(0.0, "info", "before"), LogLine(1.0, "error", f"diverged at step 1,234: {REASON}"))
    rows = drawn(LogPane, (columns, 8), snapshot=Snapshot(log=log))
    assert " ".join(" ".join(row[9:] for row in rows).split()) == f"before diverged at step 1,234: {REASON}"
    assert rows[0][9:].split() == ["before"]


@drawings
@given(st.integers(1, 4096), st.integers(1, 10**4), st.integers(30, 80))
def test_the_rows_of_the_model(filters, units, width):
    layers = [
        {"type": "reshape", "shape": [1, 8, 8]},
        {"type": "conv2d", "filters": filters, "kernel_size": 3, "padding": "same"},
        {"type": "flatten"},
        {"type": "block", "repeat": 2, "layers": [{"type": "dense", "units": units}]},
    ]
    experiment = to_experiment({"model": {"layers": layers}})
    rows = [row.text.plain for row in ModelPane(id="model").rows(Editor(experiment).draft, width)]
    wide = [row.text.plain for row in ModelPane(id="model").rows(Editor(experiment).draft, WIDE)]
    for row, full in zip(rows, wide, strict=True):
        assert len(row) <= width
        exact = {one for one in numbers(row) if not re.fullmatch(r"[\d.]+[kM]|[\d.]+e\d+", one)}
        assert exact <= numbers(full)


def test_shapes_and_counts_have_the_room_they_need():
    layers = [
        {"type": "conv2d", "filters": 1024, "kernel_size": 3, "padding": "same"},
        {"type": "conv2d", "filters": 10_000, "kernel_size": 11, "padding": "same"},
        {"type": "flatten"},
    ]
    experiment = to_experiment({"model": {"layers": layers}})
    for width, counts in (
        (60, ["10,240", "1,239,050,000"]),
        (38, ["10,240", "1,239,050,000"]),
        (30, ["10.2k", "1.24e9"]),
    ):
        rows = [row.text.plain for row in ModelPane(id="model").rows(Editor(experiment).draft, width)][2:4]
        assert [row.split()[-2:] for row in rows] == [["1024×8×8", counts[0]], ["10000×8×8", counts[1]]]


@drawings
@given(st.floats(1e-12, 1.0), st.integers(1, 10**6), st.integers(1, 1438), st.integers(20, 60))
def test_the_rows_of_the_settings(lr, epochs, batch_size, width):
    draft = Editor(
        to_experiment(
            {
                "model": {"layers": ["flatten"]},
                "optimizer": {"type": "sgd", "lr": lr},
                "epochs": epochs,
                "batch_size": batch_size,
            }
        )
    ).draft
    shown, full = (
        {one for row in SettingsPane(id="settings").rows(draft, columns) for one in numbers(row.text.plain)}
        for columns in (width, WIDE)
    )
    assert shown <= full
