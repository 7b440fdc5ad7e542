"""A run directory from anywhere: one odd record takes neither the listing nor the dashboard down."""

import json
import os

import pytest

from tuitrain.runs import events as e
from tuitrain.runs.codec import encode
from tuitrain.runs.directory import RunDirectory

from .terminal import Terminal

STARTED = e.RunStarted(
    device="cpu", threads=1, epochs=3, steps_per_epoch=10, total_steps=30, parameters=10, layers=(), at=1.7e9
)
EPOCH = e.EpochCompleted(
    epoch=1, step=10, seconds=1.0, train={"loss": 0.25, "accuracy": 0.75}, validation={"loss": 0.5}
)
FINISHED = e.RunFinished(status="finished", step=30, reason="all 3 epochs done", at=1.7e9)


def line(event, **changes):
    return json.dumps({**json.loads(encode(event)), **changes}).encode()


ODD_LINES = {
    "at-nan": line(FINISHED, at="nan"),
    "at-inf": line(FINISHED, at="inf"),
    "at-1e300": line(e.LogEmitted(level="info", text="later"), at=1e300),
    "at-negative": line(e.LogEmitted(level="info", text="earlier"), at=-1e18),
    "no-steps": line(STARTED, steps_per_epoch=0) + b"\n" + line(e.RunContinued(from_step=5)),
    "no-total": line(STARTED, total_steps=0),
    "negative-total": line(STARTED, total_steps=-30, epochs=-1),
    "huge": line(STARTED, total_steps=10**400),
    "huge-epoch": line(EPOCH, epoch=10**400, step=10**400),
    "elapsed-inf": line(FINISHED, elapsed="inf"),
    "literal-nan": line(FINISHED, elapsed=float("nan")),
    "deep": b'{"kind":' + b"[" * 100_000,
    "long-array": line(e.LayersFrozen(step=1, layers=()), layers=["a"] * 100_000),
    "long-text": line(e.LogEmitted(level="info", text=""), text="x" * 2_000_000),
    "endless-line": b"x" * 10_000_000,
}


def make(root, name, *lines):
    run = RunDirectory(root / f"20260101-000000-{name}")
    run.commands.mkdir(parents=True)
    run.info.write_text(json.dumps({"host": "elsewhere", "started_at": 1.7e9}))
    run.events.write_bytes(b"".join(line + b"\n" for line in lines))
    return run


@pytest.fixture
def good(tuitrain):
    return make(tuitrain.runs, "good", *map(line, (STARTED, EPOCH, FINISHED)))


def rows(tuitrain):
    """The rows of `tuitrain runs` by the names of the runs, without the date."""
    done = tuitrain("runs")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return {row.split()[0].removeprefix("20260101-000000-"): row.split()[1:] for row in done.stdout.splitlines()[1:]}


def test_runs_with_odd_lines_are_listed_beside_the_others(tuitrain, good):
    for name, odd in ODD_LINES.items():
        make(tuitrain.runs, name, line(STARTED), odd, line(EPOCH), line(FINISHED))
    listed = rows(tuitrain)
    assert set(listed) == {"good", *ODD_LINES}
    assert listed["good"][:3] == ["finished", "1", "0.2500"]
    # A line that cannot be meant is as if it were not there.
    assert {name: row for name, row in listed.items() if row != listed["good"]} == {}


def test_runs_with_odd_files_are_listed_beside_the_others(tuitrain, good):
    contents = {
        "history.json": ['{"format": 2, "offset": NaN}', "[" * 100_000, '{"format": 2, "offset": 1e400, "facts": {}}'],
        "run.json": ['{"host": ["a"], "device": {"b": 1}, "threads": "x", "pid": -1}', "[]", '"text"', "{"],
        "summary.json": ["[]", '{"status": {}}', "{"],
        "experiment.toml": ["= =", "\x00", "a = " + "[" * 5_000],
    }
    for file, texts in contents.items():
        for number, text in enumerate(texts):
            (make(tuitrain.runs, f"{file}-{number}", line(STARTED), line(FINISHED)).path / file).write_text(text)
    listed = rows(tuitrain)
    assert listed["good"][:2] == ["finished", "1"]
    assert len(listed) == 1 + sum(map(len, contents.values()))
    assert {row[0] for row in listed.values()} == {"finished"}


@pytest.mark.parametrize("file", ["events.jsonl", "history.json", "run.json", "summary.json", "experiment.toml"])
def test_a_pipe_or_device_in_the_place_of_a_file_holds_nothing_up(tuitrain, good, file):
    for name, make_odd in {
        "pipe": os.mkfifo,
        "zero": lambda path: os.symlink("/dev/zero", path),
        "link": lambda path: os.symlink("/etc/hostname", path),
    }.items():
        place = make(tuitrain.runs, name, line(STARTED), line(FINISHED)).path / file
        place.unlink(missing_ok=True)
        make_odd(place)
    listed = rows(tuitrain)
    assert listed["good"][0] == "finished"
    if file == "events.jsonl":
        assert {listed[name][0] for name in ("pipe", "zero", "link")} == {"unreadable:"}
    elif file != "run.json":  # without one it is no run
        assert {listed[name][0] for name in ("pipe", "zero", "link")} == {"finished"}


def test_the_dashboard_shows_a_run_with_odd_lines(tuitrain):
    odd = [line for name, line in ODD_LINES.items() if name != "endless-line"]
    run = make(tuitrain.runs, "odd", line(STARTED), *odd, line(EPOCH), line(FINISHED))
    with Terminal([*tuitrain.command, "attach", run.name], tuitrain.environment) as terminal:
        terminal.sees("finished at step 30: all 3 epochs done", "epoch 1: loss 0.25")
