"""A session shows whatever gives snapshots: here runs that are nothing but lists of events."""

import pytest

from tuitrain.runs.events import RunFinished, RunPaused
from tuitrain.runs.history import History
from tuitrain.runs.snapshot import Source
from tuitrain.tui.session import Session

from .driving import driven, started, window


class Recording:
    """The snapshots of a list of events, one event more at every poll."""

    def __init__(self, *events):
        self._events = iter(events)
        self._history = History()

    def poll(self):
        for event in self._events:
            self._history.fold(event)
            break
        return self._history.snapshot()


class Unreadable:
    def poll(self):
        raise PermissionError(13, "Permission denied")


FINISHED = RunFinished(status="finished", step=100, reason="all 10 epochs done")


def test_a_session_polls_every_source_that_it_shows(tmp_path):
    session = Session(tmp_path, "cpu")
    assert session.poll() == {}
    one: Source = Recording(started(), window(10), FINISHED)
    session.show({"one": one, "other": Recording(started(), window(10), window(20), RunPaused(step=20))})
    polls = [session.poll() for _ in range(5)]
    assert [[shown[name].state for shown in polls] for name in ("one", "other")] == [
        ["running", "running", *["finished"] * 3],
        [*["running"] * 3, *["paused"] * 2],
    ]
    assert [shown["other"].step for shown in polls] == [0, 10, 20, 20, 20]
    assert polls[4]["one"] is polls[3]["one"]  # nothing to draw anew
    session.show({"other": one})
    assert list(session.poll()) == ["other"]


@driven()
async def test_a_recorded_run_is_shown_in_the_dashboard_and_is_not_steered(driver):
    events = [started(), *(window(step) for step in range(10, 110, 10)), FINISHED]
    driver.dashboard.control.session.show({"a recorded run": Recording(*events), "another": Recording(started())})
    await driver.sees("✓ finished")
    await driver.sees("a recorded run")
    await driver.sees("step 100/100")
    await driver.sees("0.5000")  # the last accuracy, in the legend of its plot
    assert not driver.root.exists()
    await driver.press("f8")
    assert driver.app.is_running and not driver.root.exists()


@pytest.mark.parametrize("others", [{}, {"another": Recording(started(), window(10))}])
def test_a_source_that_cannot_be_read_is_said_once_and_the_dashboard_lives(tmp_path, others):
    @driven()
    async def scenario(driver):
        driver.dashboard.control.session.show({"mine": Unreadable(), **others})
        await driver.sees("The run's log cannot be read: Permission denied")
        for _ in range(3):
            driver.dashboard.control.poll()
        assert len(driver.app._notifications) == 1

    scenario(tmp_path)
