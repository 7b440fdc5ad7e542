import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.runs import events as e
from tuitrain.runs.codec import decode, encode
from tuitrain.runs.history import History
from tuitrain.runs.liveness import Liveness
from tuitrain.runs.run_state import KEPT

from ..observed import layers_observed

STARTED = e.RunStarted(
    device="cpu", threads=1, epochs=10, steps_per_epoch=10, total_steps=100, parameters=23860, layers=(), at=1.0
)
LOSSES = st.floats(-10, 10) | st.sampled_from([math.nan, math.inf])
STEPS = st.integers(0, 50)
WORDS = st.sampled_from(["a", "b"])


def observed(step):
    return layers_observed(step, step / 10, (0.5, None, math.nan))


def units(step):
    return e.UnitsObserved(step=step, epoch=step / 10, layer="dense_1", units=40, bias_gradient=(-0.5, 0.0, math.inf))


def epoch(number, step, loss=0.5, validation=True):
    figures = {"loss": loss, "accuracy": 0.75}
    return e.EpochCompleted(
        epoch=number, step=step, seconds=1.0, train=figures, validation=figures if validation else None
    )


def validation(step, loss=0.5):
    return e.ValidationCompleted(step=step, epoch=step / 10, figures={"loss": loss, "mae": 0.25, "r2": 0.5})


def folded(events):
    history = History()
    for event in events:
        history.fold(event)
    return history


@pytest.fixture(scope="module")
def any_events(window):
    return st.lists(
        st.one_of(
            st.just(STARTED),
            st.builds(window, STEPS, LOSSES),
            st.builds(observed, STEPS),
            st.builds(units, STEPS),
            st.builds(epoch, st.integers(1, 5), STEPS, LOSSES, st.booleans()),
            st.builds(validation, STEPS, LOSSES),
            st.builds(e.RunContinued, from_step=STEPS, elapsed=st.floats(0, 9)),
            st.builds(e.LearningRateChanged, step=STEPS, lr=LOSSES, factor=LOSSES),
            st.builds(e.LogEmitted, level=st.just("info"), text=WORDS, at=st.floats(0, 9), elapsed=st.floats(0, 9)),
            st.builds(e.LayersFrozen, step=STEPS, layers=st.lists(WORDS).map(tuple)),
            st.builds(e.LayersUnfrozen, step=STEPS, layers=st.lists(WORDS).map(tuple)),
            st.builds(e.RunPaused, step=STEPS),
            st.builds(e.RunResumed, step=STEPS),
            st.builds(e.Heartbeat, step=STEPS, elapsed=st.floats(0, 9)),
            st.builds(e.CommandAccepted, id=WORDS, command=WORDS),
            st.builds(e.RunFinished, status=st.sampled_from(["finished", "failed"]), step=STEPS, reason=WORDS),
        ).map(lambda event: decode(encode(event))),
        max_size=40,
    )


@given(st.data())
def test_a_saved_history_goes_on_as_if_it_had_never_been_saved(any_events, data):
    events = data.draw(any_events)
    cut = data.draw(st.integers(0, len(events)))
    saved = json.dumps(folded(events[:cut]).to_json(), allow_nan=False)
    resumed = History.from_json(json.loads(saved))
    for event in events[cut:]:
        resumed.fold(event)
    straight = folded(events)
    assert resumed.to_json() == straight.to_json()
    assert repr(resumed.snapshot()) == repr(straight.snapshot())


def test_an_observation_from_before_the_run_began_counts_the_same_whenever_the_history_is_saved():
    resumed = History.from_json(json.loads(json.dumps(folded([observed(1)]).to_json())))
    resumed.fold(STARTED)
    assert resumed.to_json() == folded([observed(1), STARTED]).to_json()


@given(st.data())
def test_the_version_grows_exactly_when_the_snapshot_changes(any_events, data):
    history = History()
    for event in data.draw(any_events):
        before = history.snapshot()
        history.fold(event)
        after = history.snapshot()
        assert (after is before) == (after.version == before.version)
        assert after.version in (before.version, before.version + 1)
        assert history.snapshot() is after


