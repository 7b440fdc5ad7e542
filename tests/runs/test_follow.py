import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from tuitrain.runs import events as e
from tuitrain.runs.codec import encode
from tuitrain.runs.follow import FAR, MOST_LAYERS, Follower
from tuitrain.runs.liveness import QUIET_S, SILENCE_S, SKEW_S
from tuitrain.runs.log import CHUNK, EventLog

from ..narrow import present

STARTED = e.RunStarted(
    device="cpu", threads=1, epochs=1, steps_per_epoch=100, total_steps=100, parameters=10, layers=()
)

TRAINER = """
import sys
from pathlib import Path
from tuitrain.runs.codec import decode
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.log import CHUNK, EventLog
run = RunDirectory(Path(sys.argv[1]))
run.hold_lock()
log = EventLog(run.events)
print("ready", flush=True)
for line in sys.stdin:
    log.append(decode(line))
    print("written", flush=True)
"""


class Trainer:
    """A process that has the lock and logs what it is told to."""

    def __init__(self, run):
        command = [sys.executable, "-c", TRAINER, str(run.path)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._commands, self._answers = present(self._process.stdin), present(self._process.stdout)
        assert self._answers.readline() == b"ready\n"

    def log(self, event):
        self._commands.write(encode(event).encode() + b"\n")
        self._commands.flush()
        assert self._answers.readline() == b"written\n"

    def kill(self):
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def start_trainer(run):
    trainers = []

    def start():
        trainers.append(Trainer(run))
        return trainers[-1]

    yield start
    for trainer in trainers:
        trainer.kill()


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def write(run, events):
    log = EventLog(run.events)
    for event in events:
        log.append(event)
    log.close()


def test_a_run_is_followed_from_its_preparation_to_its_end(run, start_trainer, window):
    follower = Follower(run)
    assert follower.poll().state == "preparing"
    trainer = start_trainer()
    assert follower.poll().state == "preparing"
    trainer.log(STARTED)
    trainer.log(window(1))
    snapshot = follower.poll()
    assert (snapshot.state, snapshot.step, snapshot.started) == ("running", 1, STARTED)
    assert follower.poll() is snapshot
    trainer.log(e.RunFinished(status="finished", step=1, reason="all epochs done"))
    trainer.kill()
    assert follower.poll().state == "finished"


def test_a_killed_trainer_is_lost_and_found_again_when_the_run_goes_on(run, start_trainer, window):
    trainer = start_trainer()
    trainer.log(STARTED)
    trainer.log(window(1))
    follower = Follower(run)
    trainer.kill()
    assert follower.poll().state == "lost"
    assert Follower(run).poll().state == "lost"
    trainer = start_trainer()
    trainer.log(e.RunContinued(from_step=0))
    snapshot = follower.poll()
    assert (snapshot.state, snapshot.step, snapshot.curve("train.loss").first) == ("running", 0, ())


def test_a_run_that_finished_while_it_was_looked_at_is_not_lost(run, start_trainer, window):
    trainer = start_trainer()
    trainer.log(STARTED)
    follower = Follower(run)
    follower.poll()
    look = run.__class__.is_held

    def finish_then_look(directory):
        trainer.log(e.RunFinished(status="finished", step=1, reason="all epochs done"))
        trainer.kill()
        return look(directory)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run.__class__, "is_held", finish_then_look)
        assert follower.poll().state == "finished"


def test_on_another_host_silence_decides(run, window):
    run.update_info(host="far-away")
    write(run, [STARTED])
    clock = Clock()
    follower = Follower(run, clock)
    assert follower.poll().state == "running"
    clock.now = SILENCE_S - 1
    write(run, [e.Heartbeat(step=0)])
    assert follower.poll().state == "running"
    clock.now += SILENCE_S - 0.1
    assert follower.poll().state == "running"
    clock.now += 0.1
    assert follower.poll().state == "lost"
    write(run, [e.Heartbeat(step=0)])
    assert follower.poll().state == "running"


