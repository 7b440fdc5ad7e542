import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.model.activations import Linear, Relu, Tanh
from tuitrain.model.dense import Dense
from tuitrain.model.initializers import HeNormal
from tuitrain.model.network import MOST_LAYERS, Model, build, crowd, plan
from tuitrain.model.regularizers import L1, NoRegularizer
from tuitrain.spec import parse


def test_defaults_fill_what_a_layer_does_not_set() -> None:
    model = parse(
        Model,
        {
            "defaults": {"activation": "relu", "init": "he_normal", "regularizer": "l1"},
            "layers": [{"type": "dense", "units": 3}, {"type": "dense", "activation": "tanh", "regularizer": "none"}],
        },
    )
    first, second, output = (layer.spec for layer in plan(model, (4,), 2))
    assert isinstance(first, Dense)
    assert isinstance(second, Dense)
    assert isinstance(output, Dense)
    assert (first.activation, first.init, first.regularizer) == (Relu(), HeNormal(), L1())
    assert (second.activation, second.regularizer) == (Tanh(), NoRegularizer())
    assert (output.activation, output.init) == (Linear(), HeNormal())


def test_an_impossible_layer_says_why_and_the_rest_has_no_shape() -> None:
    layers = plan(parse(Model, {"layers": [{"type": "dense", "units": 3}]}), (1, 8, 8), 10)
    assert layers[0].output_shape == (1, 8, 3)
    assert layers[1].output_shape is None
    assert layers[1].problem == "needs one axis, got 1×8×3: put a flatten layer before it"
    with pytest.raises(ValueError, match="output cannot be built"):
        build(layers, 0)


def test_a_block_is_repeated_in_order_with_running_names() -> None:
    block = {"type": "block", "repeat": 3, "layers": [{"type": "dense", "units": 5}, "dropout"]}
    layers = plan(parse(Model, {"layers": [{"type": "block", "repeat": 2, "layers": [block]}]}), (4,), 2)
    assert [layer.name for layer in layers[:3]] == ["dense_1", "dropout_1", "dense_2"]
    assert len(layers) == 2 * 3 * 2 + 1
    assert [layer.repetition for layer in layers[:-1:2]] == [0, 1, 2, 3, 4, 5]
    assert layers[0].path == ("layers", 0, "layers", 0, "layers", 0)


def test_blocks_of_too_many_layers_are_unrolled_once() -> None:
    inner = {"type": "block", "repeat": 1000, "layers": [{"type": "dense", "units": 5}, "dropout"]}
    model = parse(Model, {"layers": ["flatten", {"type": "block", "repeat": 1000, "layers": [inner]}]})
    assert crowd(model) == (("layers", 1), 2_000_000)
    layers = plan(model, (4,), 2)
    assert [layer.name for layer in layers] == ["flatten_1", "dense_1", "dropout_1", "output"]
    assert layers[1].path == ("layers", 1, "layers", 0, "layers", 0)
    assert layers[1].output_shape == (5,)
    with pytest.raises(ValueError, match="output cannot be built: has 2,000,001 layers before it; at most 10,000"):
        build(layers, 0)


def test_as_many_layers_as_there_can_be_are_planned() -> None:
    block = {"type": "block", "repeat": 100, "layers": [{"type": "block", "repeat": 100, "layers": ["dropout"]}]}
    model = parse(Model, {"layers": [block]})
    assert crowd(model) is None
    assert len(plan(model, (4,), 2)) == MOST_LAYERS + 1


@given(
    widths=st.lists(st.integers(1, 20), max_size=5),
    inputs=st.integers(1, 20),
    outputs=st.integers(1, 10),
    bias=st.booleans(),
)
def test_the_plan_counts_what_torch_builds(widths: list[int], inputs: int, outputs: int, bias: bool) -> None:
    model = parse(Model, {"layers": [{"type": "dense", "units": width, "bias": bias} for width in widths]})
    layers = plan(model, (inputs,), outputs)
    network = build(layers, 0)
    assert sum(p.numel() for p in network.module.parameters()) == sum(layer.parameters for layer in layers)
    assert network.module(torch.zeros(2, inputs)).shape == (2, outputs)


def test_equal_seeds_draw_equal_networks() -> None:
    layers = plan(parse(Model, {"layers": [{"type": "dense", "units": 9}]}), (4,), 2)
    first, again, other = (build(layers, seed).module.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])
