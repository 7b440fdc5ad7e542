"""A loop of one's own records a run without our trainer, and everything that reads runs reads it."""

import os
import resource
import subprocess
import sys

import pytest

from tuitrain.errors import Refused
from tuitrain.listing import run_table
from tuitrain.recording.recorder import Recorder
from tuitrain.runs import commands as c
from tuitrain.runs import events as e
from tuitrain.runs import inbox
from tuitrain.runs.directory import create, list_runs
from tuitrain.runs.files import read_json
from tuitrain.runs.follow import Follower
from tuitrain.runs.log import EventReader

from ..narrow import of_type, present

SCRIPT = """
import sys, time
from pathlib import Path
from tuitrain.recording.recorder import Recorder
from tuitrain.runs import commands as c, events as e, inbox
from tuitrain.runs.directory import create

class Descent:
    '''Finds the root of 2 by gradient descent, obeying two commands.'''

    def __init__(self):
        self.step, self.x, self.lr, self.reason = 0, 1.0, 0.01, None
        self._began = time.perf_counter()

    @property
    def elapsed(self):
        return time.perf_counter() - self._began

    def stop(self, reason):
        self.reason = reason
        return ()

    def set_learning_rate(self, lr):
        self.lr = lr
        return [e.LearningRateChanged(step=self.step + 1, lr=lr, factor=lr / 0.01)]

    def descend(self):
        error = self.x**2 - 2
        self.step, self.x = self.step + 1, self.x - self.lr * 4 * error * self.x
        return error**2

run = create(Path(sys.argv[1]), "root of 2", 'name = "root of 2"', {"device": "abacus", "threads": 1})
descent = Descent()
recorder = Recorder(run, "root of 2", descent, {"device_name": "wooden"})
recorder.record(e.RunStarted(
    device="abacus", threads=1, epochs=1, steps_per_epoch=10**6, total_steps=10**6, parameters=1, layers=()))
sent = []
while descent.reason is None:
    loss = descent.descend()
    spread = e.Spread(mean=loss, min=loss, max=loss, last=loss)
    recorder.record(e.WindowCompleted(
        step=descent.step, steps=1, epoch=descent.step / 10**6, loss=spread, figures={}, lr=descent.lr,
        samples_per_second=1.0, data_wait=0.0))
    if descent.step in (20, 40, 60):
        sent.append(inbox.send(run, {20: c.Pause(), 40: c.SetLearningRate(0.05), 60: c.Stop("found")}[descent.step]))
        while any(run.commands.iterdir()):
            for request in recorder.poll()[1]:
                known = isinstance(request.command, (c.Stop, c.SetLearningRate))
                why = request.why or ("" if known else "this script cannot rest")
                recorder.answer(request, why or request.command.objection(descent) or "")
                if known:
                    for event in request.command.obey(descent):
                        recorder.record(event)
recorder.finish(e.RunFinished(status="stopped", step=descent.step, reason=descent.reason))
recorder.close()
heavy = {"torch", "textual", "pydantic", "numpy", "plotext", "sklearn"} & set(sys.modules)
print(run.path, descent.x, descent.step, sorted(heavy))
"""


class Still:
    step = 7
    elapsed = 1.5


@pytest.fixture
def run(tmp_path):
    return create(tmp_path / "runs", "mine", 'name = "mine"\n', {"device": "cpu", "threads": 1})


def complaint(recorder):
    return recorder.error and recorder.error.strerror


def finished(step=7):
    return e.RunFinished(status="finished", step=step, reason="done")


