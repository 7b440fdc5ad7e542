"""What steers a training beside its schedule: clipping, callbacks, freezing, validation within an epoch."""

import errno
import math

import pytest
import torch

from tuitrain.errors import Refused
from tuitrain.optim.callback_base import Callback
from tuitrain.optim.callbacks import Tensorboard
from tuitrain.optim.optimizers import Optimizer
from tuitrain.runs import commands as c
from tuitrain.runs.events import (
    CallbackFired,
    CheckpointSaved,
    EpochCompleted,
    LayersFrozen,
    LayersObserved,
    LayersUnfrozen,
    LogEmitted,
    RunFinished,
    RunPaused,
    ValidationCompleted,
    WindowCompleted,
)
from tuitrain.spec import members
from tuitrain.training import checkpoint
from tuitrain.training.control import Control
from tuitrain.training.prepare import prepare
from tuitrain.training.trainer import Trainer

from ..narrow import of_type


def train(experiment, checkpoints=None, control=None, restore=None):
    trainer = Trainer(prepare(experiment, "cpu"), checkpoints)
    if restore:
        trainer.restore(restore)
    return trainer, list(trainer.run(control or Control()))


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def weights(trainer):
    return {name: value.clone() for name, value in trainer.prepared.network.module.state_dict().items()}


def stopped_at(experiment, step, directory):
    """Train up to a step, and write a checkpoint there."""
    control, seen = Control(), []
    control.send(c.Step(step))
    for event in Trainer(prepare(experiment, "cpu"), directory).run(control):
        seen.append(event)
        if isinstance(event, RunPaused):
            control.send(c.Stop())
    return seen


def test_clipping_by_global_norm_is_what_one_would_write_by_hand(spirals):
    experiment = spirals(
        epochs=1, schedule="constant", clipping={"type": "by_global_norm", "norm": 0.1}, observe={"every": 1}
    )
    experiment = experiment.model_copy(update={"model": spirals(model={"layers": [{"type": "dense"}]}).model})
    trainer, events = train(experiment)
    by_hand = prepare(experiment, "cpu")
    net, optimizer = by_hand.network.module, torch.optim.SGD(by_hand.network.module.parameters(), lr=0.1, fused=True)
    factors = []
    for inputs, targets, _ in trainer._loader.epoch(0):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(inputs), targets).backward()
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 0.1)
        factors.append(min(1.0, 0.1 / norm.item()))
        optimizer.step()
    for mine, expected in zip(trainer.prepared.network.module.parameters(), net.parameters(), strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-5, atol=1e-7)
    cut = [factor for factor in factors if factor < 1]
    windows = [(round(window.clipped * window.steps), window.clip_factor) for window in of(WindowCompleted, events)]
    assert sum(count for count, _ in windows) == len(cut)
    assert sum(count * factor for count, factor in windows if count) == pytest.approx(sum(cut), rel=1e-4)
    assert max(of(LayersObserved, events)[0].gradient_norm) > 0.1  # before clipping


def test_without_clipping_windows_say_nothing_of_it(spirals):
    window = of(WindowCompleted, train(spirals(epochs=1))[1])[0]
    assert (window.clipped, window.clip_factor) == (None, None)


def test_max_norm_holds_after_every_step(spirals):
    layers = [{"type": "dense", "units": 8, "max_norm": 0.5}]
    trainer, _ = train(spirals(model={"layers": layers}, optimizer={"type": "sgd", "lr": 1.0}))
    norms = trainer.prepared.network.module[0].weight.norm(dim=1)
    assert norms.max().item() <= 0.5 * (1 + 1e-6)
    assert norms.max().item() > 0.49


def test_a_regression_has_mae_and_r2_and_no_accuracy(spirals):
    experiment = spirals(
        data={"type": "sine"}, loss="mse", optimizer={"type": "adam", "lr": 0.01}, schedule="constant", epochs=5
    )
    trainer, events = train(experiment)
    last = of(EpochCompleted, events)[-1]
    samples, module = trainer.prepared.validation, trainer.prepared.network.module.eval()
    inputs, _, labels = next(iter(samples.chunks(10_000)))
    error = module(inputs).squeeze(1).double() - labels.double()
    assert last.validation["mae"] == pytest.approx(error.abs().mean().item(), rel=1e-6)
    spread = (labels.double() - labels.double().mean()).square().sum().item()
    assert last.validation["r2"] == pytest.approx(1 - error.square().sum().item() / spread, rel=1e-5)
    assert set(last.validation) == set(last.train) == {"loss", "penalty", "mae", "r2"}
    (name, value), *others = of(WindowCompleted, events)[-1].figures.items()
    assert name == "mae" and value > 0 and not others


