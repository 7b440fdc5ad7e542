"""The gradient of single units, from the request to the event."""

import pytest
import torch
from torch import nn

from tuitrain.runs import commands as c
from tuitrain.runs.events import LayersObserved, RunPaused, UnitsObserved
from tuitrain.training.batches import order
from tuitrain.training.control import Control
from tuitrain.training.observe import WATCHED, Observer
from tuitrain.training.prepare import prepare
from tuitrain.training.probes import probes_of
from tuitrain.training.trainer import Trainer

from ..narrow import of_type, present

LAYERS = [
    {"type": "dense", "units": 40, "activation": "relu", "regularizer": {"type": "l2", "l2": 0.01}},
    {"type": "dense", "units": 6, "activation": "tanh", "bias": False},
]
SEVERAL = {"observe": {"every": 7}, "model": {"layers": LAYERS}}


def units(events):
    return [event for event in events if isinstance(event, UnitsObserved)]


@pytest.fixture
def network(spirals):
    return prepare(spirals(model={"layers": LAYERS}), "cpu").network


@pytest.mark.parametrize(("layer", "index"), [("dense_1", 0), ("output", -1)])
def test_a_run_shows_the_gradient_of_the_first_units_to_the_last_bit(spirals, layer, index):
    prepared = prepare(spirals(**SEVERAL), "cpu")
    net, data, seed = prepared.network.module, prepared.train, prepared.experiment.seed
    batch = order(seed, 0, len(data))[:10]
    inputs = of_type(torch.Tensor, data.inputs)
    loss = nn.functional.cross_entropy(net(inputs[batch]), data.labels[batch])
    bias = net[index].get_parameter("bias")
    (gradient,) = torch.autograd.grad(loss + 0.01 * net[0].get_parameter("weight").square().sum(), [bias])

    control = Control()
    control.send(c.WatchUnits(layer))
    seen = units(Trainer(prepared).run(control))
    assert (seen[0].step, seen[0].layer, seen[0].units) == (1, layer, len(bias))
    assert seen[0].bias_gradient == tuple(gradient[:WATCHED].tolist())
    assert len(seen) > 1 and all(len(event.bias_gradient) == min(WATCHED, len(bias)) for event in seen)


def test_units_are_observed_with_the_layers_and_only_while_they_are_watched(spirals):
    trainer, control, seen = Trainer(prepare(spirals(**SEVERAL), "cpu")), Control(), []
    control.send(c.Step(2))
    for event in trainer.run(control):
        seen.append(event)
        if isinstance(event, RunPaused):
            control.send(c.WatchUnits("dense_1"))
            control.send(c.Resume())
    assert [event.step for event in seen if isinstance(event, LayersObserved)] == [1, 2, 3, 8, 15, 22, 29]
    assert [event.step for event in units(seen)] == [3, 8, 15, 22, 29]


def test_watching_changes_nothing_in_the_training(spirals):
    def trained(layer):
        trainer, control = Trainer(prepare(spirals(**SEVERAL), "cpu")), Control()
        if layer:
            control.send(c.WatchUnits(layer))
        list(trainer.run(control))
        return trainer.prepared.network.module.state_dict()

    plain, watched = trained(""), trained("dense_1")
    assert all(torch.equal(plain[name], watched[name]) for name in plain)


def test_clipping_does_not_reach_what_was_seen(network):
    observer = Observer(probes_of(network), watched="dense_1")
    module = network.module
    with observer.activations():
        module(torch.ones(3, 2)).sum().backward()
    before = module[0].bias.grad.clone()
    observer.before_update()
    module[0].bias.grad.mul_(0.0)
    assert present(observer.after_update().read_units())["bias_gradient"] == tuple(before[:WATCHED].tolist())


@pytest.mark.parametrize("watched", ["", "dense_2"])
def test_no_units_are_seen_where_none_are_watched_or_none_have_a_bias(spirals, watched, stepper_of):
    prepared = prepare(spirals(**SEVERAL), "cpu")
    data = prepared.train
    batch = data.first(10)
    *_, observed = stepper_of(prepared).observed(batch, Observer(probes_of(prepared.network), watched=watched))
    assert observed.read_units() is None
    assert len(observed.values) == len(observed.keys)


def test_a_watch_is_refused_with_the_reason(spirals):
    trainer = Trainer(prepare(spirals(model={"layers": LAYERS}), "cpu"))

    def objection(layer):
        return c.WatchUnits(layer).objection(trainer.steering)

    assert objection("dense_1") is None
    assert "no layer 'dense_9'" in objection("dense_9")
    assert "dense_1, dense_2, output" in objection("")
    assert "dense_2 has no biases" in objection("dense_2")
    trainer.prepared.network.module[0].bias.requires_grad_(False)
    assert "dense_1 is frozen" in objection("dense_1")


def test_a_layer_that_is_frozen_while_it_is_watched_shows_nothing(spirals, stepper_of):
    prepared = prepare(spirals(**SEVERAL), "cpu")
    data = prepared.train
    batch = data.first(10)
    observer, stepper = Observer(probes_of(prepared.network), watched="dense_1"), stepper_of(prepared)
    stepper.freeze(prepared.network.layers[:1])
    *_, observed = stepper.observed(batch, observer)
    read = observed.read()
    assert observed.read_units() is None
    for name in ("gradient_norm", "bias_gradient_norm", "gradient_rms", "weight_norm", "update_ratio"):
        assert read[name][0] is None and read[name][-1] is not None
