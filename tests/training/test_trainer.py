import math
import threading
from typing import Any

import pytest
import torch
from torch import nn

from tuitrain.data.seeds import generator
from tuitrain.runs import commands as c
from tuitrain.runs.events import (
    CheckpointSaved,
    EpochCompleted,
    LayersObserved,
    LearningRateChanged,
    LogEmitted,
    RunContinued,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    WindowCompleted,
)
from tuitrain.training import windows as windows_module
from tuitrain.training.batches import order
from tuitrain.training.control import Control
from tuitrain.training.prepare import prepare
from tuitrain.training.trainer import Trainer

from ..narrow import of_type

ADAM = {"type": "adam", "lr": 0.01}


def train(experiment, checkpoints=None, control=None, restore=None):
    """The trainer after its run, and its events."""
    trainer = Trainer(prepare(experiment, "cpu"), checkpoints)
    if restore:
        trainer.restore(restore)
    return trainer, list(trainer.run(control or Control()))


def weights(trainer):
    return trainer.prepared.network.module.state_dict()


def assert_equal_bits(left, right):
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def figures(events):
    return [(event.epoch, event.step, event.train, event.validation) for event in of(EpochCompleted, events)]


@pytest.mark.parametrize("optimizer", [{"type": "sgd", "lr": 0.1, "momentum": 0.9}, ADAM], ids=["sgd", "adam"])
def test_training_is_the_loop_that_one_would_write_by_hand(spirals, optimizer):
    experiment = spirals(optimizer=optimizer)
    trainer, events = train(experiment)

    data = experiment.data.load(experiment.seed)
    torch.manual_seed(experiment.seed)
    first, second, last = nn.Linear(2, 8), nn.Linear(8, 6), nn.Linear(6, 2)
    for linear in (first, second, last):
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
    drawn = prepare(experiment, "cpu").network.module.state_dict()
    net = nn.Sequential(first, nn.ReLU(), nn.Dropout(0.25), second, nn.Tanh(), last)
    net.load_state_dict(drawn)
    kind = torch.optim.SGD if optimizer["type"] == "sgd" else torch.optim.Adam
    extra: dict[str, Any] = {"momentum": 0.9} if optimizer["type"] == "sgd" else {"eps": 1e-7}
    by_hand = kind(net.parameters(), lr=optimizer["lr"], fused=True, **extra)
    torch.manual_seed(generator(experiment.seed, "training").initial_seed())  # for the dropout
    step, losses = 0, []
    for epoch in range(3):
        shuffled = order(experiment.seed, epoch, len(data.train_y))
        loss_sum, correct = 0.0, 0
        for x, y in zip(data.train_x[shuffled].split(10), data.train_y[shuffled].split(10), strict=True):
            by_hand.param_groups[0]["lr"] = optimizer["lr"] * 0.5 ** (step / 10)
            out = net(x)
            loss = nn.functional.cross_entropy(out, y) + 0.01 * first.weight.square().sum()
            by_hand.zero_grad()
            loss.backward()
            by_hand.step()
            loss_sum += loss.item() * len(y)
            correct += int((out.argmax(1) == y).sum())
            step += 1
        losses.append((loss_sum / len(data.train_y), correct / len(data.train_y)))

    assert_equal_bits(weights(trainer), net.state_dict())
    assert [(e.train["loss"], e.train["accuracy"]) for e in of(EpochCompleted, events)] == losses


def test_validation_is_of_the_whole_part_in_evaluation_mode(spirals):
    trainer, events = train(spirals())
    data = trainer.prepared.validation
    net = trainer.prepared.network.module.eval()
    with torch.no_grad():
        out = net(data.inputs)
        penalty = 0.01 * net[0].weight.square().sum().item()
        loss = nn.functional.cross_entropy(out, data.labels).item() + penalty
        accuracy = (out.argmax(1) == data.labels).float().mean().item()
    last = of(EpochCompleted, events)[-1].validation
    assert last == pytest.approx({"loss": loss, "accuracy": accuracy, "penalty": penalty})
    assert of(EpochCompleted, train(spirals(data={"type": "spirals", "validation": "none"}))[1])[0].validation is None


def test_a_run_says_what_it_is_and_ends_as_finished(spirals):
    _, events = train(spirals())
    started, finished = events[0], events[-1]
    assert isinstance(started, RunStarted)
    assert (started.device, started.threads, started.epochs) == ("cpu", 1, 3)
    assert (started.steps_per_epoch, started.total_steps) == (11, 33)
    assert [layer.name for layer in started.layers] == ["dense_1", "dropout_1", "dense_2", "output"]
    assert [layer.trainable for layer in started.layers] == [True, False, True, True]
    assert started.parameters == 24 + 54 + 14
    assert isinstance(finished, RunFinished)
    assert (finished.status, finished.step) == ("finished", 33)
    assert all(event.at > 1e9 for event in events)
    assert [event.elapsed for event in events] == sorted(event.elapsed for event in events)