def test_validation_every_so_many_steps_and_at_the_end(spirals):
    _, events = train(spirals(validate_every=4))
    assert [event.step for event in of(ValidationCompleted, events)] == [4, 8, 12, 16, 20, 24, 28, 32]
    assert [(event.step, event.validation is None) for event in of(EpochCompleted, events)] == [
        (11, True),
        (22, True),
        (33, False),
    ]
    _, daily = train(spirals())
    assert of(EpochCompleted, events)[-1].validation == of(EpochCompleted, daily)[-1].validation


def test_early_stopping_ends_the_run_and_puts_the_best_weights_back(spirals, tmp_path):
    stopping = {"type": "early_stopping", "patience": 3, "min_delta": 0.05, "restore_best": True}
    best = {"type": "checkpoint"}
    experiment = spirals(epochs=200, schedule="constant", callbacks=[stopping, best])
    checkpoints = tmp_path / "checkpoints"
    checkpoints.mkdir()
    trainer, events = train(experiment, checkpoints)
    losses = [event.validation["loss"] for event in of(EpochCompleted, events)]
    assert len(losses) < 200
    assert events[-1].status == "finished"
    assert "early_stopping: validation.loss was not better" in events[-1].reason
    kept = max(index for index in range(len(losses)) if index == 0 or losses[index] < min(losses[:index]) - 0.05)
    assert len(losses) == kept + 3 + 1
    assert of(CallbackFired, events)[-1].why == f"put back the weights of step {(kept + 1) * 11:,}, the best"
    assert of(ValidationCompleted, events)[-1].figures["loss"] == losses[kept]
    saved = [event for event in of(CheckpointSaved, events) if event.path.endswith("best.pt")]
    assert [event.step for event in saved] == [
        (index + 1) * 11 for index in range(len(losses)) if index == 0 or losses[index] < min(losses[:index])
    ]
    last = checkpoint.load(checkpoints / "last.pt")
    assert all(torch.equal(last["model"][name], value) for name, value in weights(trainer).items())


def test_a_run_with_callbacks_that_was_resumed_equals_one_that_was_not(spirals, tmp_path):
    callbacks = [{"type": "early_stopping", "patience": 6, "min_delta": 0.02, "restore_best": True}]
    schedule = {"type": "performance", "patience": 1, "factor": 0.5, "min_delta": 0.05}
    clipping = {"type": "by_norm", "norm": 0.05}
    experiment = spirals(epochs=40, schedule=schedule, callbacks=callbacks, clipping=clipping, validate_every=7)
    whole, expected = train(experiment)
    for at in (1, 20, 31):
        before = stopped_at(experiment, at, tmp_path)
        resumed, after = train(experiment, restore=tmp_path / "last.pt")
        assert before[-1].step == at
        assert all(torch.equal(value, weights(resumed)[name]) for name, value in weights(whole).items())
        seen = [(event.step, event.why) for event in of(CallbackFired, before + after)]
        assert seen == [(event.step, event.why) for event in of(CallbackFired, expected)]
        assert len(seen) >= 2
        assert after[-1].reason == expected[-1].reason


def test_a_performance_schedule_lowers_the_rate(spirals):
    schedule = {"type": "performance", "patience": 1, "factor": 0.5, "min_delta": 10.0}
    _, events = train(spirals(schedule=schedule, observe={"every": 1000}))
    assert of(WindowCompleted, events)[-1].lr in (0.1, 0.05, 0.025)
    assert [event.why for event in of(CallbackFired, events)] == [
        "learning rate 0.05 instead of 0.1",
        "learning rate 0.025 instead of 0.05",
    ]


