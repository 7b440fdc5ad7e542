"""The plan of a network: defaults, blocks, problems, counts."""

import pytest

from tuitrain.model.activations import Linear, Relu, Tanh
from tuitrain.model.dense import Dense
from tuitrain.model.initializers import HeNormal
from tuitrain.model.network import build
from tuitrain.model.plan import MOST_LAYERS, plan, too_many_layers, with_absolute_paths
from tuitrain.model.pretrained import Pretrained
from tuitrain.model.regularizers import L1, NoRegularizer
from tuitrain.model.structure import Block, Model
from tuitrain.spec import parse

from ..narrow import of_type


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
    assert too_many_layers(model) == (("layers", 1), 2_000_000)
    layers = plan(model, (4,), 2)
    assert [layer.name for layer in layers] == ["flatten_1", "dense_1", "dropout_1", "output"]
    assert layers[1].path == ("layers", 1, "layers", 0, "layers", 0)
    assert layers[1].output_shape == (5,)
    with pytest.raises(ValueError, match="output cannot be built: has 2,000,001 layers before it; at most 10,000"):
        build(layers, 0)


def test_as_many_layers_as_there_can_be_are_planned() -> None:
    block = {"type": "block", "repeat": 100, "layers": [{"type": "block", "repeat": 100, "layers": ["dropout"]}]}
    model = parse(Model, {"layers": [block]})
    assert too_many_layers(model) is None
    assert len(plan(model, (4,), 2)) == MOST_LAYERS + 1


def test_the_layers_of_residuals_count_and_their_sums_too():
    inner = {"type": "block", "repeat": 1000, "layers": ["dropout"]}
    model = parse(
        Model, {"layers": [{"type": "block", "repeat": 10, "layers": [{"type": "residual", "layers": [inner]}]}]}
    )
    assert too_many_layers(model) == (("layers", 0), 10_010)
    layers = plan(model, (4,), 2)
    assert [layer.name for layer in layers] == ["dropout_1", "residual_1", "output"]
    assert layers[1].inside == 1


def test_defaults_reach_into_residuals_and_their_projection():
    document = {"type": "residual", "layers": [{"type": "block", "layers": [{"type": "dense", "units": 3}]}]}
    model = parse(Model, {"defaults": {"init": "he_normal", "activation": "relu"}, "layers": [document]})
    dense, skip, _ = (of_type(Dense, layer.spec) for layer in plan(model, (4,), 2))
    assert (dense.init, dense.activation) == (HeNormal(), Relu())
    assert (skip.init, skip.activation) == (HeNormal(), Linear())


def test_paths_are_anchored_in_blocks_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    layers = [{"type": "pretrained", "weights": weights} for weights in ("my.pth", "download", "none")]
    (layer,) = with_absolute_paths(parse(Model, {"layers": [{"type": "block", "layers": layers}]})).layers
    weights = [of_type(Pretrained, one).weights for one in of_type(Block, layer).layers]
    assert weights == [
        str(tmp_path / "my.pth"),
        "download",
        "none",
    ]


def test_without_an_input_shape_no_layer_has_one():
    layers = plan(parse(Model, {"layers": ["dropout", {"type": "residual", "layers": ["dropout"]}]}), None, 2)
    assert {(layer.input_shape, layer.output_shape, layer.problem) for layer in layers} == {(None, None, None)}


@pytest.mark.parametrize(
    "layer",
    [
        *("batch_norm", "layer_norm", "instance_norm", {"type": "group_norm", "groups": 1}),
        {"type": "activation", "activation": "prelu"},
        {"type": "dropout", "per_channel": True},
    ],
    ids=str,
)
def test_a_layer_that_knows_channels_does_not_take_units_on_the_last_axis_for_an_image(plan_of, layer):
    dense = {"type": "dense", "units": 5}
    *_, refused = plan_of(dense, "activation", "dropout", layer, shape=(2, 8, 8))
    assert refused.output_shape is None
    assert refused.problem == (
        "takes the first axis of 2×8×5 for channels, and the units of the dense layer before it are the last: "
        "put a flatten layer before that one"
    )
    *_, before = plan_of(layer, dense, shape=(2, 8, 8))
    *_, image = plan_of(dense, {"type": "reshape", "shape": [2, 5, 8]}, layer, shape=(2, 8, 8))
    assert (before.problem, image.problem) == (None, None)


def test_behind_a_dense_layer_units_and_sequences_are_normalised_as_ever(plan_of):
    for shape in ((8,), (6, 8)):
        assert plan_of({"type": "dense", "units": 5}, "batch_norm", shape=shape)[-1].problem is None
