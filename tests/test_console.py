"""Training without the dashboard, in real processes: what is printed, the exit status, the files, the signals."""

import json
import os
import shutil
import signal

import pytest
import torch

from tuitrain.runs.commands import Pause, Stop
from tuitrain.runs.files import read_json
from tuitrain.runs.inbox import send
from tuitrain.runs.lock import is_held

from .conftest import PATIENCE_S, SMALL, wait_for

ENDLESS = ("spirals-mlp", *SMALL, "--epochs", "1000000")
"""Far longer than the patience of any test; the fixture ends what a failed test leaves."""


@pytest.fixture
def training(tuitrain):
    """A run that is on, and has done an epoch."""
    with tuitrain.start("run", *ENDLESS, "--plain") as process:
        try:
            wait_for(lambda: epochs(tuitrain) or process.poll() is not None, "the first epoch")
            assert process.poll() is None, tuitrain.err.read_text()
            yield process
        finally:
            process.kill()


def epochs(tuitrain):
    return tuitrain.out.read_bytes().count(b"epoch ")


def end_of(process, tuitrain):
    """The last lines and the exit status."""
    status = process.wait(timeout=PATIENCE_S)
    assert tuitrain.err.read_text() == ""
    return tuitrain.out.read_text().splitlines()[-2:], status


