"""Norms against their formula in float64: mean and variance over which axes, and γ and β along which."""

import pytest
import torch

from tuitrain.model.base import ImpossibleLayer
from tuitrain.model.normalization import BatchNorm, GroupNorm, InstanceNorm, LayerNorm

EPSILON = 1e-3


def normalised(x, over):
    variance, mean = torch.var_mean(x, over, correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(variance + EPSILON)


def grouped(x, groups):
    parts = x.reshape(len(x), groups, -1)
    return normalised(parts, 2).reshape(x.shape)


CASES = [
    (BatchNorm(), (6,), 1, lambda x: normalised(x, 0)),
    (BatchNorm(), (4, 6), 2, lambda x: normalised(x, (0, 1))),
    (BatchNorm(), (6, 4, 5), 1, lambda x: normalised(x, (0, 2, 3))),
    (LayerNorm(), (6,), 1, lambda x: normalised(x, 1)),
    (LayerNorm(), (4, 6), 2, lambda x: normalised(x, 2)),
    (LayerNorm(), (6, 4, 5), 1, lambda x: normalised(x, (1, 2, 3))),
    (InstanceNorm(), (6, 4, 5), 1, lambda x: normalised(x, (2, 3))),
    (GroupNorm(groups=3), (6,), 1, lambda x: grouped(x, 3)),
    (GroupNorm(groups=3), (6, 4, 5), 1, lambda x: grouped(x, 3)),
]


@pytest.mark.parametrize(
    ("layer", "shape", "axis", "formula"), CASES, ids=[f"{layer}-{shape}" for layer, shape, *_ in CASES]
)
def test_a_norm_computes_its_formula(layer, shape, axis, formula):
    module = torch.nn.Sequential(*layer.build(shape)).double()
    weight, bias = module.parameters()
    torch.nn.init.normal_(weight)
    torch.nn.init.normal_(bias)
    x = 3 * torch.randn(7, *shape, dtype=torch.float64) + 2
    along = [-1 if place == axis else 1 for place in range(x.dim())]
    expected = weight.view(along) * formula(x) + bias.view(along)
    torch.testing.assert_close(module(x), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("shape", [(6,), (4, 6), (6, 4, 5)], ids=str)
def test_batch_norm_evaluates_with_moving_averages(shape):
    module = torch.nn.Sequential(*BatchNorm(momentum=0.9).build(shape)).double()
    axis = 2 if len(shape) == 2 else 1
    over = [place for place in range(len(shape) + 1) if place != axis]
    mean, variance = torch.zeros(6, dtype=torch.float64), torch.ones(6, dtype=torch.float64)
    for _ in range(3):
        x = 3 * torch.randn(7, *shape, dtype=torch.float64) + 2
        module(x)
        mean = 0.9 * mean + 0.1 * x.mean(over)
        variance = 0.9 * variance + 0.1 * x.var(over)
    along = [-1 if place == axis else 1 for place in range(len(shape) + 1)]
    expected = (x - mean.view(along)) / torch.sqrt(variance.view(along) + EPSILON)
    torch.testing.assert_close(module.eval()(x), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (GroupNorm(groups=4), (6, 8, 8), "has 4 groups, which do not divide the 6 channels"),
        (GroupNorm(groups=4), (6,), "has 4 groups, which do not divide the 6 units"),
        (GroupNorm(groups=6), (6,), "would normalise every number of 6 by itself, and all become 0"),
        (GroupNorm(groups=2), (5, 6), "needs units or an image, got a sequence of 5×6: take layer_norm"),
        (InstanceNorm(), (6, 1, 1), "would normalise every number of 6×1×1 by itself, and all become 0"),
        (InstanceNorm(), (6,), "needs an image (channels × height × width), got 6: put a reshape layer before it"),
        (LayerNorm(), (5, 1), "would normalise every number of 5×1 by itself, and all become 0"),
    ],
    ids=str,
)
def test_what_cannot_be_normalised_is_refused(layer, shape, message):
    with pytest.raises(ImpossibleLayer) as error:
        layer.output_shape(shape)
    assert str(error.value) == message
