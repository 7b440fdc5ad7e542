"""Commands on their way to the loop, and what the loop makes of them."""

import threading

import pytest

from tuitrain.runs import commands as c
from tuitrain.runs import events as e
from tuitrain.training.control import Control
from tuitrain.training.prepare import prepare
from tuitrain.training.trainer import Trainer

from ..narrow import of_type, present


def test_what_was_sent_is_taken_once_and_in_order():
    control = Control()
    assert not control.attention and control.take() == []
    commands = [c.Pause(), c.Step(2), c.Stop("first"), c.Stop("second"), c.Resume()]
    for command in commands:
        control.send(command)
    assert control.attention
    assert control.take() == commands
    assert not control.attention and control.take() == []


def test_of_commands_that_replace_each_other_the_latest_is_taken():
    control = Control()
    for command in (c.SetLearningRate(0.1), c.SaveCheckpoint(), c.Step(1), c.SaveCheckpoint(), c.SetLearningRate(0.2)):
        control.send(command)
    assert control.take() == [c.Step(1), c.SaveCheckpoint(), c.SetLearningRate(0.2)]


def test_commands_of_many_threads_all_arrive():
    control = Control()
    taken: list[c.Command] = []

    def send(first):
        for n in range(500):
            control.send(c.Step(first + n))

    senders = [threading.Thread(target=send, args=(first,)) for first in (0, 1000, 2000)]
    for sender in senders:
        sender.start()
    while len(taken) < 1500:
        control.wait()
        taken += control.take()
    counts = sorted(of_type(c.Step, one).count for one in taken)
    assert counts == sorted(first + n for first in (0, 1000, 2000) for n in range(500))
    for sender in senders:
        sender.join()


def test_waiting_ends_with_a_command_even_if_it_came_before():
    control = Control()
    control.send(c.Pause())
    control.wait()
    control.take()
    waiter = threading.Thread(target=control.wait)
    waiter.start()
    waiter.join(0.05)
    assert waiter.is_alive()
    control.send(c.Resume())
    waiter.join(10)
    assert not waiter.is_alive()


@pytest.fixture
def steering(spirals):
    return Trainer(prepare(spirals(), "cpu")).steering


def follow(steering, *commands):
    """The events before the next step, and why to stop where that was asked."""
    control, events = Control(), []
    for command in commands:
        control.send(command)
    following = steering.follow(control, 7)
    while True:
        try:
            events.append(next(following))
        except StopIteration as end:
            return events, end.value


def test_steps_add_up_and_are_used_up_one_by_one(steering):
    assert follow(steering, c.Step(2), c.Step()) == ([], None)
    for _ in range(2):
        assert steering.is_single and follow(steering) == ([], None)
    control = Control()
    following = steering.follow(control, 7)
    assert next(following) == e.RunPaused(step=7)
    control.send(c.Resume())
    assert list(following) == [e.RunResumed(step=7)]
    assert not steering.is_single


def test_a_stop_ends_a_pause_and_its_first_reason_counts(steering):
    events, why = follow(steering, c.Pause(), c.Stop("first"), c.Stop("second"), c.SetLearningRate(0.5))
    assert [type(event) for event in events] == [e.LearningRateChanged] and why == "first"
    assert follow(steering, c.Resume()) == ([], "first")


def test_a_new_watch_asks_for_an_observation_and_a_renewal_does_not(steering):
    for layer, begins in (("dense_1", True), ("dense_1", False), ("output", True)):
        steering.observe_next = False
        follow(steering, c.WatchUnits(layer))
        assert (steering.watched, steering.observe_next) == (layer, begins)


def test_a_watch_that_begins_in_a_pause_is_observed_in_the_next_step(steering):
    control = Control()
    for command in (c.Pause(), c.WatchUnits("dense_1")):
        control.send(command)
    following = steering.follow(control, 7)
    assert next(following) == e.RunPaused(step=7)
    control.send(c.Step())
    assert list(following) == []
    assert steering.observe_next and steering.is_single


def test_a_watch_that_nobody_renews_ends(steering, monkeypatch):
    monkeypatch.setattr("tuitrain.training.control.WATCH_S", 0.0)
    follow(steering, c.WatchUnits("dense_1"))
    assert steering.watched == ""


@pytest.mark.parametrize("lr", [0.0, -1.0, 1e6, float("nan"), float("inf")])
def test_a_rate_beyond_the_limits_is_objected_to(steering, lr):
    assert "must be greater than 0 and at most 1000" in present(c.SetLearningRate(lr).objection(steering))


@pytest.mark.parametrize(
    "command", [c.Pause(), c.Resume(), c.Step(3), c.Stop(), c.SaveCheckpoint(), c.SetLearningRate(1.0)]
)
def test_what_any_training_can_do_meets_no_objection(steering, command):
    assert command.objection(steering) is None
