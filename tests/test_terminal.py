"""The real program on a pseudo-terminal, from the keyboard to the trainer. Few starts: each imports torch."""

import os
import re
import signal

import pytest

from tuitrain.runs.events import Heartbeat
from tuitrain.runs.files import read_json
from tuitrain.runs.log import EventReader

from .conftest import wait_for
from .terminal import Terminal

LONG = ("--set", "epochs=1000000", "--set", "threads=1")


@pytest.fixture
def on_terminal(tuitrain):
    return lambda *words: Terminal([*tuitrain.command, *words], tuitrain.environment)


def steps(run):
    """The last step in the log, heartbeats not counted."""
    events = EventReader(run.events).read()
    return max(getattr(event, "step", 0) for event in events if not isinstance(event, Heartbeat))


def started(terminal, tuitrain):
    terminal.sees("F5 starts")
    terminal.press("f5")
    terminal.sees("▶ training", "samples/s")
    return tuitrain.the_run()


def shown_step(terminal):
    found = re.search(r"step ([\d,]+)/", terminal.text)
    return int(found[1].replace(",", "")) if found else 0


def test_a_training_from_the_first_key_to_the_last(tuitrain, on_terminal):
    with on_terminal("digits-mlp", *LONG) as terminal:
        terminal.sees("Model", "dense 64", "6,570 parameters", "press F5 to start", "F5 starts")
        assert not tuitrain.runs.exists()
        run = started(terminal, tuitrain)
        terminal.sees("epoch 1", "output", "┤", "train", "used")
        step = shown_step(terminal)
        terminal.until(lambda: shown_step(terminal) > step, "a later step")

        terminal.press("space")
        terminal.sees("‖ paused")
        paused = steps(run)
        terminal.sees(f"paused at step {paused:,}")
        terminal.read(1.0)
        assert steps(run) == paused == shown_step(terminal)
        assert (run.checkpoints / "last.pt").exists()

        terminal.press("f6")
        terminal.sees(f"step {paused + 1:,}/")
        assert steps(run) == paused + 1
        terminal.press("f5")
        terminal.sees("▶ training")
        terminal.until(lambda: steps(run) > paused + 1, "a step after the pause")

        terminal.press("q")
        terminal.sees("Leave it running")
        terminal.press("l")
        assert terminal.ends() == 0
        assert terminal.left_changed() == []
    assert run.is_held()
    left = steps(run)
    wait_for(lambda: steps(run) > left, "a step without the dashboard")

    with on_terminal("attach") as terminal:
        terminal.sees("▶ training", run.name, "samples/s")
        terminal.press("f8")
        terminal.sees("■ stopped", "stopped on request")
        assert read_json(run.summary)["status"] == "stopped"
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.left_changed() == []
    assert not run.is_held()


@pytest.fixture
def training(tuitrain):
    """A run that was started without the dashboard."""
    with tuitrain.start("run", "spirals-mlp", *LONG, "--plain") as process:
        try:
            wait_for(lambda: b"epoch" in tuitrain.out.read_bytes(), "the first epoch")
            yield tuitrain.the_run()
        finally:
            process.kill()


def test_a_signal_restores_the_terminal_and_leaves_the_run_going(training, on_terminal):
    for number, status in ((signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        with on_terminal("attach") as terminal:
            terminal.sees("▶ training")
            os.kill(terminal.process.pid, number)
            assert terminal.ends() == status
            assert terminal.left_changed() == []
            assert "Traceback" not in terminal.text
        assert_training_goes_on(training, f"a step after {number.name}")


def assert_training_goes_on(run, what):
    at = steps(run)
    wait_for(lambda: steps(run) > at, what)


def test_killing_one_side_leaves_the_other(tuitrain, on_terminal):
    with on_terminal("spirals-mlp", *LONG) as terminal:
        run = started(terminal, tuitrain)
        terminal.process.kill()
        terminal.process.wait()
    at = steps(run)
    wait_for(lambda: steps(run) > at, "a step after the end of the dashboard")

    with on_terminal("attach", run.name) as terminal:
        terminal.sees("▶ training")
        os.kill(read_json(run.info)["pid"], signal.SIGKILL)
        terminal.sees("The trainer is gone")
        assert "lost (trainer gone)" in tuitrain("runs").stdout
        terminal.sees("✗ trainer gone")
        terminal.press("esc")
        terminal.until(lambda: "The trainer is gone" not in terminal.text, "the end of the dialog")
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.left_changed() == []


def test_a_headless_run_has_a_progress_bar_and_ends_on_ctrl_c(tuitrain, on_terminal):
    with on_terminal("run", "spirals-mlp", *LONG) as terminal:
        terminal.sees("━", "loss", "accuracy", "samples/s", "/1000000")
        terminal.press("ctrl+c")
        assert terminal.ends() == 130
        terminal.sees("stopped at step", "checkpoint")
        assert terminal.left_changed() == []
        assert "Traceback" not in terminal.text
    assert read_json(tuitrain.the_run().summary)["status"] == "stopped"