def test_windows_have_every_step_once(spirals, monkeypatch):
    monkeypatch.setattr(windows_module, "SECONDS", 0.005)
    _, events = train(spirals(epochs=30))
    windows = of(WindowCompleted, events)
    assert len(windows) > 1
    assert sum(window.steps for window in windows) == windows[-1].step == 330
    assert all(w.loss.min <= w.loss.mean <= w.loss.max and w.loss.min <= w.loss.last <= w.loss.max for w in windows)
    assert all(w.memory > 1 << 20 and w.samples_per_second > 0 and 0 <= w.data_wait <= 1 for w in windows)
    lr = [w.lr for w in windows]
    assert lr == [pytest.approx(0.1 * 0.5 ** ((w.step - 1) / 10)) for w in windows]


def test_equal_seeds_give_equal_runs_and_others_do_not(spirals):
    (one, events), (same, again), (other, _) = (train(spirals(seed=seed)) for seed in (1, 1, 2))
    assert_equal_bits(weights(one), weights(same))
    assert figures(events) == figures(again)
    assert not torch.equal(weights(one)["0.weight"], weights(other)["0.weight"])


@pytest.mark.parametrize("optimizer", [{"type": "sgd", "lr": 0.1}, ADAM], ids=["sgd", "adam"])
def test_observing_every_step_changes_no_bit(spirals, optimizer):
    watched, events = train(spirals(optimizer=optimizer, observe={"every": 1}))
    plain, rare = train(spirals(optimizer=optimizer, observe={"every": 1000}))
    assert len(of(LayersObserved, events)) == 33
    assert [event.step for event in of(LayersObserved, rare)] == [1]
    assert_equal_bits(weights(watched), weights(plain))
    assert figures(events) == figures(rare)


@pytest.mark.parametrize(("every", "steps"), [("epoch", [1, 12, 23]), (10, [1, 11, 21, 31])])
def test_steps_are_observed_as_often_as_asked(spirals, every, steps):
    assert [e.step for e in of(LayersObserved, train(spirals(observe={"every": every}))[1])] == steps


def test_unless_asked_the_first_step_is_observed_and_then_at_most_one_a_second(spirals):
    _, events = train(spirals(observe={"every": "auto"}))
    observed = of(LayersObserved, events)
    assert observed[0].step == 1
    assert len(observed) <= 1 + events[-1].elapsed


def test_full_batches_make_one_step_an_epoch(spirals):
    _, events = train(spirals(batch_size="full"))
    assert (events[0].steps_per_epoch, events[-1].step) == (1, 3)


@pytest.mark.parametrize("at", [0, 1, 11, 17, 33])
@pytest.mark.parametrize("optimizer", [{"type": "sgd", "lr": 0.1, "momentum": 0.9}, ADAM], ids=["sgd", "adam"])
def test_a_run_that_was_stopped_and_resumed_equals_one_that_was_not(spirals, tmp_path, at, optimizer):
    experiment = spirals(optimizer=optimizer, observe={"every": 1})
    whole, expected = train(experiment)

    control = Control()
    control.send(c.Step(at))
    first = Trainer(prepare(experiment, "cpu"), tmp_path)
    before = []
    for event in first.run(control):
        before.append(event)
        if isinstance(event, RunPaused):
            control.send(c.Stop())
    torch.rand(7)  # what others draw in between does not matter
    second, after = train(experiment, restore=tmp_path / "last.pt")

    assert of_type(RunFinished, before[-1]).status == ("stopped" if at < 33 else "finished")
    assert isinstance(after[0], RunContinued)
    assert after[0].from_step == at
    assert 0 < after[0].elapsed <= before[-1].elapsed
    assert after[-1].elapsed > after[0].elapsed
    assert_equal_bits(weights(whole), weights(second))
    assert figures(before) + figures(after) == figures(expected)
    seen = [event.step for event in of(LayersObserved, before + after)]
    assert seen == list(range(1, 34))


def test_a_restored_run_says_so_if_its_threads_differ(spirals, tmp_path):
    train(spirals(epochs=1), tmp_path)
    _, events = train(spirals(threads=2), restore=tmp_path / "last.pt")
    assert "1 threads, now 2" in of(LogEmitted, events)[0].text


