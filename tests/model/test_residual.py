"""Residuals: y = x + F(x), how x is projected, and where a residual stands among the layers."""

import pytest
import torch

from tuitrain.model.base import weights_of

DENSE = {"type": "dense", "units": 4, "activation": "tanh"}


def double(*shape):
    return torch.randn(3, *shape, dtype=torch.float64)


def close(result, expected):
    torch.testing.assert_close(result, expected, rtol=1e-11, atol=1e-11)


def test_the_input_is_added_to_what_the_layers_make_of_it(net_of):
    network = net_of({"type": "residual", "layers": [DENSE, "layer_norm"]}, shape=(4,))
    (linear, tanh), (norm,), (skip, _) = (layer.modules for layer in network.layers)
    x = double(4)
    close(network.module(x), x + norm(tanh(linear(x))))
    assert not list(skip.parameters())
    assert network.layers[-1].planned.parameters == 0


@pytest.mark.parametrize("shape", [(6,), (5, 6)], ids=str)
def test_other_units_are_reached_by_a_dense_layer(net_of, shape):
    network = net_of({"type": "residual", "bias_init": "ones", "layers": [DENSE]}, shape=shape)
    (linear, tanh), (skip, _) = (layer.modules for layer in network.layers)
    assert skip.weight.shape == (4, 6)
    x = double(*shape)
    close(network.module(x), x @ skip.weight.T + 1 + tanh(linear(x)))
    assert network.layers[-1].planned.parameters == 4 * 7


def test_an_image_is_reached_by_a_convolution_of_one_pixel_with_a_stride(net_of):
    inner = {"type": "conv2d", "filters": 5, "kernel_size": 3, "stride": [2, 3], "padding": "same"}
    network = net_of({"type": "residual", "bias": False, "layers": [inner]}, shape=(2, 7, 9))
    (conv,), (skip, _) = (layer.modules for layer in network.layers)
    assert skip.weight.shape == (5, 2, 1, 1)
    x = double(2, 7, 9)
    projected = torch.einsum("nchw,fc->nfhw", x[:, :, ::2, ::3], skip.weight[:, :, 0, 0])
    close(network.module(x), projected + conv(x))


@pytest.mark.parametrize(
    ("layers", "shape", "what"),
    [
        (["flatten"], (1, 8, 8), "64 of 1×8×8"),
        ([{"type": "conv2d", "filters": 3}], (1, 8, 8), "3×6×6 of 1×8×8"),
        ([{"type": "lstm", "units": 3}], (5, 6), "3 of 5×6"),
        ([{"type": "reshape", "shape": [4, 4]}], (2, 8), "4×4 of 2×8"),
        ([{"type": "reshape", "shape": [1, 16, 4]}], (1, 8, 8), "1×16×4 of 1×8×8"),
    ],
    ids=str,
)
def test_what_cannot_be_added_is_said(plan_of, layers, shape, what):
    *inner, residual = plan_of({"type": "residual", "layers": layers}, shape=shape)
    assert not any(layer.problem for layer in inner)
    assert residual.problem.startswith(f"has layers that make {what}, which cannot be added: ")
    assert residual.output_shape is None


def test_an_impossible_layer_inside_leaves_the_sum_without_a_shape(plan_of):
    inside, residual, after = plan_of({"type": "residual", "layers": ["conv2d"]}, "dropout", shape=(9,))
    assert inside.problem
    assert (residual.problem, residual.output_shape, after.input_shape) == (None, None, None)


def test_residuals_and_blocks_hold_one_another(plan_of, net_of):
    block = {"type": "block", "repeat": 2, "layers": [{"type": "residual", "layers": [DENSE]}, "dropout"]}
    layers = [{"type": "residual", "layers": [block, {"type": "residual", "layers": ["layer_norm"]}]}, DENSE]
    planned = plan_of(*layers, shape=(4,))
    assert [(layer.name, layer.inside, layer.repetition) for layer in planned] == [
        ("dense_1", 0, 0),
        ("residual_1", 1, 0),
        ("dropout_1", 0, 0),
        ("dense_2", 0, 1),
        ("residual_2", 1, 1),
        ("dropout_2", 0, 1),
        ("layer_norm_1", 0, 0),
        ("residual_3", 1, 0),
        ("residual_4", 8, 0),
        ("dense_3", 0, 0),
    ]
    assert planned[0].path == ("layers", 0, "layers", 0, "layers", 0, "layers", 0)
    assert planned[1].path == ("layers", 0, "layers", 0, "layers", 0)
    assert planned[8].path == ("layers", 0)
    network = net_of(*layers, shape=(4,))
    modules = {
        layer.planned.name: torch.nn.Sequential(*layer.modules) for layer in network.layers if layer.planned.parameters
    }
    x = double(4)
    network.module.eval()
    first = x + modules["dense_1"](x)
    second = first + modules["dense_2"](first)
    third = second + modules["layer_norm_1"](second)
    close(network.module(x), modules["dense_3"](x + third))
    assert [type(module).__name__ for module in network.module] == ["ResidualModule", "Linear", "Tanh"]


def test_the_inside_of_a_residual_is_no_part_of_its_sum(net_of):
    """So that freezing or watching the one leaves the other alone."""
    network = net_of({"type": "residual", "layers": [{**DENSE, "units": 6}]}, shape=(4,))
    dense, residual = network.layers
    assert [weight.shape for weight in weights_of(dense.modules[0])] == [(6, 4)]
    assert [weight.shape for weight in weights_of(residual.modules[0])] == [(6, 4)]
    mine = {id(parameter) for module in residual.modules for parameter in module.parameters()}
    assert not mine & {id(parameter) for module in dense.modules for parameter in module.parameters()}