def test_a_run_whose_trainer_never_came_is_lost(run):
    clock = Clock()
    follower = Follower(run, clock)
    assert follower.poll().state == "preparing"
    clock.now = SILENCE_S
    assert follower.poll().state == "lost"


def test_a_run_that_was_killed_before_its_lock_existed_is_lost_at_the_first_look(run):
    wall = time.time()
    assert Follower(run, wall=lambda: wall + SILENCE_S - 1).poll().state == "preparing"
    killed = Follower(run, wall=lambda: wall + SILENCE_S + 1).poll()
    assert (killed.state, killed.silence) == ("lost", SILENCE_S + 1)


@pytest.mark.parametrize(
    ("host", "seconds", "expected"),
    [
        ("far-away", 1, ("running", 0, "far-away")),
        ("far-away", 40.5, ("running", 40, "far-away")),
        ("far-away", SKEW_S + SILENCE_S + 5, ("lost", 60, "far-away")),
        ("far-away", 3 * 86_400 + 7_300, ("lost", 3 * 86_400, "far-away")),
        ("far-away", 30.5 * 3_600, ("lost", 30 * 3_600, "far-away")),
        (socket.gethostname(), 40.5, ("lost", 40, "")),
    ],
)
def test_one_look_tells_how_long_ago_a_run_was_last_heard_of(run, host, seconds, expected):
    run.update_info(host=host)
    run.lock.touch()
    now = time.time()
    write(run, [replace(STARTED, at=now)])
    snapshot = Follower(run, wall=lambda: now + seconds).poll()
    assert (snapshot.state, snapshot.silence, snapshot.host) == expected


@pytest.mark.parametrize(("ours", "theirs"), [(0, 300), (300, 0), (0, 10**7), (10**7, 0)])
def test_a_clock_that_is_wrong_does_not_make_a_run_lost(run, ours, theirs):
    run.update_info(host="far-away")
    now = time.time()
    write(run, [replace(STARTED, at=now + theirs)])
    os.utime(run.events, (now + ours, now + ours))
    assert Follower(run, wall=lambda: now + 1 + min(ours, theirs)).poll().state == "running"
    assert Follower(run, wall=lambda: now + 1 + max(ours, theirs)).poll().state == "running"


def test_a_clock_that_is_ahead_does_not_make_a_dead_run_live(run):
    run.update_info(host="far-away")
    now = time.time()
    write(run, [replace(STARTED, at=now + 10**6)])
    assert Follower(run, wall=lambda: now + 1000).poll().state == "lost"


def test_a_trainer_that_hangs_is_silent_until_it_goes_on(run, start_trainer, window):
    trainer, clock = start_trainer(), Clock()
    trainer.log(replace(STARTED, at=time.time()))
    follower = Follower(run, clock)
    before = follower.poll()
    seen = []
    for clock.now in (QUIET_S - 0.1, QUIET_S, QUIET_S + 0.5, 12.9, 70.0, 119.0, 7300.0):
        snapshot = follower.poll()
        seen.append((snapshot.state, snapshot.silence))
        assert (snapshot.version == before.version) == (snapshot.silence == before.silence)
        before = snapshot
    assert seen == [("running", silence) for silence in (0, 6, 6, 12, 60, 60, 7200)]
    trainer.log(e.Heartbeat(step=0))
    assert follower.poll().silence == 0


def test_a_saved_history_spares_the_log_before_it(run, window):
    write(run, [STARTED, *(window(step) for step in range(1, 50))])
    trainer_side = Follower(run)
    trainer_side.poll()
    trainer_side.save()
    offset = run.events.stat().st_size
    write(run, [window(50)])
    from_the_start = Follower(run).poll()
    with open(run.events, "r+b") as file:
        file.write(b"#" * (offset - 1))
    from_the_history = Follower(run).poll()
    assert from_the_history.skipped == 0
    assert from_the_history.curves == from_the_start.curves and from_the_history.step == 50


@pytest.mark.parametrize("history", [b"", b"{", b"[]", b"{}", b'{"offset": 0, "facts": 7}', b'{"offset": "x"}'])
def test_a_broken_history_costs_only_time(run, window, history):
    run.history.write_bytes(history)
    write(run, [window(1)])
    assert Follower(run).poll().step == 1