@given(st.data(), STEPS)
def test_after_going_back_nothing_lies_beyond(any_events, data, step):
    history = folded([*data.draw(any_events), e.RunContinued(from_step=step, elapsed=4.5)])
    snapshot = history.snapshot()
    assert (snapshot.state, snapshot.finished, snapshot.step, snapshot.elapsed) == ("running", None, step, 4.5)
    curves = snapshot.curves.values()
    assert all(curve.first for curve in curves)
    assert all(last <= step for curve in curves for last in curve.last)
    latest = (snapshot.window, snapshot.observed, snapshot.units, snapshot.last_epoch, *snapshot.lr_changes)
    assert all(event.step <= step for event in latest if event)


def test_the_states_of_a_life():
    history = History()
    states = [history.snapshot().state]
    for event in (
        STARTED,
        e.RunPaused(step=3),
        e.RunResumed(step=3),
        e.RunFinished(status="stopped", step=5, reason="asked to"),
        e.RunContinued(from_step=5),
        e.RunFinished(status="finished", step=100, reason="all epochs done"),
    ):
        history.fold(event)
        states.append(history.snapshot().state)
    assert states == ["preparing", "running", "paused", "running", "stopped", "running", "finished"]


def test_a_continued_run_equals_one_that_was_never_interrupted(window):
    steps = [window(step, 1 / step) for step in range(1, 21)]
    straight = folded([STARTED, *steps[:10], epoch(1, 10), *steps[10:], epoch(2, 20)]).snapshot()
    killed = [STARTED, *steps[:10], epoch(1, 10), *(window(step, 99.0) for step in range(11, 16))]
    again = folded([*killed, e.RunContinued(from_step=10), *steps[10:], epoch(2, 20)]).snapshot()
    different = {"log": straight.log, "version": straight.version}
    assert replace(again, **different) == straight


def test_a_window_draws_its_spike_over_its_steps(window):
    spread = e.Spread(mean=1.0, min=0.5, max=40.0, last=0.75)
    snapshot = folded([replace(window(20), steps=5, loss=spread)]).snapshot()
    loss, lr = snapshot.curve("train.loss"), snapshot.curve("lr")
    assert (loss.first, loss.last, loss.low, loss.high) == ((16,), (20,), (0.5,), (40.0,))
    assert (loss.mean, loss.final) == ((1.0,), (0.75,)) and lr.final == (0.1,)
    assert snapshot.step == 20 and snapshot.epoch == 2.0 and snapshot.window.steps == 5


def test_an_epoch_that_is_told_late_does_not_take_the_run_back(window):
    snapshot = folded([STARTED, window(12), epoch(1, 10)]).snapshot()
    assert (snapshot.step, snapshot.epoch, snapshot.last_epoch.epoch) == (12, 1.2, 1)
    assert folded([STARTED, window(12), e.RunContinued(from_step=10)]).snapshot().epoch == 1.0


def test_validation_is_drawn_where_its_epoch_ended(window):
    snapshot = folded([epoch(1, 10, 0.5), epoch(2, 20, math.nan), epoch(3, 30, validation=False)]).snapshot()
    assert snapshot.curve("validation.loss").last == (10, 20) and snapshot.curve("validation.loss").marks == (
        (20, "nan"),
    )
    assert snapshot.curve("validation.accuracy").final == (0.75, 0.75)
    assert snapshot.last_epoch.epoch == 3 and snapshot.epoch == 3.0


def test_a_validation_within_an_epoch_is_drawn_where_it_was_and_is_the_latest():
    snapshot = folded([epoch(1, 10, 0.5), validation(15, 0.25)]).snapshot()
    assert (snapshot.curve("validation.loss").last, snapshot.curve("validation.loss").final) == ((10, 15), (0.5, 0.25))
    assert (snapshot.curve("validation.mae").last, snapshot.curve("validation.accuracy").last) == ((15,), (10,))
    assert snapshot.last_validation == validation(15, 0.25).figures
    assert (snapshot.step, snapshot.epoch, snapshot.last_epoch.epoch) == (15, 1.5, 1)