def test_json_has_one_object_a_line_and_the_summary_last(tuitrain):
    done = tuitrain("run", "spirals-mlp", *SMALL, "--epochs", "3", "--set", "name=short", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [line.get("kind") for line in lines]
    assert kinds[0] == "RunStarted" and kinds[-2:] == ["RunFinished", None]
    assert kinds.count("EpochCompleted") == 3
    run = tuitrain.the_run()
    summary = lines[-1]
    assert summary == read_json(run.summary)
    assert summary["status"] == "finished" and summary["epochs"] == 3 and summary["steps"] == 6
    for part in ("train", "validation"):
        assert 0 <= summary[part]["accuracy"] <= 1 and summary[part]["loss"] > 0
    assert summary["seconds"] > 0 and summary["steps_per_second"] > 0
    assert run.name.endswith("-short")
    logged = [json.loads(line) for line in run.events.read_text().splitlines()]
    assert [line for line in logged if line["kind"] != "Heartbeat"] == lines[:-1]
    assert not is_held(run.lock)


def test_plain_has_one_line_an_epoch_and_says_where_the_checkpoint_is(tuitrain, tmp_path):
    runs = tmp_path / "elsewhere"
    done = tuitrain("run", "spirals-mlp", *SMALL, "--set", "epochs=2", "--runs-dir", str(runs), "--plain")
    assert (done.returncode, done.stderr) == (0, "")
    first, *epochs, finished, checkpoint = done.stdout.splitlines()
    (run,) = runs.iterdir()
    assert first == f"run {run}"
    assert [line.split("  ")[0] for line in epochs] == ["epoch 1/2", "epoch 2/2"]
    assert all("validation loss" in line for line in epochs)
    assert finished == "finished at step 4: all 2 epochs done"
    assert checkpoint.startswith(f"checkpoint {run}/checkpoints/last.pt  validation loss ")
    assert checkpoint.split("  validation ")[1] == epochs[-1].split("  validation ")[1].rpartition("  ")[0]
    assert (run / "checkpoints" / "last.pt").stat().st_size > 0
    listed = tuitrain("runs", "--runs-dir", str(runs)).stdout.splitlines()
    assert listed[1].split()[:3] == [run.name, "finished", "2/2"]
    again = tuitrain("stop", run.name[:20], "--runs-dir", str(runs))
    assert (again.returncode, again.stdout) == (0, f"{run.name} is not running: finished.\n")


def test_a_training_that_diverges_is_a_failure_with_a_remedy(tuitrain):
    done = tuitrain(
        "run", "spirals-mlp", *SMALL, "--set", "loss=mse", "--set", "optimizer={type='sgd', lr=1000.0}",
        "--set", "model.defaults.activation=relu", "--epochs", "50",
    )  # fmt: skip
    assert done.returncode == 1
    last = done.stdout.splitlines()[-1]
    assert last.startswith("diverged at step") and "smaller optimizer.lr" in last
    assert read_json(tuitrain.the_run().summary)["status"] == "diverged"
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_a_checkpoint_and_a_hang_up_does_not(tuitrain, training, number, status):
    run = tuitrain.the_run()
    os.kill(training.pid, signal.SIGHUP)
    done = epochs(tuitrain)
    wait_for(lambda: epochs(tuitrain) > done + 1, "another epoch")
    assert run.is_held()
    os.kill(training.pid, number)
    (stopped, checkpoint), code = end_of(training, tuitrain)
    assert code == status
    assert stopped.startswith("stopped at step ") and stopped.endswith(number.name)
    assert checkpoint.startswith(f"checkpoint {run.checkpoints / 'last.pt'}")
    assert (run.checkpoints / "last.pt").stat().st_size > 0
    assert read_json(run.summary)["status"] == "stopped"
    assert not run.is_held()


def test_a_run_is_listed_and_stopped_from_another_terminal(tuitrain, training):
    run = tuitrain.the_run()
    assert run.name in tuitrain("runs").stdout and "running" in tuitrain("runs").stdout
    send(run, Pause())
    wait_for(lambda: "paused" in tuitrain("runs").stdout, "the pause")
    asked = tuitrain("stop", run.name[:12])
    assert (asked.returncode, asked.stdout) == (0, f"{run.name} stops after its current step.\n")
    (stopped, checkpoint), code = end_of(training, tuitrain)
    assert code == 0
    assert stopped.startswith("stopped at step ") and checkpoint.startswith("checkpoint ")


def test_what_changes_a_training_is_said_and_the_last_line_is_of_the_weights_that_are_saved(tuitrain):
    done = tuitrain(
        "run", "spirals-mlp", *SMALL, "--plain", "--epochs", "60",
        "--set", "callbacks=[{type='early_stopping', patience=2, min_delta=0.02, restore_best=true}]",
        "--set", "freeze={layers=1, epochs=1}",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    (put_back,) = [line for line in lines if "put back the weights of step" in line]
    assert put_back.startswith("early_stopping at step ")
    best = int(put_back.split("weights of step ")[1].split(",")[0]) // 2
    (of_best,) = [line for line in lines if line.startswith(f"epoch {best:>2}/60")]
    figures = of_best.split("  validation ")[1].rpartition("  ")[0]
    assert lines[-1] == f"checkpoint {tuitrain.the_run().checkpoints / 'last.pt'}  validation {figures}"
    assert lines[-2].startswith("finished at step ")
    assert [line.split(" ")[0] for line in lines if "froze" in line] == ["froze", "unfroze"]
    state = torch.load(tuitrain.the_run().checkpoints / "last.pt", weights_only=True)
    assert state["kept"] == [None]  # they are those of the network


def test_an_average_of_weights_is_said_validated_and_saved(tuitrain):
    swa = "callbacks=[{type='swa', start=3}]"
    done = tuitrain("run", "spirals-mlp", *SMALL, "--plain", "--epochs", "5", "--set", swa)
    assert (done.returncode, done.stderr) == (0, "")
    averaged, validated, ended, saved = done.stdout.splitlines()[-4:]
    assert averaged == "swa at step 10: put the mean of the weights of 3 epochs, 3 to 5, in their place"
    assert validated.startswith("validation at step 10: loss ") and ended.startswith("finished at step 10")
    figures = saved.partition("  validation ")[2]
    summary = read_json(tuitrain.the_run().summary)
    assert f"loss {summary['validation']['loss']:.4f}" in figures


def test_a_training_whose_checkpoint_cannot_be_written_is_no_success(tuitrain, training):
    run = tuitrain.the_run()
    shutil.rmtree(run.checkpoints)
    send(run, Stop())
    assert training.wait(timeout=PATIENCE_S) == 1
    last = tuitrain.out.read_text().splitlines()[-1]
    assert last.startswith("failed at step ") and f"{run.checkpoints}/last.pt: cannot be written" in last
    assert "There is no good checkpoint." in last
    run.checkpoints.mkdir()
    again = tuitrain("resume", run.name, "--plain")
    assert again.returncode == 2 and "last.pt: cannot be read" in again.stderr


def test_a_killed_training_is_listed_as_lost(tuitrain, training):
    training.kill()
    training.wait()
    assert "lost (trainer gone)" in tuitrain("runs").stdout
    stop = tuitrain("stop", tuitrain.the_run().name)
    assert stop.returncode == 0 and "is not running: lost" in stop.stdout
