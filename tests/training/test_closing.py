"""Success means stored: what cannot be written at the end of a run makes it a failure that says what is missing."""

import json
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tuitrain.runs import commands as c
from tuitrain.runs import events as e
from tuitrain.runs.files import read_json
from tuitrain.runs.follow import Follower
from tuitrain.runs.log import EventReader
from tuitrain.training import checkpoint
from tuitrain.training.prepare import prepare
from tuitrain.training.process import begin, exit_status, go_on

from ..narrow import present


def removed(directory):
    """Moved aside at once, then removed: a trainer that is writing adds nothing to it meanwhile."""
    aside = directory.with_name(f"{directory.name} removed")
    directory.rename(aside)
    shutil.rmtree(aside)


def no_checkpoints(run):
    removed(run.checkpoints)


def a_file_for_checkpoints(run):
    removed(run.checkpoints)
    run.checkpoints.touch()


def no_summary(run):
    (run.summary / "in the way").mkdir(parents=True)


def no_log(run):
    run.events.unlink()


def no_run(run):
    removed(run.path)


FAULTS = {
    no_checkpoints: "checkpoints/last.pt",
    a_file_for_checkpoints: "checkpoints/last.pt",
    no_summary: "summary.json",
    no_log: "events.jsonl",
    no_run: "",
}


def disturbed(hosted, run, fault):
    """The worker thread runs ahead of its events, so that only what happens before the first is sure to be in time."""
    fault(run)
    for _ in hosted:
        pass
    return hosted


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_what_cannot_be_stored_is_a_failure_that_names_it(spirals, tmp_path, fault):
    run, hosted = begin(prepare(spirals(), "cpu"), tmp_path)
    finished = disturbed(hosted, run, fault).finished
    assert (finished.status, hosted.exit_status) == ("failed", 1)
    assert finished.reason.startswith(f"{run.path}/{FAULTS[fault]}")
    assert "cannot be written" in finished.reason
    assert finished.reason.rstrip(".").endswith("all 3 epochs done")
    if run.path.exists():
        assert not run.summary.is_file() or read_json(run.summary)["status"] == "failed"
    if run.events.exists():
        assert Follower(run).poll().state == "failed"


def test_a_run_whose_summary_was_missing_is_whole_once_it_is_resumed(spirals, tmp_path):
    run, hosted = begin(prepare(spirals(), "cpu"), tmp_path)
    disturbed(hosted, run, no_summary)
    shutil.rmtree(run.summary)
    again = go_on(run, "cpu")
    assert [event.from_step for event in again if isinstance(event, e.RunContinued)] == [33]
    assert again.exit_status == 0
    assert read_json(run.summary)["status"] == "finished"


def test_the_last_good_checkpoint_is_named(spirals, tmp_path):
    large = {"layers": [{"type": "dense", "units": 5000}]}
    run, hosted = begin(prepare(spirals(epochs=4, model=large), "cpu"), tmp_path)
    hosted.control.send(c.Step(2))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        for event in hosted:
            if isinstance(event, e.CheckpointSaved):
                limit = 50_000
                assert 3 * run.events.stat().st_size < limit < (run.checkpoints / "last.pt").stat().st_size
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
                hosted.control.send(c.Resume())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    finished = present(hosted.finished)
    assert finished.status == "failed"
    assert "last.pt: cannot be written (File too large). Free some space." in finished.reason
    assert f"The last good checkpoint is {run.checkpoints}/last.pt, of step 2." in finished.reason
    assert checkpoint.load(run.checkpoints / "last.pt")["step"] == 2


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"x" * 10_000)])
def test_a_checkpoint_that_cannot_be_read_again_is_no_success(spirals, tmp_path, spoil):
    run, hosted = begin(prepare(spirals(), "cpu"), tmp_path)
    for event in hosted:
        if isinstance(event, e.CheckpointSaved):
            spoil(run.checkpoints / "last.pt")
    finished = present(hosted.finished)
    assert (finished.status, hosted.exit_status) == ("failed", 1)
    assert finished.reason.startswith(f"{run.checkpoints}/last.pt: ")
    assert read_json(run.summary)["status"] == Follower(run).poll().state == "failed"


def test_a_best_checkpoint_that_is_missing_is_no_success_either(spirals, tmp_path):
    def in_the_way(run):
        (run.checkpoints / "best.pt" / "in the way").mkdir(parents=True)

    run, hosted = begin(prepare(spirals(epochs=2, callbacks=["checkpoint"]), "cpu"), tmp_path)
    disturbed(hosted, run, in_the_way)
    finished = present(hosted.finished)
    assert (finished.status, hosted.exit_status) == ("failed", 1)
    assert "best.pt: cannot be written" in finished.reason
    assert f"The last good checkpoint is {run.checkpoints}/last.pt, of step 22." in finished.reason


@pytest.mark.parametrize("room", [0, 10, 100])
def test_a_last_line_that_does_not_fit_is_a_failure(spirals, tmp_path, room):
    run, hosted = begin(prepare(spirals(), "cpu"), tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        for event in hosted:
            if isinstance(event, e.CheckpointSaved):
                resource.setrlimit(resource.RLIMIT_FSIZE, (run.events.stat().st_size + room, limits[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    finished = present(hosted.finished)
    assert (finished.status, hosted.exit_status) == ("failed", 1)
    assert "events.jsonl: cannot be written (File too large)" in finished.reason
    assert not run.summary.exists() or read_json(run.summary)["status"] == "failed"
    assert not [event for event in EventReader(run.events).read() if isinstance(event, e.RunFinished)]


@pytest.mark.parametrize(
    ("status", "number", "expected"),
    [("finished", None, 0), ("stopped", None, 0), ("stopped", signal.SIGTERM, 143), ("failed", None, 1),
     ("failed", signal.SIGINT, 1), ("diverged", None, 1)],
)  # fmt: skip
def test_the_exit_status(status, number, expected):
    assert exit_status(e.RunFinished(status=status, step=1, reason=""), number) == expected
    assert exit_status(None, number) == 1


def test_a_trainer_in_stand_by_says_it_too(document, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "tuitrain.training"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    place = {"runs": str(tmp_path)}
    requests = (
        {"do": "prepare", "experiment": document(epochs=1_000_000), "device": "cpu", **place},
        {"do": "start", "steps": 3, **place},
    )
    stdin, stdout = present(process.stdin), present(process.stdout)
    with process:
        try:
            for request in requests:
                stdin.write(json.dumps({"id": 1, **request}).encode() + b"\n")
                answer = json.loads(stdout.readline())
            removed(Path(answer["ok"]["path"]))
            process.terminate()
            assert process.wait(120) == 1
        finally:
            process.kill()
