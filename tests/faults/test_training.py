"""Training under faults, on the real program: killed at random, unable to write, resumed while it stops.

Nothing that was said to be saved is lost, success is said only of what is stored, and a run that goes
on ends with the weights of one that was never disturbed, to the last bit. A trial follows from its seed, apart from the
moments at which the machine does things.
"""

import contextlib
import os
import random
import resource
import shutil
import signal
import sys
import time
from collections import Counter

import pytest
import torch

from tuitrain.runs import commands as c
from tuitrain.runs import events as e
from tuitrain.runs import inbox
from tuitrain.runs.directory import list_runs
from tuitrain.runs.files import read_json
from tuitrain.runs.follow import Follower
from tuitrain.runs.log import EventReader
from tuitrain.training import checkpoint

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc and limits the files of another process"),
]

EXPERIMENT = """
name = "tiny"
epochs = 40
batch_size = 10
threads = 1
callbacks = ["checkpoint"]

[data]
type = "spirals"
samples = 40

[[model.layers]]
type = "dense"
units = 4
activation = "relu"

[[model.layers]]
type = "dropout"
rate = 0.2

[optimizer]
type = "nadam"
lr = 0.01

[schedule]
type = "cosine"
"""
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    path = tmp_path_factory.mktemp("experiment") / "tiny.toml"
    path.write_text(EXPERIMENT)
    return str(path)


@pytest.fixture(scope="module")
def whole(zygote, experiment, tmp_path_factory):
    """The last checkpoint of a run that nothing disturbed, and how many lines it logged."""
    root = tmp_path_factory.mktemp("whole")
    status, said = zygote.run("run", experiment, "--plain", "--device", "cpu", "--runs-dir", str(root))
    assert status == 0, said
    (run,) = list_runs(root)
    return checkpoint.load(run.checkpoints / "last.pt"), lines(run)


def wait_until(condition, pid=None):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        if pid is not None and is_over(pid):
            return
        time.sleep(0.001)