def test_a_history_beyond_the_log_is_not_believed(run, window):
    write(run, [window(1), window(2)])
    follower = Follower(run)
    follower.poll()
    follower.save()
    run.events.unlink()
    write(run, [window(1)])
    assert Follower(run).poll().step == 1


def test_a_long_log_takes_several_polls_and_is_not_called_lost_before_its_end(run, start_trainer, window):
    line = encode(window(1)) + "\n"
    run.events.write_text(line * 6000)
    write(run, [window(2)])
    start_trainer().kill()
    follower = Follower(run)
    states = [follower.poll().state]
    while not follower.caught_up:
        states.append(follower.poll().state)
    assert len(states) > 2 and set(states[:-1]) == {"preparing"} and states[-1] == "lost"
    assert follower.poll().step == 2


def test_skipped_lines_are_counted_across_a_saved_history(run, window):
    run.events.write_text("nonsense\n")
    write(run, [window(1)])
    follower = Follower(run)
    assert follower.poll().skipped == 1
    follower.save()
    assert json.loads(run.history.read_text())["offset"] == run.events.stat().st_size
    write(run, [window(2)])
    assert Follower(run).poll().skipped == 1


@pytest.fixture
def long_log(run, window):
    """Longer than what is read before the end: losses of 1.0 but for the last, and a figure of the end in a window."""
    write(run, [STARTED])
    line = encode(window(1, loss=1.0)) + "\n"
    with run.events.open("a") as file:
        file.write(line * (2 * FAR // len(line)))
    return run


def test_of_a_long_log_the_end_is_shown_at_once_and_the_curves_fill_up(long_log, start_trainer, window):
    trainer = start_trainer()
    trainer.log(window(90, loss=0.25))
    follower = Follower(long_log)
    first = follower.poll()
    assert not follower.caught_up
    assert (first.state, first.step, present(first.window).loss.last, first.started) == ("running", 90, 0.25, STARTED)
    trainer.log(window(91, loss=0.5))
    before = first
    while not follower.caught_up:
        snapshot = follower.poll()
        assert snapshot.step == 91 and snapshot.version > before.version
        before = snapshot
    straight = Follower(long_log).catch_up()
    assert follower.poll().curves == straight.curves
    assert replace(follower.poll(), version=0) == replace(straight, version=0)


def test_a_long_log_of_a_dead_trainer_is_lost_at_the_first_look(long_log, start_trainer, window):
    trainer = start_trainer()
    trainer.log(window(90))
    trainer.kill()
    assert Follower(long_log).poll().state == "lost"


def test_the_end_of_a_long_log_begins_where_a_window_tells_of_the_steps(long_log, start_trainer, window):
    trainer = start_trainer()
    trainer.log(window(90))
    trainer.log(e.RunPaused(step=90))
    line = encode(e.Heartbeat(step=90)) + "\n"
    with long_log.events.open("a") as file:
        file.write(line * (2 * CHUNK // len(line)))
    first = Follower(long_log).poll()
    assert (first.state, first.step) == ("paused", 90)


def test_the_end_of_a_long_log_may_be_that_of_a_trainer_that_went_on_and_died(long_log, start_trainer):
    trainer = start_trainer()
    trainer.log(e.RunContinued(from_step=100))
    trainer.kill()
    first = Follower(long_log).poll()
    assert (first.state, first.step) == ("lost", 100)


def test_of_a_network_of_very_many_layers_no_history_is_written(run):
    layer = e.LayerInfo(name="dense", type="dense", output_shape=(1,), parameters=2, trainable=True)
    for count, is_written in ((MOST_LAYERS + 1, False), (MOST_LAYERS, True)):
        run.events.unlink(missing_ok=True)
        write(run, [replace(STARTED, layers=(layer,) * count)])
        follower = Follower(run)
        follower.poll()
        follower.save()
        assert run.history.exists() is is_written
