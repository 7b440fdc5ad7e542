"""Expectations that are checked by real trainings, as a user has it: lines, exit status, runs, signals."""

import json
import os
import re
import signal
import tomllib
from pathlib import Path

import pytest

from tuitrain.runs.directory import list_runs
from tuitrain.runs.files import read_json

from .conftest import PATIENCE_S, wait_for

LESSON = """
seed = 5
epochs = {epochs}
batch_size = 50
threads = 1

[data]
type = "spirals"
samples = 100

[[model.layers]]
type = "dense"
units = 8
activation = "relu"

[loss]
type = "mse"

[optimizer]
type = "sgd"
lr = 0.1

[lesson]
title = "A test"
why = "It is quick."
expect = {expect}

[[variants]]
name = "still-there"
set = {{ "optimizer.lr" = 1e-9 }}

[[variants]]
name = "large-lr"
set = {{ "optimizer.lr" = 1000.0 }}
"""
ENDLESS = 1_000_000


@pytest.fixture
def lesson(tmp_path):
    """Writes a lesson with these expectations, and gives its path."""

    def write(*expect, epochs=2, name="mine"):
        path = tmp_path / f"{name}.toml"
        path.write_text(LESSON.format(expect=json.dumps(expect), epochs=epochs))
        return str(path)

    return write


@pytest.fixture
def checking(tuitrain, lesson):
    """A check that trains two runs without end."""
    source = lesson("train.loss < still-there.train.loss", epochs=ENDLESS)
    with tuitrain.start("check", source, "--jobs", "2") as process:
        try:
            wait_for(lambda: len(begun(tuitrain)) == 2 or process.poll() is not None, "the first epochs")
            assert process.poll() is None, tuitrain.err.read_text()
            yield process
        finally:
            process.kill()


def begun(tuitrain):
    return [run for run in list_runs(tuitrain.runs) if run.events.exists() and b"EpochComp" in run.events.read_bytes()]


def test_every_line_is_decided_by_the_runs_that_it_names(tuitrain, lesson):
    source = lesson("train.loss < still-there.train.loss", "status == finished", "still-there.epochs * 2 < train.loss")
    done = tuitrain("check", source, "--seeds", "7", "--epochs", "3")
    assert done.returncode == 1, done.stderr
    runs = {read_json(run.summary)["name"]: run for run in list_runs(tuitrain.runs)}
    assert len(list_runs(tuitrain.runs)) == 2
    loss, still = (read_json(runs[name].summary)["train"]["loss"] for name in ("mine", "mine-still-there"))
    end = f"   {source} seed 7"
    *lines, summary = done.stdout.splitlines()
    assert lines == [
        f"holds      status == finished   finished == finished{end}",
        f"holds      train.loss < still-there.train.loss   {loss:.4g} < {still:.4g}{end}",
        f"does not   still-there.epochs * 2 < train.loss   6 < {loss:.4g}{end}",
    ]
    assert summary.startswith("2 hold, 1 do not; 2 trained; ") and summary.endswith(" minutes")
    for run in runs.values():
        trained = tomllib.loads(run.experiment.read_text())
        assert (trained["seed"], trained["epochs"]) == (7, 3)
        assert run.name in done.stderr


def test_a_run_that_diverges_is_a_figure_like_others_and_every_seed_is_trained(tuitrain, lesson):
    source = lesson("large-lr.status == diverged", "large-lr.epochs < 100", epochs=100)
    done = tuitrain("check", source, "--seeds", "3,4", "--jobs", "2", "--json")
    assert done.returncode == 0, done.stderr
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    expectations = ("large-lr.status == diverged", "large-lr.epochs < 100")
    for seed in (3, 4):  # they train at the same time, and whichever is over is told
        told = [(one["expect"], one["holds"]) for one in verdicts if one["seed"] == seed]
        assert told == [(expect, True) for expect in expectations]
    assert len(verdicts) == 4
    assert verdicts[0] == {
        "preset": source,
        "seed": verdicts[0]["seed"],
        "expect": "large-lr.status == diverged",
        "holds": True,
        "values": ["diverged", "diverged"],
        "detail": "",
    }
    seeds = [tomllib.loads(run.experiment.read_text())["seed"] for run in list_runs(tuitrain.runs)]
    assert sorted(seeds) == [3, 4]
    assert "4 hold, 0 do not; 2 trained" in done.stderr


def test_a_run_that_is_killed_has_failed_and_the_check_goes_on_to_its_end(tuitrain, checking):
    for run in begun(tuitrain):
        os.kill(run.read_info()["pid"], signal.SIGKILL)
    assert checking.wait(timeout=PATIENCE_S) == 1
    assert "failed: ended without a word" in tuitrain.err.read_text()
    assert "2 trained, 2 of them failed" in tuitrain.out.read_text()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_from_the_terminal_ends_every_training_with_its_checkpoint(tuitrain, checking, number, status):
    os.killpg(checking.pid, number)
    assert checking.wait(timeout=PATIENCE_S) == status
    assert tuitrain.err.read_text().splitlines()[-1].startswith(f"stopped by {number.name}; ")
    assert tuitrain.out.read_text() == ""
    runs = list_runs(tuitrain.runs)
    assert len(runs) == 2
    for run in runs:
        assert not run.is_held()
        assert (run.checkpoints / "last.pt").stat().st_size > 0
        assert read_json(run.summary)["status"] == "stopped"