def test_the_latest_validation_is_that_of_an_epoch_and_forgotten_behind_it():
    history = folded([STARTED, validation(5), epoch(1, 10, 0.75), epoch(2, 20, validation=False)])
    assert history.snapshot().last_validation == {"loss": 0.75, "accuracy": 0.75}
    history.fold(e.RunContinued(from_step=10))
    assert history.snapshot().last_validation is not None
    history.fold(e.RunContinued(from_step=9))
    assert history.snapshot().last_validation is None


def test_windows_without_accuracy_draw_none(window):
    snapshot = folded([replace(window(1), figures={"mae": 0.5})]).snapshot()
    assert snapshot.curve("train.accuracy").first == () and snapshot.curve("train.loss").first == (1,)
    assert (snapshot.curve("train.mae").first, snapshot.curve("train.mae").final) == ((1,), (0.5,))


def test_the_latest_units_are_kept_until_the_run_goes_back_behind_them():
    history = folded([STARTED, units(5), units(8), observed(9)])
    assert history.snapshot().units == units(8)
    assert folded([STARTED, units(5), e.RunContinued(from_step=5)]).snapshot().units == units(5)
    history.fold(e.RunContinued(from_step=7))
    assert history.snapshot().units is None


def test_a_heartbeat_changes_nothing_but_a_new_step(window):
    history = folded([STARTED, window(5)])
    before = history.snapshot()
    for step in (4, 5):
        history.fold(e.Heartbeat(step=step, elapsed=99.0))
    assert history.snapshot() is before
    history.fold(e.Heartbeat(step=6, elapsed=99.0))
    assert (history.snapshot().step, history.snapshot().elapsed) == (6, 99.0)


def test_the_log_is_bounded_and_keeps_the_latest():
    snapshot = folded(e.LogEmitted(level="info", text=str(n)) for n in range(KEPT + 7)).snapshot()
    assert [line.text for line in snapshot.log] == [str(n) for n in range(7, KEPT + 7)]


@pytest.mark.parametrize("status", ["finished", "stopped", "failed", "diverged"])
def test_a_run_is_as_far_as_its_end_says_even_where_no_window_does(window, status):
    history = folded([STARTED, window(5)])
    history.fold(e.RunFinished(status=status, step=9, reason="over"))
    assert (history.snapshot().step, history.snapshot().state) == (9, status)


def test_a_lost_trainer_shows_only_while_the_run_is_open():
    history = folded([STARTED])
    before = history.snapshot()
    history.note(Liveness(), skipped=0)
    assert history.snapshot() is before
    history.note(Liveness(lost=True), skipped=2)
    assert history.snapshot().state == "lost" and history.snapshot().skipped == 2
    assert history.snapshot().version > before.version
    history.fold(e.RunFinished(status="failed", step=1, reason="out of memory"))
    assert history.snapshot().state == "failed"
    assert History.from_json(history.to_json()).snapshot().skipped == 2


def test_what_was_saved_does_not_know_that_the_trainer_is_lost():
    history = folded([STARTED])
    history.note(Liveness(lost=True), skipped=0)
    assert History.from_json(history.to_json()).snapshot().state == "running"


@pytest.mark.parametrize("document", [{}, {"format": 999}, {"format": 2, "curves": {}}, {"format": 2, "curves": None}])
def test_a_document_of_another_version_is_a_value_error(document):
    with pytest.raises(ValueError):
        History.from_json(document)


def test_which_layers_are_frozen():
    history, seen = History(), []
    for event in (
        STARTED,
        e.LayersFrozen(step=0, layers=("a", "b")),
        e.LayersUnfrozen(step=20, layers=("a",)),
        e.LayersUnfrozen(step=30, layers=("b",)),
        e.LayersFrozen(step=40, layers=("a", "c")),
        e.RunContinued(from_step=35),  # a trainer that goes on says what is frozen from there on
        e.LayersFrozen(step=35, layers=("b",)),
    ):
        history.fold(event)
        seen.append(history.snapshot().frozen)
    assert seen == [(), ("a", "b"), ("b",), (), ("a", "c"), (), ("b",)]


def test_a_saved_history_that_lacks_fields_shows_their_defaults():
    document = {**History().to_json(), "state": {"step": 3}}
    snapshot = History.from_json(document).snapshot()
    assert (snapshot.step, snapshot.state, snapshot.last_validation) == (3, "preparing", None)
