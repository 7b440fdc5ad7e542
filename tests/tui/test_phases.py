"""What the keys of a run do in each phase, without a terminal and without a trainer."""

from dataclasses import replace
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from tuitrain.runs.commands import Pause, Resume, Step, Stop
from tuitrain.runs.snapshot import LIVE, State
from tuitrain.tui.phases import Key, Off, On, Pending, begun, observed, press

keys = st.sampled_from(get_args(Key))
states = st.sampled_from(get_args(State))


def commands(phase, pressed):
    """What the keys send to a run, and the phase after them."""
    sent = []
    for key in pressed:
        phase, request = press(phase, key)
        sent.append(request)
    return sent, phase


def rests(phase, sent):
    """Whether a run obeying these commands is at rest, from what the commands say."""
    paused = phase.state == "paused"
    for command in sent:
        paused = {Pause: True, Step: True, Resume: False, Stop: paused}[type(command)]
    return paused


@given(st.sampled_from(LIVE), st.lists(keys, max_size=8))
def test_the_key_that_pauses_and_resumes_does_the_other_of_the_two_each_time(state, pressed):
    phase = On(state)
    for key in pressed:
        before = rests(On(state), [])
        sent, after = commands(phase, [key])
        if key == "run":
            assert sent == [Resume() if phase.pauses else Pause()]
        else:
            assert sent == [{"step": Step(1), "stop": Stop()}[key]]
        assert after.pauses == {"run": not phase.pauses, "step": True, "stop": phase.pauses}[key]
        assert before == (state == "paused")
        phase = after


@given(st.sampled_from([None, 1]), st.lists(keys, max_size=8))
def test_what_is_pressed_while_a_start_is_pending_is_done_later_and_said_before(steps, pressed):
    """The words before the start agree with what the commands then make of the run."""
    pending = Pending(1, steps, sent=True)
    sent, after = commands(pending, pressed)
    assert sent == [None] * len(pressed) and after == replace(pending, keys=tuple(pressed))
    phase = begun(after, "preparing")
    assert phase == On("preparing", asked_to_pause=steps is not None)
    obeyed, end = commands(phase, after.keys)
    assert after.pauses == end.pauses == rests(On("paused" if steps else "running"), obeyed)
    assert ("then pauses" in after.words) == after.pauses


def test_a_start_can_be_withdrawn_until_it_is_sent():
    assert press(Pending(1), "stop") == (Off(), "withdraw")
    assert press(Pending(1, keys=("step",)), "stop") == (Off(), "withdraw")
    assert press(Pending(1, sent=True), "stop") == (Pending(1, sent=True, keys=("stop",)), None)


def test_without_a_run_keys_begin_one_or_say_that_there_is_none():
    assert [press(Off(), key) for key in ("run", "step", "stop")] == [
        (Off(), "start"),
        (Off(), "start with a step"),
        (Off(), "say that nothing is on"),
    ]


@given(states, states)
def test_a_new_state_answers_what_was_asked(before, after):
    asked = replace(On(before), asked_to_pause=True)
    expected = asked if after == before else On(after) if after in LIVE else Off()
    assert observed(asked, after) == expected
    assert observed(Off(), after) == (On(after) if after in LIVE else Off())
    assert observed(Pending(1, keys=("run",)), after) == Pending(1, keys=("run",))


def test_a_run_whose_log_does_not_say_yet_that_it_was_continued_is_on():
    assert begun(Pending(1), "stopped") == On("preparing", asked_to_pause=False)
