"""Stochastic weight averaging: the weights of torch's AveragedModel, bit for bit, interrupted or not."""

import pytest
import torch
from torch.optim.swa_utils import AveragedModel, get_swa_multi_avg_fn, update_bn

from tuitrain.runs import commands as c
from tuitrain.runs.events import CallbackFired, EpochCompleted, RunPaused, ValidationCompleted
from tuitrain.training import checkpoint
from tuitrain.training.control import Control
from tuitrain.training.kept import renew_statistics
from tuitrain.training.prepare import prepare
from tuitrain.training.trainer import Trainer

from ..narrow import present

NORMED = {
    "layers": [
        {"type": "dense", "units": 8, "activation": "relu"},
        "batch_norm",
        {"type": "dense", "units": 6, "activation": "tanh"},
    ]
}


def averaging(spirals, start=2, every=2, **changes):
    swa = {"type": "swa", "start": start, "every": every}
    return spirals(**{"epochs": 6, "schedule": "constant", "model": NORMED, "callbacks": [swa], **changes})


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def assert_equal_bits(found, expected):
    assert found.keys() == expected.keys()
    assert [name for name in expected if not torch.equal(found[name], expected[name])] == []


def test_the_run_ends_with_the_average_and_the_statistics_of_torch(spirals, tmp_path):
    experiment = averaging(spirals)
    trainer, events, states = Trainer(prepare(experiment, "cpu"), tmp_path), [], []
    module = trainer.prepared.network.module
    theirs = AveragedModel(module, multi_avg_fn=get_swa_multi_avg_fn())
    for event in trainer.run(Control()):
        events.append(event)
        if isinstance(event, EpochCompleted) and event.epoch in (2, 4, 6):
            theirs.update_parameters(module)
            states.append([one.detach().double().clone() for one in module.parameters()])
    module.train()
    update_bn(trainer._loader.epoch(6), theirs.module)
    assert_equal_bits(module.state_dict(), theirs.module.state_dict())
    assert_equal_bits(checkpoint.load(tmp_path / "last.pt")["model"], theirs.module.state_dict())
    for mine, *seen in zip(module.parameters(), *states, strict=True):
        torch.testing.assert_close(mine.double(), torch.stack(seen).mean(0), rtol=1e-6, atol=1e-7)

    assert of(CallbackFired, events)[-1].why == "put the mean of the weights of 3 epochs, 2 to 6, in their place"
    last, validated = of(EpochCompleted, events)[-1], of(ValidationCompleted, events)[-1]
    samples = present(trainer.prepared.validation)
    outputs = theirs.module.eval()(samples.inputs)
    loss = torch.nn.functional.cross_entropy(outputs, samples.targets)
    assert validated.figures["loss"] == pytest.approx(loss.item(), rel=1e-6)
    assert validated.figures["loss"] != last.validation["loss"]


@pytest.mark.parametrize("at", [8, 22, 40, 65])
def test_a_run_that_was_resumed_equals_one_that_was_not(spirals, tmp_path, at):
    experiment = averaging(spirals, every=1, optimizer="adam")
    whole = Trainer(prepare(experiment, "cpu"))
    expected = list(whole.run(Control()))
    control = Control()
    control.send(c.Step(at))
    for event in Trainer(prepare(experiment, "cpu"), tmp_path).run(control):
        if isinstance(event, RunPaused):
            control.send(c.Stop())
    resumed = Trainer(prepare(experiment, "cpu"), tmp_path)
    resumed.restore(tmp_path / "last.pt")
    after = list(resumed.run(Control()))
    assert_equal_bits(resumed.prepared.network.module.state_dict(), whole.prepared.network.module.state_dict())
    assert of(CallbackFired, after)[-1].why == of(CallbackFired, expected)[-1].why
    assert of(ValidationCompleted, after)[-1].figures == of(ValidationCompleted, expected)[-1].figures


@pytest.mark.parametrize("freeze", [None, {"layers": 2, "epochs": 9}])
def test_a_run_that_goes_on_behind_its_last_step_takes_the_statistics_anew(spirals, tmp_path, freeze):
    callbacks = [{"type": "swa"}, {"type": "checkpoint", "save_best_only": False}]
    experiment = averaging(spirals, callbacks=callbacks, freeze=freeze)
    whole, resumed = (Trainer(prepare(experiment, "cpu"), tmp_path) for _ in range(2))
    list(whole.run(Control()))
    resumed.restore(tmp_path / "epoch-0006.pt")
    list(resumed.run(Control()))
    assert_equal_bits(resumed.prepared.network.module.state_dict(), whole.prepared.network.module.state_dict())


def test_without_an_epoch_to_average_the_weights_stay(spirals):
    stopping = {"type": "early_stopping", "monitor": "train.loss", "patience": 1, "min_delta": 100.0}
    swa = {"type": "swa", "start": 5}
    _, *events = list(Trainer(prepare(averaging(spirals, callbacks=[stopping, swa]), "cpu")).run(Control()))
    assert [event.callback for event in of(CallbackFired, events)] == ["early_stopping"]
    assert of(ValidationCompleted, events) == []


def test_a_stopped_run_keeps_its_own_weights_and_the_mean_beside_them(spirals, tmp_path):
    control, states = Control(), {}
    trainer = Trainer(prepare(averaging(spirals, every=1), "cpu"), tmp_path)
    module = trainer.prepared.network.module
    for event in trainer.run(control):
        if isinstance(event, EpochCompleted):
            states[event.epoch] = {name: value.clone() for name, value in module.state_dict().items()}
            if event.epoch == 3:
                control.send(c.Stop())
    saved = checkpoint.load(tmp_path / "last.pt")
    assert_equal_bits(saved["model"], states[3])
    (kept,) = saved["kept"]
    mean = (states[2]["0.weight"].double() + states[3]["0.weight"].double()) / 2
    torch.testing.assert_close(kept["weights"]["0.weight"].double(), mean, rtol=1e-6, atol=1e-7)
    assert kept["averaged"] == 2


def test_statistics_are_renewed_as_torch_does_but_for_a_frozen_norm():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3, momentum=0.3))
    batches = [(torch.randn(size, 3), torch.zeros(size), torch.zeros(size)) for size in (8, 8, 5)]
    net.load_state_dict({**net.state_dict(), "0.running_mean": torch.ones(3), "2.running_mean": torch.ones(3)})
    whole = net.train()
    renew_statistics(whole, batches)
    mine = {name: value.clone() for name, value in whole.state_dict().items()}
    update_bn(batches, whole)
    assert_equal_bits(mine, whole.state_dict())
    assert whole[2].momentum == 0.3

    whole[0].eval()
    before = whole.get_buffer("0.running_mean").clone()
    with torch.no_grad():
        inner = [whole[1](whole[0](inputs)) for inputs, _, _ in batches]
    renew_statistics(whole, batches)
    assert torch.equal(whole.get_buffer("0.running_mean"), before)
    expected = torch.stack([one.mean(0) for one in inner]).mean(0)
    torch.testing.assert_close(whole[2].running_mean, expected)