def test_a_pause_computes_nothing_until_it_is_resumed(spirals):
    control = Control()
    trainer = Trainer(prepare(spirals(epochs=100_000), "cpu"))
    seen, paused, resumed = [], threading.Event(), threading.Event()

    def work():
        for event in trainer.run(control):
            seen.append(event)
            if isinstance(event, RunPaused):
                paused.set()
            if isinstance(event, RunResumed):
                resumed.set()

    thread = threading.Thread(target=work)
    thread.start()
    control.send(c.Pause())
    assert paused.wait(10)
    step, elapsed = trainer.step, None
    for _ in range(3):
        threading.Event().wait(0.05)
        assert trainer.step == step
        assert elapsed in (None, trainer.elapsed)
        elapsed = trainer.elapsed
    control.send(c.Resume())
    assert resumed.wait(10)
    control.send(c.Stop("enough"))
    thread.join(10)
    assert of(RunPaused, seen)[0].step == step
    finished = of_type(RunFinished, seen[-1])
    assert (finished.status, finished.reason) == ("stopped", "enough")
    assert finished.step >= step


def test_single_steps_are_each_shown_and_then_it_pauses(spirals):
    control = Control()
    control.send(c.Step(3))
    seen = []
    for event in Trainer(prepare(spirals(), "cpu")).run(control):
        seen.append(event)
        if isinstance(event, RunPaused):
            if event.step == 3:
                control.send(c.Step())
                control.send(c.Step())
            else:
                control.send(c.Stop())
    assert [window.step for window in of(WindowCompleted, seen)] == [1, 2, 3, 4, 5]
    assert all(window.steps == 1 for window in of(WindowCompleted, seen))
    assert [observed.step for observed in of(LayersObserved, seen)] == [1, 2, 3, 4, 5]
    assert [paused.step for paused in of(RunPaused, seen)] == [3, 5]


def test_the_learning_rate_can_be_changed_and_the_schedule_goes_on_from_there(spirals, tmp_path):
    control = Control()
    control.send(c.SetLearningRate(0.4))
    control.send(c.Step(5))
    seen = []
    for event in Trainer(prepare(spirals(), "cpu"), tmp_path).run(control):
        seen.append(event)
        if isinstance(event, RunPaused):
            control.send(c.Stop())
    changed = of(LearningRateChanged, seen)[0]
    assert (changed.step, changed.lr, changed.factor) == (1, 0.4, 4.0)
    assert [w.lr for w in of(WindowCompleted, seen)] == [pytest.approx(0.4 * 0.5 ** (t / 10)) for t in range(5)]
    _, after = train(spirals(), restore=tmp_path / "last.pt")
    assert of(LearningRateChanged, after)[0].factor == 4.0
    assert of(WindowCompleted, after)[-1].lr == pytest.approx(0.4 * 0.5 ** (32 / 10))


def test_a_loss_that_is_not_finite_ends_the_run_and_no_good_checkpoint(spirals, tmp_path):
    train(spirals(epochs=1), tmp_path)
    good = (tmp_path / "last.pt").read_bytes()
    wild = spirals(optimizer={"type": "sgd", "lr": 1000.0}, schedule="constant", epochs=50)
    _, events = train(wild, tmp_path)
    finished = events[-1]
    assert finished.status == "diverged"
    assert "optimizer.lr" in finished.reason
    last = of(WindowCompleted, events)[-1].loss
    assert not math.isfinite(last.last)
    assert (tmp_path / "last.pt").read_bytes() == good


def test_a_checkpoint_is_saved_on_request_on_pause_and_at_the_end(spirals, tmp_path):
    control = Control()
    control.send(c.SaveCheckpoint())
    control.send(c.Step(4))
    seen = []
    for event in Trainer(prepare(spirals(), "cpu"), tmp_path).run(control):
        seen.append(event)
        if isinstance(event, RunPaused):
            control.send(c.Resume())
    saved = [(event.step, event.why) for event in of(CheckpointSaved, seen)]
    assert saved == [(0, "on request"), (4, "pause"), (33, "the end")]
    assert {event.path for event in of(CheckpointSaved, seen)} == {f"{tmp_path.name}/last.pt"}


def test_a_checkpoint_that_cannot_be_saved_ends_no_training_and_no_success(spirals, tmp_path):
    _, events = train(spirals(), tmp_path / "missing")
    assert events[-1].status == "failed"
    assert events[-1].step == 33
    assert "cannot be written (No such file or directory)" in events[-1].reason
    assert "There is no good checkpoint" in events[-1].reason
