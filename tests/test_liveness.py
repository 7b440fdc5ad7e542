"""What is told of a trainer that hangs or is gone: real processes, stopped and killed."""

import json
import os
import signal
import subprocess
import time

import pytest

from tuitrain.runs.commands import Pause
from tuitrain.runs.directory import create
from tuitrain.runs.events import Heartbeat
from tuitrain.runs.follow import Follower
from tuitrain.runs.inbox import send
from tuitrain.runs.log import EventLog

from .conftest import SMALL, wait_for
from .terminal import Terminal

ENDLESS = ("spirals-mlp", *SMALL, "--epochs", "1000000", "--plain")
LOST_S = 100


@pytest.fixture
def training(tuitrain):
    with tuitrain.start("run", *ENDLESS) as process:
        try:
            wait_for(lambda: b"epoch" in tuitrain.out.read_bytes() or process.poll() is not None, "an epoch", 170)
            assert process.poll() is None, tuitrain.err.read_text()
            yield process
        finally:
            process.kill()


def age(run, seconds, **info):
    """Let a run be so much older: its last event, and when its log was changed."""
    run.update_info(**info)
    lines = [json.loads(line) for line in run.events.read_text().splitlines()]
    text = "".join(json.dumps({**line, "at": line["at"] - seconds}) + "\n" for line in lines)
    run.events.write_text(text)
    os.utime(run.events, (time.time() - seconds,) * 2)
    run.history.unlink(missing_ok=True)


def test_a_trainer_that_hangs_is_told_and_a_stop_waits_for_it(tuitrain, training):
    run = tuitrain.the_run()
    assert "last heard" not in tuitrain("runs").stdout
    training.send_signal(signal.SIGSTOP)
    wait_for(lambda: "running, last heard of" in tuitrain("runs").stdout, "a word about the silence")
    asked = tuitrain("stop", run.name)
    assert asked.returncode == 1
    assert f"{run.name} was asked to stop, but its trainer has not answered within 5 s, last heard of " in asked.stdout
    training.send_signal(signal.SIGCONT)
    assert training.wait(60) == 0
    assert Follower(run).poll().state == "stopped"


def wait_for_growth(log):
    size = log.stat().st_size
    wait_for(lambda: log.stat().st_size > size, "a heartbeat")


def test_a_paused_run_is_not_silent(tuitrain, training):
    run = tuitrain.the_run()
    send(run, Pause())
    follower = Follower(run)
    wait_for(lambda: follower.poll().state == "paused", "the pause")
    for _ in range(4):
        wait_for_growth(run.events)
        assert follower.poll().silence == 0
    assert (follower.poll().state, Follower(run).poll().silence) == ("paused", 0)


def test_the_dashboard_says_that_the_trainer_is_silent_and_that_it_is_back(tuitrain, training):
    run = tuitrain.the_run()
    with Terminal([*tuitrain.command, "attach", run.name], tuitrain.environment) as terminal:
        terminal.sees("training")
        training.send_signal(signal.SIGSTOP)
        terminal.sees("last heard of")
        training.send_signal(signal.SIGCONT)
        terminal.until(lambda: "last heard of" not in terminal.text, "the trainer is back")


def test_a_run_that_died_on_another_host_is_not_running(tuitrain, training):
    run = tuitrain.the_run()
    training.kill()
    training.wait()
    age(run, 3 * 86_400 + 60, host="far-away")
    assert "lost (trainer gone) on far-away, last heard of 3 days ago" in tuitrain("runs").stdout
    stop = tuitrain("stop", run.name)
    assert (stop.returncode, list(run.commands.iterdir())) == (0, [])
    assert stop.stdout == (f"{run.name} is not running: lost (trainer gone) on far-away, last heard of 3 days ago.\n")


def test_a_run_that_may_live_on_another_host_is_asked_and_its_silence_told(tuitrain, training):
    run = tuitrain.the_run()
    training.kill()
    training.wait()
    age(run, 30, host="far-away")
    assert "running on far-away, last heard of" in tuitrain("runs").stdout
    stop = tuitrain("stop", run.name)
    assert stop.returncode in (0, 1) and "stops after" not in stop.stdout
    assert "far-away" in stop.stdout and "last heard of" in stop.stdout


def test_a_run_on_another_host_that_writes_is_running(tuitrain, training):
    run = tuitrain.the_run()
    training.kill()
    training.wait()
    age(run, 3 * 86_400, host="far-away")
    log = EventLog(run.events)
    log.append(Heartbeat(step=1, at=time.time()))
    log.close()
    assert "running on far-away" in tuitrain("runs").stdout


def test_a_run_that_was_killed_before_its_lock_existed_is_lost(tuitrain):
    gone = subprocess.Popen(["true"])
    gone.wait()
    began = time.time() - LOST_S
    run = create(tuitrain.runs, "early", 'name = "early"\n', {"pid": gone.pid, "started_at": began})
    os.utime(run.info, (began, began))
    assert "lost (trainer gone), last heard of 1 min ago" in tuitrain("runs").stdout
    assert "is not running: lost" in tuitrain("stop", run.name).stdout