def test_one_cycle_turns_the_momentum_the_other_way(spirals, monkeypatch):
    experiment = spirals(
        optimizer={"type": "sgd", "lr": 0.01, "momentum": 0.9}, schedule={"type": "one_cycle", "max_lr": 0.1}
    )
    trainer = Trainer(prepare(experiment, "cpu"))
    seen, plain = [], trainer._stepper.plain

    def spy(batch):
        group = trainer._stepper.optimizer.param_groups[0]
        seen.append((group["lr"], group["momentum"]))
        return plain(batch)

    monkeypatch.setattr(trainer._stepper, "plain", spy)
    list(trainer.run(Control()))
    rates, momenta = zip(*seen, strict=True)
    assert max(rates) == pytest.approx(0.1, rel=0.1)
    assert momenta[rates.index(max(rates))] == min(momenta)
    assert [experiment.schedule.momentum(step, 11, 33) for step in range(1, 33)] == list(momenta)


def test_terminate_on_nan_keeps_the_weights_of_the_step_before(spirals, tmp_path):
    wild = {"optimizer": {"type": "sgd", "lr": 1000.0}, "schedule": "constant", "epochs": 50}
    trainer, events = train(spirals(callbacks=["terminate_on_nan"], **wild), tmp_path)
    assert events[-1].status == "diverged"
    assert "the weights are those before it" in events[-1].reason
    assert all(value.isfinite().all() for value in weights(trainer).values())
    saved = checkpoint.load(tmp_path / "last.pt")
    assert saved["step"] == events[-1].step == of(WindowCompleted, events)[-1].step
    assert math.isfinite(saved["sums"]["loss"])
    assert f"at step {events[-1].step + 1:,}" in events[-1].reason


def test_terminate_on_nan_keeps_the_statistics_of_the_step_before(spirals):
    layers = [{"type": "dense", "units": 8, "activation": "relu"}, "batch_norm"]
    experiment = spirals(callbacks=["terminate_on_nan"], model={"layers": layers}, epochs=1)
    trainer = Trainer(prepare(experiment, "cpu"))
    of_type(torch.Tensor, trainer.prepared.train.inputs).fill_(float("inf"))
    *_, last = trainer.run(Control())
    finished = of_type(RunFinished, last)
    assert (finished.status, finished.step) == ("diverged", 0)
    assert trainer.prepared.network.module.get_buffer("2.running_var").tolist() == [1.0] * 8


FROZEN = {"freeze": {"layers": 2, "epochs": 2, "lr": 0.5}, "schedule": "constant", "observe": {"every": "epoch"}}


def test_frozen_layers_stand_still_and_then_learn_at_their_own_rate(spirals):
    experiment = spirals(**FROZEN)
    trainer = Trainer(prepare(experiment, "cpu"))
    start, states, events = weights(trainer), [], []
    for event in trainer.run(Control()):
        events.append(event)
        if isinstance(event, EpochCompleted):
            states.append(weights(trainer))
    frozen = ["0.weight", "0.bias", "3.weight", "3.bias"]
    for state in states[:2]:
        assert all(torch.equal(state[name], start[name]) for name in frozen)
        assert not torch.equal(state["5.weight"], start["5.weight"])
    assert not any(torch.equal(states[2][name], start[name]) for name in frozen)
    assert [event.layers for event in of(LayersFrozen, events)] == [("dense_1", "dense_2")]
    thawed = of(LayersUnfrozen, events)
    assert [(event.step, event.layers) for event in thawed] == [(22, ("dense_1", "dense_2"))]
    observed = of(LayersObserved, events)
    assert [tuple(one is None for one in event.gradient_norm) for event in observed] == [
        (True, True, True, False),
        (True, True, True, False),
        (False, True, False, False),
    ]
    assert of(WindowCompleted, events)[-1].lr == 0.5


@pytest.mark.parametrize("at", [5, 22, 28])
def test_a_frozen_run_that_was_resumed_equals_one_that_was_not(spirals, tmp_path, at):
    experiment = spirals(**FROZEN, callbacks=[])
    whole, _ = train(experiment)
    stopped_at(experiment, at, tmp_path)
    resumed, _ = train(experiment, restore=tmp_path / "last.pt")
    assert all(torch.equal(value, weights(resumed)[name]) for name, value in weights(whole).items())


