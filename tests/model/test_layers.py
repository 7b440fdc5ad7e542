"""The contract of every layer, for every shape that it takes: it builds what it plans, trains, and can be repeated."""

import math
import operator
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from tuitrain.experiment import toml
from tuitrain.experiment.document import to_document
from tuitrain.model.base import Layer, weights_of
from tuitrain.model.fields import WeightFields
from tuitrain.model.network import build
from tuitrain.model.plan import plan
from tuitrain.model.structure import Model
from tuitrain.spec import members, parse

from ..narrow import of_type

SHAPES = [(16,), (6, 8), (1, 8, 8), (8, 9, 8)]
ALL = members(Layer)
INNER = {"layers": [{"type": "dense", "units": 5, "activation": "tanh"}, "dropout"]}
BARE = [{"type": name, **(INNER if "layers" in kind.model_fields else {})} for name, kind in ALL.items()]
VARIANTS: list[dict[str, Any]] = [
    {"type": "reshape", "shape": [2, 2, -1]},
    {"type": "dense", "units": 7, "activation": "prelu", "bias": False},
    {"type": "conv2d", "filters": 5, "kernel_size": [2, 3], "stride": [3, 2], "padding": "same", "activation": "prelu"},
    {"type": "conv2d", "filters": 5, "padding": 2, "bias": False},
    {"type": "max_pool2d", "pool_size": [3, 2], "stride": 2, "padding": "same"},
    {"type": "avg_pool2d", "pool_size": 3, "stride": [1, 2], "padding": "same"},
    {"type": "dropout", "per_channel": True},
    {"type": "activation", "activation": "prelu"},
    {"type": "simple_rnn", "units": 5, "activation": "relu", "return_sequences": True},
    {"type": "gru", "units": 5, "bias": False},
    {"type": "lstm", "units": 5, "return_sequences": True},
    {"type": "block", "repeat": 2, "layers": ["batch_norm", {"type": "dense", "units": 8, "activation": "relu"}]},
    {"type": "residual", "layers": ["layer_norm", {"type": "residual", **INNER}]},
    {"type": "residual", "layers": [{"type": "conv2d", "filters": 4, "stride": 2, "padding": "same"}, "batch_norm"]},
]
LAYERS = BARE + VARIANTS
WEIGHTED = [document for document in LAYERS if issubclass(ALL[document["type"]], WeightFields)]


def planned(document, shape):
    return plan(parse(Model, {"layers": [document]}), shape, 1)[:-1]


def possible(layers):
    return all(layer.output_shape is not None for layer in layers)


CASES = [(document, shape) for document in LAYERS for shape in SHAPES if possible(planned(document, shape))]
every_layer = pytest.mark.parametrize("document", LAYERS, ids=str)
every_case = pytest.mark.parametrize(("document", "shape"), CASES, ids=str)


@every_layer
def test_it_takes_some_shape_and_says_why_it_refuses_another(document):
    plans = [planned(document, shape) for shape in SHAPES]
    assert any(map(possible, plans))
    for layers in plans:
        problems = [layer.problem for layer in layers if layer.problem]
        assert len(problems) == (0 if possible(layers) else 1)
        assert all(len(problem) > 20 for problem in problems)


@every_case
def test_shapes_and_parameters_are_what_torch_builds(document, shape):
    layers = planned(document, shape)
    network = build(layers, 0)
    seen = {}
    for built in network.layers:
        name = built.planned.name
        built.modules[-1].register_forward_hook(lambda module, inputs, out, name=name: seen.update({name: out.shape}))
    assert network.module(torch.randn(4, *shape)).shape == (4, *layers[-1].output_shape)
    assert seen == {layer.name: (4, *layer.output_shape) for layer in layers}
    assert sum(p.numel() for p in network.module.parameters()) == sum(layer.parameters for layer in layers)
    for built in network.layers:
        own = sum(p.numel() for module in built.modules for p in module.parameters())
        assert own == built.planned.parameters


@every_case
def test_a_training_step_changes_every_weight(document, shape):
    module = build(planned(document, shape), 0).module
    before = [p.clone() for p in module.parameters()]
    out = module(torch.randn(8, *shape, requires_grad=True))
    (out * torch.randn_like(out)).sum().backward()
    with torch.no_grad():
        for parameter in module.parameters():
            assert parameter.grad is not None
            parameter.sub_(parameter.grad)
    assert all(not torch.equal(old, new) for old, new in zip(before, module.parameters(), strict=True))


@every_case
def test_equal_seeds_draw_equal_layers_and_evaluation_draws_nothing(document, shape):
    layers, x = planned(document, shape), torch.randn(4, *shape)
    first, again = (build(layers, 3).module.eval() for _ in range(2))
    assert torch.equal(first(x), again(x))
    assert torch.equal(first(x), first(x))


@every_case
def test_a_batch_of_one_is_trained_unless_the_layer_says_no(document, shape):
    layers = planned(document, shape)
    module, x = build(layers, 0).module, torch.randn(1, *shape)
    if any(layer.spec.needs_two_samples(layer.input_shape) for layer in layers):
        with pytest.raises(ValueError, match="more than 1 value"):
            module(x)
    else:
        assert module(x).isfinite().all()


@every_layer
def test_a_file_makes_the_same_layer(document):
    adapter = TypeAdapter(Layer)
    layer = adapter.validate_python(document)
    for complete in (False, True):
        text = toml.dumps({"layer": to_document(layer, complete=complete)})
        assert adapter.validate_python(toml.loads(text, "test")["layer"]) == layer


def built_with(document, **fields):
    """The layers of a case that have weights, with these fields set on the layer itself."""
    shape = next(shape for one, shape in CASES if one == document)
    network = build(planned({**document, **fields}, shape), 0)
    return [layer for layer in network.layers if layer.planned.path == ("layers", 0) and layer.planned.parameters]


@pytest.mark.parametrize("document", WEIGHTED, ids=str)
def test_its_weights_and_not_its_biases_are_penalised(document):
    for layer in built_with(document, regularizer={"type": "l2", "l2": 0.5}, bias_init="ones"):
        regularizer, penalized = layer.planned.spec.regularized(layer.modules)
        weights = weights_of(layer.modules[0])
        assert weights and all(map(operator.is_, penalized, weights)) and len(penalized) == len(weights)
        expected = 0.5 * sum(weight.double().square().sum().item() for weight in weights)
        assert regularizer.penalty(penalized).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("document", WEIGHTED, ids=str)
def test_max_norm_bounds_the_incoming_weights_of_every_unit(document):
    for layer in built_with(document, max_norm=0.1):
        assert layer.planned.spec.is_constrained
        layer.planned.spec.constrain(layer.modules)
        for weight in weights_of(layer.modules[0]):
            assert weight.flatten(1).norm(dim=1).max().item() == pytest.approx(0.1, rel=1e-4)
    assert not any(layer.planned.spec.is_constrained for layer in built_with(document))


def test_layers_with_weights_are_all_regularized_by_the_default():
    document = {"type": "residual", "layers": [{"type": "dense", "units": 5}]}
    layers = plan(parse(Model, {"defaults": {"regularizer": "l2"}, "layers": [document]}), (4,), 2)
    assert [of_type(WeightFields, layer.spec).regularizer.type for layer in layers] == ["l2"] * 3
    assert math.prod(layer.parameters for layer in layers) > 0