def test_a_signal_to_the_check_alone_is_passed_on_and_every_checkpoint_waited_for(tuitrain, checking):
    slow, quick = begun(tuitrain)
    os.kill(slow.read_info()["pid"], signal.SIGSTOP)  # it cannot end before it is let go on
    os.kill(checking.pid, signal.SIGTERM)
    wait_for(lambda: quick.summary.exists() and not quick.is_held(), "the end of the other")
    assert checking.poll() is None
    assert "stopped by" not in tuitrain.err.read_text()
    os.kill(slow.read_info()["pid"], signal.SIGCONT)
    assert checking.wait(timeout=PATIENCE_S) == 143
    for run in (slow, quick):
        assert not run.is_held()
        assert (run.checkpoints / "last.pt").stat().st_size > 0
        assert read_json(run.summary)["status"] == "stopped"


def test_who_pipes_the_check_hears_of_each_promise_and_of_the_run_that_is_on(tuitrain, lesson):
    source = lesson("still-there.epochs > 0", "status == finished")
    path = Path(source)
    path.write_text(path.read_text().replace('"optimizer.lr" = 1e-9', f"epochs = {ENDLESS}"))
    with tuitrain.start("check", source, "--jobs", "2") as process:
        try:
            wait_for(lambda: tuitrain.out.read_text() or process.poll() is not None, "the first promise")
            assert tuitrain.out.read_text().startswith("holds      status == finished   finished == finished")
            told = re.compile(r"^\[1/2\] .*mine.toml still-there seed 5: \d+ s, epoch +\d+", re.MULTILINE)
            wait_for(lambda: told.search(tuitrain.err.read_text()) or process.poll() is not None, "how far it is")
            assert process.poll() is None, tuitrain.err.read_text()
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=PATIENCE_S) == 130
        finally:
            process.kill()
    assert len(tuitrain.out.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("expect", "options", "words"),
    [
        ([], [], "mine.toml: promises nothing that could be checked; write it into lesson.expect"),
        (["epochs > 1", "epochs >"], [], "mine.toml: lesson.expect[1]: 'epochs >', column 9: expected a number"),
        (["large-l.epochs > 1"], [], "unknown variant 'large-l'; did you mean 'large-lr'?"),
        (["gradient_norm[dens_1] > 1"], [], "gradient_norm[dens_1]: there is no such layer; did you mean 'dense_1'?"),
        (["epochs > 1"], ["--epochs", "0"], "mine.toml: epochs: must be at least 1, got 0"),
        (["epochs > 1"], ["--seeds", "1,-1"], "mine.toml: seed: must be at least 0, got -1"),
        (["epochs > 1"], ["--seeds", "1;2"], "argument --seeds: must be whole numbers with commas between them"),
        (["epochs > 1"], ["--jobs", "0"], "argument --jobs: must be at least 1, got 0"),
        (["epochs > 1"], ["none-such"], "unknown preset 'none-such'"),
        (["epochs > 1"], ["--device", "cuda:99"], "'cuda:99' is not on this machine"),
    ],
)
def test_bad_input_is_refused_before_anything_is_trained(tuitrain, lesson, expect, options, words):
    done = tuitrain("check", lesson(*expect), *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert list_runs(tuitrain.runs) == []


def test_data_that_is_not_on_this_machine_is_named(tuitrain, lesson, tmp_path):
    path = tmp_path / "mnist.toml"
    path.write_text(
        'loss = "cross_entropy"\ndata = "mnist"\noptimizer = { type = "sgd" }\nmodel = { layers = ["flatten"] }\n'
        'lesson = { title = "A test", why = "It has no data.", expect = ["validation.accuracy > 0.9"] }\n'
    )
    done = tuitrain("check", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("tuitrain: data: MNIST is not on this machine")
    assert list_runs(tuitrain.runs) == []


def test_a_training_whose_source_was_trained_first_is_judged_by_itself(tuitrain, lesson):
    source = lesson("epochs == 1", epochs=1, name="source")
    path = lesson("after.epochs == 2")
    with open(path, "a", encoding="utf-8") as file:
        file.write(f'\n[[variants]]\nname = "after"\nset = {{ transfer = {{ source = {json.dumps(source)} }} }}\n')
    done = tuitrain("check", path)
    assert done.returncode == 0, done.stdout
    assert "2 == 2" in done.stdout
    assert len(list_runs(tuitrain.runs)) == 2