def state(pid):
    """Of a process, as the kernel writes it: Z has ended and only waits to be asked how, T is stopped."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def is_over(pid):
    return state(pid) == "Z"


def lines(run):
    try:
        return run.events.read_bytes().count(b"\n")
    except OSError:
        return 0


def the_run(root, pid):
    wait_until(lambda: list_runs(root), pid)
    runs = list_runs(root)
    return runs[0] if runs else None


def logged(run):
    reader, events = EventReader(run.events), []
    while not reader.caught_up:
        events += reader.read()
    return events


def assert_stored(run, whole):
    """It was said to be finished: all of it can be read again, and is what training gives that nothing disturbed."""
    assert read_json(run.summary)["status"] == "finished"
    last = logged(run)[-1]
    assert isinstance(last, e.RunFinished) and last.status == "finished"
    assert Follower(run).poll().state == "finished"
    state = checkpoint.load(run.checkpoints / "last.pt")
    assert state["step"] == whole["step"] == last.step
    assert state["sums"]["loss"] == whole["sums"]["loss"]
    for name, weight in whole["model"].items():
        assert torch.equal(state["model"][name], weight), name
    for number, entries in whole["optimizer"]["state"].items():
        assert all(torch.equal(state["optimizer"]["state"][number][name], one) for name, one in entries.items())
    assert torch.equal(state["rng"]["cpu"], whole["rng"]["cpu"])
    names = {path.name for path in run.checkpoints.iterdir()}
    assert {"last.pt", "previous.pt"} <= names


def saved_step(run):
    """The last step that the log says was saved."""
    steps = [event.step for event in logged(run) if isinstance(event, e.CheckpointSaved) and "last" in event.path]
    return steps[-1] if steps else None


def resume(zygote, run, out="out"):
    return zygote.start("resume", str(run.path), "--plain", "--device", "cpu", out=out)


@pytest.mark.parametrize("seed", range(10))
def test_killed_at_random_and_resumed_nothing_is_lost(zygote, experiment, whole, tmp_path, seed):
    """Eight runs a seed, each killed up to three times, a moment after any line of the log."""
    expected, most = whole
    source, counts = random.Random(seed), Counter[str]()
    for number in range(8):
        root = tmp_path / str(number)
        pid = zygote.start("run", experiment, "--plain", "--device", "cpu", "--runs-dir", str(root))
        run = the_run(root, pid)
        for _ in range(source.randint(1, 3)):
            line = lines(run) + source.randint(0, max(1, most - lines(run)))
            wait_until(lambda run=run, line=line: lines(run) >= line, pid)
            time.sleep(source.uniform(0, 0.02))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            status = zygote.wait(pid)
            counts["killed" if status < 0 else "over before it was killed"] += 1
            said = saved_step(run)
            if said is not None:
                loaded = checkpoint.load_last(run.checkpoints / "last.pt")
                assert loaded.state["step"] >= said and not loaded.warning
            pid = resume(zygote, run)
        status, text = zygote.wait(pid), (zygote.directory / "out").read_text()
        if status == 2:  # killed before its first checkpoint
            assert said is None and "has a checkpoint" in text and "Traceback" not in text
            counts["had no checkpoint"] += 1
            continue
        assert status == 0, text
        assert_stored(run, expected)
        counts["went on to the same end"] += 1
    print(f"\nkilled at random, seed {seed}: {dict(counts)}")
    assert counts["killed"] > 0


def no_checkpoints(run):
    shutil.rmtree(run.checkpoints)
    run.checkpoints.touch()


def no_summary(run):
    (run.summary / "in the way").mkdir(parents=True)


def no_log(run):
    run.events.unlink()


def no_run(run):
    shutil.rmtree(run.path)


FAULTS = [no_checkpoints, no_summary, no_log, no_run]


@pytest.mark.parametrize("seed", range(8))
def test_what_cannot_be_stored_is_no_success(zygote, experiment, whole, tmp_path, seed):
    """Ten runs a seed: at some line of the log, something of the run can no longer be written."""
    source, counts = random.Random(seed), Counter[str]()
    for number in range(10):
        root, fault, line = tmp_path / str(number), source.choice(FAULTS), source.randint(1, whole[1] - 2)
        pid = zygote.start("run", experiment, "--plain", "--device", "cpu", "--runs-dir", str(root))
        run = the_run(root, pid)
        wait_until(lambda run=run, line=line: lines(run) >= line, pid)
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda pid=pid: state(pid) in "TZ")
        if is_over(pid) or any(isinstance(event, e.RunFinished) for event in logged(run)):
            os.kill(pid, signal.SIGCONT)
            assert zygote.wait(pid) == 0
            counts["too late"] += 1
            continue
        fault(run)
        os.kill(pid, signal.SIGCONT)
        status, text = zygote.wait(pid), (zygote.directory / "out").read_text()
        assert status == 1, text
        assert "failed at step" in text and str(run.path) in text.split("failed at step")[1]
        assert "Traceback" not in text
        if fault is not no_run:
            assert not run.summary.is_file() or read_json(run.summary)["status"] == "failed"
            assert not any(isinstance(event, e.RunFinished) and event.status != "failed" for event in logged(run))
        counts[fault.__name__] += 1
        if fault is no_summary:
            shutil.rmtree(run.summary)
            assert zygote.wait(resume(zygote, run)) == 0
            assert_stored(run, whole[0])
            counts["mended and resumed"] += 1
    print(f"\ncannot be stored, seed {seed}: {dict(counts)}")


@pytest.mark.parametrize("seed", range(4))
def test_a_disk_that_is_full_at_any_byte_is_no_success(zygote, experiment, whole, tmp_path, seed):
    """Ten runs a seed: from some line on no file can become larger than so many bytes."""
    source, counts = random.Random(seed), Counter[str]()
    for number in range(10):
        root, limit, line = tmp_path / str(number), source.randint(0, 60_000), source.randint(1, whole[1] // 2)
        pid = zygote.start("run", experiment, "--plain", "--device", "cpu", "--runs-dir", str(root))
        run = the_run(root, pid)
        wait_until(lambda run=run, line=line: lines(run) >= line, pid)
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, limit))
        status = zygote.wait(pid)
        assert status in (0, 1)
        if status == 0:
            counts["stored"] += 1
            assert_stored(run, whole[0])
            continue
        counts["failed"] += 1
        assert not run.summary.is_file() or read_json(run.summary)["status"] == "failed"
        assert not any(isinstance(event, e.RunFinished) and event.status != "failed" for event in logged(run))
        said = saved_step(run)
        status, text = zygote.wait(resume(zygote, run)), (zygote.directory / "out").read_text()
        if status == 2:
            assert said is None and "has a checkpoint" in text
            counts["had no checkpoint"] += 1
            continue
        assert status == 0, text
        assert_stored(run, whole[0])
        counts["mended and resumed"] += 1
    print(f"\nfull disk, seed {seed}: {dict(counts)}")


@pytest.mark.parametrize("seed", range(5))
def test_resumed_while_it_stops_it_goes_on_from_what_was_saved_last(zygote, experiment, whole, tmp_path, seed):
    """Ten runs a seed: at some line of the log it is asked to stop, and resumed at once."""
    source, counts = random.Random(seed), Counter[str]()
    for number in range(10):
        root, line = tmp_path / str(number), source.randint(1, whole[1] - 2)
        first = zygote.start("run", experiment, "--plain", "--device", "cpu", "--runs-dir", str(root), out="first")
        run = the_run(root, first)
        wait_until(lambda run=run, line=line: lines(run) >= line, first)
        if source.random() < 0.5:
            inbox.send(run, c.Stop())
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(first, signal.SIGTERM)
        time.sleep(source.uniform(0, 0.1))
        second = resume(zygote, run)
        assert zygote.wait(first) in (0, 143)
        status, text = zygote.wait(second), (zygote.directory / "out").read_text()
        events = logged(run)
        continued = [index for index, event in enumerate(events) if isinstance(event, e.RunContinued)]
        if status == 0:
            before = [event.step for event in events[: continued[-1]] if isinstance(event, e.CheckpointSaved)]
            assert events[continued[-1]].from_step == before[-1] == max(before)
            if events[-1].status == "finished":
                assert_stored(run, whole[0])
            counts["went on from the last step" if events[-1].status == "finished" else "was stopped too"] += 1
        else:
            assert status == 2 and "Traceback" not in text, text
            counts["refused"] += 1
    print(f"\nresumed while stopping, seed {seed}: {dict(counts)}")
