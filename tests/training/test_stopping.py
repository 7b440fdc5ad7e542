"""Going on with a run whose trainer is just stopping: its last checkpoint is the one that counts."""

import signal
import subprocess
from dataclasses import dataclass

import pytest

from tuitrain.errors import Refused
from tuitrain.runs import commands as c
from tuitrain.runs import events as e
from tuitrain.runs import inbox
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.log import EventReader
from tuitrain.training.process import go_on

from .elsewhere import ENDLESS, hosted_elsewhere, wait_for

SLOW_DISK = """
import time
from tuitrain.training import checkpoint
quick = checkpoint.save
def slow(*arguments, **options):
    time.sleep(3)
    quick(*arguments, **options)
checkpoint.save = slow
"""


def logged(run, kind):
    return [event for event in EventReader(run.events).read() if isinstance(event, kind)]


@dataclass(frozen=True)
class Overtaken(RunDirectory):
    """Somebody else's trainer goes on, saves what it did, and ends, right before the lock is asked for."""

    process: subprocess.Popen[str]

    def hold_lock(self):
        self.process.send_signal(signal.SIGCONT)
        assert self.process.wait(120) == 0
        return super().hold_lock()


def test_a_run_goes_on_from_what_a_stopping_trainer_saved_last(document, tmp_path):
    with hosted_elsewhere(document(**ENDLESS), tmp_path) as (process, run):
        wait_for(lambda: logged(run, e.RunStarted))
        inbox.send(run, c.SaveCheckpoint())
        saved = wait_for(lambda: logged(run, e.CheckpointSaved))[0].step
        process.send_signal(signal.SIGSTOP)
        inbox.send(run, c.Stop())
        hosted = go_on(Overtaken(run.path, process))
    hosted.control.send(c.Stop())
    continued = next(event for event in hosted if isinstance(event, e.RunContinued))
    hosted.close()
    assert continued.from_step == logged(run, e.CheckpointSaved)[1].step > saved


def test_a_trainer_that_is_stopping_is_waited_for(document, tmp_path):
    with hosted_elsewhere(document(**ENDLESS), tmp_path, before=SLOW_DISK) as (_, run):
        wait_for(lambda: logged(run, e.RunStarted))
        inbox.send(run, c.Stop())
        wait_for(lambda: logged(run, e.CommandAccepted))
        assert run.is_held()
        hosted = go_on(run)
        hosted.control.send(c.Stop())
        continued = next(event for event in hosted if isinstance(event, e.RunContinued))
        hosted.close()
    assert continued.from_step == logged(run, e.CheckpointSaved)[0].step > 0


def test_a_trainer_that_goes_on_is_not_waited_for(document, tmp_path):
    with hosted_elsewhere(document(**ENDLESS), tmp_path) as (_, run):
        wait_for(lambda: logged(run, e.RunStarted))
        inbox.send(run, c.SaveCheckpoint())
        wait_for(lambda: logged(run, e.CheckpointSaved))
        with pytest.raises(Refused, match="is being trained by another process"):
            go_on(run)