def test_a_frozen_batch_norm_keeps_its_statistics(spirals):
    layers = [{"type": "dense", "units": 4}, "batch_norm", {"type": "dense", "units": 4}]
    trainer, _ = train(spirals(model={"layers": layers}, freeze={"layers": 2, "epochs": 3}))
    norm = trainer.prepared.network.module[1]
    assert norm.num_batches_tracked.item() == 0
    assert norm.running_mean.abs().max().item() == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"freeze": {"layers": 3}}, r"freeze\.layers: freezes all 3 layers with weights"),
        (
            {"callbacks": [{"type": "early_stopping", "monitor": "validation.mae"}]},
            r"callbacks\[0\]\.monitor: validation\.mae is not measured here",
        ),
        (
            {"data": {"type": "spirals", "validation": "none"}, "schedule": "performance"},
            r"schedule\.monitor: validation\.loss is not measured here; known: train\.loss, train\.accuracy",
        ),
    ],
)
def test_what_cannot_be_steered_is_refused_before_training(spirals, changes, message):
    with pytest.raises(Refused, match=message):
        prepare(spirals(**changes), "cpu")


OPTIMIZERS = [{"type": name} for name in members(Optimizer)] + [
    {"type": name, "momentum": 0.9} for name, kind in members(Optimizer).items() if "momentum" in kind.model_fields
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
def test_every_optimizer_trains_what_was_frozen(spirals, optimizer, schedule):
    experiment = spirals(optimizer=optimizer, schedule=schedule, epochs=2, freeze={"layers": 1, "epochs": 1})
    trainer = Trainer(prepare(experiment, "cpu"))
    start, states = weights(trainer), []
    for event in trainer.run(Control()):
        if isinstance(event, EpochCompleted):
            states.append(weights(trainer))
    assert torch.equal(states[0]["0.weight"], start["0.weight"])
    assert not torch.equal(states[1]["0.weight"], start["0.weight"])


def test_frozen_layers_are_neither_constrained_nor_penalised(spirals):
    layers = [{"type": "dense", "units": 8, "max_norm": 0.1, "regularizer": "l2"}]
    trainer = Trainer(prepare(spirals(model={"layers": layers}, freeze={"layers": 1, "epochs": 2}), "cpu"))
    start, penalties = weights(trainer), []
    for event in trainer.run(Control()):
        if isinstance(event, EpochCompleted):
            penalties.append(event.train["penalty"])
            if event.epoch == 2:
                assert torch.equal(weights(trainer)["0.weight"], start["0.weight"])
    assert penalties[:2] == [0.0, 0.0]
    assert penalties[2] > 0
    assert weights(trainer)["0.weight"].norm(dim=1).max() <= 0.1 * (1 + 1e-6)


class Full(Callback):
    """Its disk is full at the first evaluation."""

    def after_evaluation(self, evaluation):
        raise OSError(errno.ENOSPC, "No space left on device")

    def state_dict(self):
        return {"mine": 7}


def test_a_callback_that_cannot_write_is_told_of_and_training_goes_on(spirals, tmp_path, monkeypatch):
    monkeypatch.setattr(Tensorboard, "build", lambda self, context: Full())
    _, events = train(spirals(callbacks=["tensorboard"]), tmp_path)
    assert events[-1].status == "finished"
    told = [event.text for event in of(LogEmitted, events)]
    assert told == ["tensorboard: No space left on device; it writes nothing more. Training goes on."]
    assert checkpoint.load(tmp_path / "last.pt")["callbacks"] == [{"mine": 7}]


def test_a_place_that_cannot_be_written_stops_no_training(spirals, tmp_path):
    (tmp_path / "tensorboard").touch()
    (tmp_path / "checkpoints").mkdir()
    _, events = train(spirals(callbacks=["tensorboard"]), tmp_path / "checkpoints")
    assert events[-1].status == "finished"
    assert of(LogEmitted, events)[0].text.startswith("tensorboard: ")


def test_a_training_that_a_callback_ended_is_over(spirals, tmp_path):
    stopping = {"type": "early_stopping", "patience": 1, "min_delta": 10.0}
    train(spirals(callbacks=[stopping]), tmp_path)
    with pytest.raises(Refused, match=r"this training is over \(early_stopping: .*: start a new run"):
        Trainer(prepare(spirals(callbacks=[stopping]), "cpu"), tmp_path).restore(tmp_path / "last.pt")


def test_a_checkpoint_with_other_callbacks_does_not_fit(spirals, tmp_path):
    stopped_at(spirals(), 4, tmp_path)
    with pytest.raises(Refused, match="does not fit the experiment"):
        Trainer(prepare(spirals(callbacks=["checkpoint"]), "cpu")).restore(tmp_path / "last.pt")