def test_a_script_without_torch_records_a_run_that_is_read_like_any(tmp_path):
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    path, x, step, *heavy = done.stdout.split()
    assert heavy == ["[]"] and float(x) == pytest.approx(2**0.5, abs=1e-4)
    (run,) = list_runs(tmp_path)
    assert str(run.path) == path and not run.is_held()

    snapshot = Follower(run).catch_up()
    assert (snapshot.state, snapshot.step, snapshot.skipped) == ("stopped", int(step), 0)
    assert present(snapshot.finished).reason == "found"
    losses = snapshot.curve("train.loss").final
    assert losses[0] == 1.0 and losses[-1] < 1e-8
    assert [change.lr for change in snapshot.lr_changes] == [0.05]
    logged = EventReader(run.events).read()
    answers = [one for one in logged if isinstance(one, (e.CommandAccepted, e.CommandRefused))]
    assert [one.command if isinstance(one, e.CommandAccepted) else one.why for one in answers] == [
        "this script cannot rest",
        "SetLearningRate",
        "Stop",
    ]
    summary = read_json(run.summary)
    assert (summary["name"], summary["status"], summary["steps"]) == ("root of 2", "stopped", int(step))
    assert (summary["device"], summary["parameters"]) == ("abacus", 1)
    assert read_json(run.history)["offset"] == run.events.stat().st_size
    assert run.read_info()["device_name"] == "wooden"

    environment = {**os.environ, "TUITRAIN_RUNS": str(tmp_path)}
    command = [sys.executable, "-m", "tuitrain", "runs"]
    listed = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert run.name in listed.stdout and "stopped" in listed.stdout, listed.stderr
    assert run_table([run])[1].split()[0] == run.name


def test_a_run_has_one_recorder_and_the_next_refuses_what_was_asked_before(run):
    first = Recorder(run, "mine", Still())
    with pytest.raises(Refused, match="another process"):
        Recorder(run, "mine", Still())
    first.close()
    left = inbox.send(run, c.Stop())
    second = Recorder(run, "mine", Still())
    (answer,) = second.refuse_leftovers()
    refused = of_type(e.CommandRefused, answer)
    assert (refused.id, refused.why) == (left, "was sent to an earlier life of this run")
    assert refused.at > 0 and refused.elapsed == 1.5
    assert second.refuse_leftovers() == [] and list(run.commands.iterdir()) == []
    second.close()


def test_what_waits_for_room_is_logged_before_the_end_and_late_commands_are_refused(run):
    recorder = Recorder(run, "mine", Still())
    logged = []
    for number in range(20_000):
        logged += recorder.record(e.LogEmitted(level="info", text=f"line {number}"))
    late = inbox.send(run, c.Stop())
    end = recorder.finish(finished())
    recorder.close()
    assert end.status == "finished" and end.at > 0
    assert len(logged) < 20_000
    *_, line, answer, ended = EventReader(run.events, run.events.stat().st_size - 2000).read()
    refused = of_type(e.CommandRefused, answer)
    assert of_type(e.LogEmitted, line).text.startswith("line 19999 (and")
    assert of_type(e.RunFinished, ended).reason == end.reason == "done"
    assert (refused.id, refused.why) == (late, "the run is over")
    assert list(run.commands.iterdir()) == []


def test_a_full_disk_is_said_by_error_and_the_loop_may_go_on(run):
    recorder = Recorder(run, "mine", Still())
    recorder.record(e.LogEmitted(level="info", text="fits"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (run.events.stat().st_size + 10, limits[1]))
    try:
        assert complaint(recorder) is None
        recorder.record(e.LogEmitted(level="info", text="does not fit"))
        assert complaint(recorder) == "File too large"
        recorder.record(e.LogEmitted(level="info", text="neither"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    end = recorder.finish(finished())
    recorder.close()
    assert end.status == "failed" and "events.jsonl: cannot be written (File too large)" in end.reason
    assert end.reason.endswith("The training itself: finished, done")
    assert Follower(run).catch_up().state == read_json(run.summary)["status"] == "failed"


def test_a_directory_that_cannot_be_written_is_refused_and_let_go(run):
    run.events.mkdir()
    with pytest.raises(Refused, match="cannot be written"):
        Recorder(run, "mine", Still())
    assert not run.is_held()
