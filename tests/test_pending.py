"""A start that is pending, on the real program: typed at once, before the trainer has loaded torch."""

import os
import signal
from pathlib import Path

import pytest

from tuitrain.runs.directory import list_runs
from tuitrain.runs.events import Heartbeat
from tuitrain.runs.log import EventReader

from .conftest import wait_for
from .terminal import Terminal
from .tui.driving import finished

PENDING = "starts as soon as the trainer is ready"


@pytest.fixture
def opened(tuitrain):
    command = [*tuitrain.command, "spirals-mlp", "--set", "epochs=1000000", "--set", "threads=1"]
    return lambda: Terminal(command, tuitrain.environment)


def children(pid):
    """The processes that a process has started: its trainer."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def steps(run):
    return max(getattr(one, "step", 0) for one in EventReader(run.events).read() if not isinstance(one, Heartbeat))


def test_a_pending_start_is_cancelled_and_the_next_one_is_not(tuitrain, opened):
    with opened() as terminal:
        terminal.sees("─ Model")
        terminal.press("f5")
        terminal.sees(PENDING)
        terminal.press("f8")
        terminal.until(lambda: PENDING not in terminal.text, "the end of the wait")
        terminal.sees("F5 starts")
        assert list_runs(tuitrain.runs) == []
        terminal.press("f6")
        terminal.sees("‖ paused", "step 1/")


@pytest.mark.parametrize(("keys", "paused"), [(("f6", "f5"), False), (("f5", "f5"), True), (("f5", "f6", "f5"), False)])
def test_what_is_pressed_while_a_start_is_pending_is_done_once_it_runs(tuitrain, opened, keys, paused):
    with opened() as terminal:
        terminal.sees("─ Model")
        terminal.press(*keys)
        terminal.sees("‖ paused" if paused else "▶ training")
        (run,) = list_runs(tuitrain.runs)
        if not paused:
            wait_for(lambda: steps(run) > 10, "a step that only a run that goes on takes")


@pytest.mark.parametrize("end", ["q", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_pending_start_dies_with_its_dashboard(tuitrain, opened, end):
    with opened() as terminal:
        terminal.sees("─ Model")
        terminal.press("f5")
        terminal.sees(PENDING)
        terminal.until(lambda: children(terminal.process.pid), "a trainer")
        (trainer,) = children(terminal.process.pid)
        if end == "q":
            terminal.press("q")
            assert terminal.ends() == 0
            assert terminal.left_changed() == []
        else:
            os.kill(terminal.process.pid, getattr(signal, end))
            terminal.process.wait()
        wait_for(lambda: is_gone(trainer), "the end of the trainer")
    assert list_runs(tuitrain.runs) == []


def test_a_run_that_is_over_is_shown_without_a_trainer_until_an_edit(tuitrain):
    finished(tuitrain.runs)
    with Terminal([*tuitrain.command, "attach"], tuitrain.environment) as terminal:
        terminal.sees("✓ finished")
        terminal.press("end")
        terminal.read(1.0)
        assert children(terminal.process.pid) == []
        terminal.press("up", "d")
        terminal.sees("edited; next run: F5 starts")
        assert len(children(terminal.process.pid)) == 1
