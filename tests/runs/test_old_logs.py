"""Logs from before metrics had names: ``accuracy``, ``mae`` and ``r2`` are fields of their own there, or null."""

import json
import shutil
from pathlib import Path

import pytest

from tuitrain.listing import run_table
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.follow import Follower

from ..narrow import present

LOGS = Path(__file__).parent / "old_logs"
METRICS = {"moons": ("accuracy",), "sine": ("mae", "r2")}


@pytest.fixture(params=METRICS)
def old(request, tmp_path):
    """A run of that time, and the lines of its log."""
    run = RunDirectory(tmp_path / request.param)
    shutil.copytree(LOGS / request.param, run.path)
    return run, [json.loads(line) for line in run.events.read_text().splitlines()]


def test_every_figure_of_an_old_log_is_read(old):
    run, lines = old
    snapshot = Follower(run).poll()
    assert snapshot.skipped == 0
    names = ("loss", *METRICS[run.name])
    window = [line for line in lines if line["kind"] == "WindowCompleted"][-1]
    assert present(snapshot.window).figures == {
        name: window[name] for name in names if name in window and name != "loss"
    }
    epochs = [line for line in lines if line["kind"] == "EpochCompleted"]
    for name in names:
        assert list(snapshot.curve(f"validation.{name}").final) == [line["validation"][name] for line in epochs]
    for part in ("train", "validation"):
        measured = {name: value for name, value in epochs[-1][part].items() if value is not None}
        assert set(measured) == {*names, "penalty"}
        figures = present(snapshot.last_epoch).train if part == "train" else snapshot.last_validation
        assert figures == measured


def test_an_old_run_is_listed_and_judged_by_its_figures(old):
    run, lines = old
    last = [line for line in lines if line["kind"] == "EpochCompleted"][-1]
    row = run_table([run])[1]
    assert f"{last['validation']['loss']:.4f}" in row and f"{last['train']['loss']:.4f}" in row
    outcome = Follower(run).read_outcome()
    for name in METRICS[run.name]:
        assert outcome.figures[f"validation.{name}"].last == last["validation"][name]
