"""Every layer against a formula of its own in float64, written with plain operations on tensors and no module."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.models import resnet18

from tuitrain.model.base import Layer
from tuitrain.spec import members

EPSILON = 1e-3
Formula = Callable[..., Tensor]


@dataclass(frozen=True)
class Case:
    """A layer as a document, an input shape, and what it makes of a batch x with its parameters in order."""

    layer: dict[str, Any]
    shape: tuple[int, ...]
    formula: Formula
    training: bool = False


def case(kind: str, shape: tuple[int, ...], formula: Formula, /, *, training: bool = False, **fields: Any) -> Case:
    return Case({"type": kind, **fields}, shape, formula, training)


def windows(x: Tensor, kernel: tuple[int, int], stride: tuple[int, int], *, same: bool = False, fill: float = 0.0):
    """(batch, channels, down, across, height, width): every window of an image."""
    pads: list[int] = []
    for size, k, s in zip(reversed(x.shape[2:]), reversed(kernel), reversed(stride), strict=True):
        total = max((math.ceil(size / s) - 1) * s + k - size, 0) if same else 0
        pads += [total // 2, total - total // 2]
    padded = torch.nn.functional.pad(x, pads, value=fill)
    return padded.unfold(2, kernel[0], stride[0]).unfold(3, kernel[1], stride[1])


def conv(x, w, b=None, **of_windows):
    z = torch.einsum("nchwij,fcij->nfhw", windows(x, w.shape[2:], **of_windows), w)
    return z if b is None else z + b[:, None, None]


def mean_inside(x):
    parts = windows(x, (3, 2), (2, 2), same=True, fill=math.nan)
    return parts.flatten(4).nanmean(4)


def normalised(x, over, axis, weight, bias):
    mean = x.mean(over, keepdim=True)
    variance = ((x - mean) ** 2).mean(over, keepdim=True)
    along = [-1 if place == axis else 1 for place in range(x.dim())]
    return weight.view(along) * (x - mean) / (variance + EPSILON).sqrt() + bias.view(along)


def in_groups(x, weight, bias):
    parts = x.view(len(x), 3, -1)
    mean = parts.mean(2, keepdim=True)
    parts = (parts - mean) / (((parts - mean) ** 2).mean(2, keepdim=True) + EPSILON).sqrt()
    return weight[:, None, None] * parts.view_as(x) + bias[:, None, None]


def steps(cell):
    """The last h of a recurrence over (batch, steps, features)."""

    def formula(x, w, u, b, b2):
        h = c = torch.zeros(len(x), u.shape[1], dtype=x.dtype)
        for t in range(x.shape[1]):
            h, c = cell(x[:, t] @ w.T + b, h @ u.T + b2, h, c)
        return h

    return formula


def sigmoid(z):
    return 1 / (1 + torch.exp(-z))


def tanh(z):
    return (torch.exp(z) - torch.exp(-z)) / (torch.exp(z) + torch.exp(-z))


def gru(wx, uh, h, c):
    r, z = (sigmoid(wx[:, part] + uh[:, part]) for part in (slice(0, 4), slice(4, 8)))
    return (1 - z) * tanh(wx[:, 8:] + r * uh[:, 8:]) + z * h, c


def lstm(wx, uh, h, c):
    i, f, g, o = (wx + uh).split(4, 1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def resnet(x, *parameters):
    mean, deviation = (torch.tensor(one).view(3, 1, 1) for one in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    whole = resnet18().double().eval()
    whole.fc = torch.nn.Identity()
    for theirs, ours in zip(whole.parameters(), parameters, strict=True):
        theirs.data = ours
    return whole((x - mean) / deviation)


DENSE = {"type": "dense", "units": 4, "activation": "tanh"}
SELU_BELOW = -1.0507009873554805 * 1.6732632423543772
CASES = [
    case("flatten", (2, 3, 4), lambda x: x.reshape(len(x), 24)),
    case("reshape", (4, 6), lambda x: x.reshape(len(x), 2, 3, 4), shape=[2, -1, 4]),
    case("dense", (5,), lambda x, w, b: x @ w.T + b, units=3),
    case("dense", (2, 3, 5), lambda x, w: tanh(x @ w.T), units=3, bias=False, activation="tanh"),
    case("conv2d", (2, 6, 7), lambda x, w, b: conv(x, w, b, stride=(1, 1)), filters=4),
    case(
        "conv2d",
        (2, 6, 7),
        lambda x, w: conv(x, w, stride=(3, 2), same=True).clamp(min=0),
        filters=4,
        kernel_size=[2, 4],
        stride=[3, 2],
        padding="same",
        bias=False,
        activation="relu",
    ),
    case("max_pool2d", (2, 6, 7), lambda x: windows(x, (2, 2), (2, 2)).amax((4, 5))),
    case(
        "max_pool2d",
        (2, 6, 7),
        lambda x: windows(x, (3, 2), (1, 2), same=True, fill=-math.inf).amax((4, 5)),
        pool_size=[3, 2],
        stride=[1, 2],
        padding="same",
    ),
    case("avg_pool2d", (2, 6, 7), lambda x: windows(x, (2, 2), (2, 2)).mean((4, 5))),
    case("avg_pool2d", (2, 6, 7), mean_inside, pool_size=[3, 2], stride=2, padding="same"),
    case("global_avg_pool2d", (2, 6, 7), lambda x: x.sum((2, 3)) / 42),
    case("dropout", (2, 6), lambda x: x, rate=0.5),
    case("alpha_dropout", (2, 6), lambda x: x, rate=0.5),
    case("activation", (2, 6), lambda x: x.clamp(min=0)),
    case("activation", (2, 6), sigmoid, activation="sigmoid"),
    case("batch_norm", (6,), lambda x, w, b: normalised(x, 0, 1, w, b), training=True),
    case("batch_norm", (3, 4, 5), lambda x, w, b: normalised(x, (0, 2, 3), 1, w, b), training=True),
    case("batch_norm", (6,), lambda x, w, b: w * x / math.sqrt(1 + EPSILON) + b),
    case("layer_norm", (6,), lambda x, w, b: normalised(x, 1, 1, w, b)),
    case("instance_norm", (3, 4, 5), lambda x, w, b: normalised(x, (2, 3), 1, w, b)),
    case("group_norm", (6, 4, 5), in_groups, groups=3),
    case("simple_rnn", (5, 3), steps(lambda wx, uh, h, c: (tanh(wx + uh), c)), units=4),
    case("gru", (5, 3), steps(gru), units=4),
    case("lstm", (5, 3), steps(lstm), units=4),
    case("block", (4,), lambda x, w, b, w2, b2: tanh(tanh(x @ w.T + b) @ w2.T + b2), repeat=2, layers=[DENSE]),
    case("residual", (4,), lambda x, w, b: x + tanh(x @ w.T + b), layers=[DENSE]),
    case("residual", (6,), lambda x, w, b, skip, c: x @ skip.T + c + tanh(x @ w.T + b), layers=[DENSE]),
    case("pretrained", (3, 32, 32), resnet, size=32),
]


def test_every_layer_has_a_formula_here() -> None:
    assert {one.layer["type"] for one in CASES} == members(Layer).keys()


@pytest.mark.parametrize("one", CASES, ids=[f"{index}-{one.layer['type']}" for index, one in enumerate(CASES)])
def test_a_layer_computes_its_formula_and_nothing_more(net_of, one: Case) -> None:
    source = torch.Generator().manual_seed(0)
    network = net_of(one.layer, shape=one.shape)
    module = network.module.train(one.training)
    parameters = list(module.parameters())
    if one.layer["type"] != "pretrained":  # eighteen layers with such weights would overflow
        for parameter in parameters:
            parameter.data = torch.randn(parameter.shape, generator=source, dtype=torch.float64)
    x = 2 * torch.randn((7, *one.shape), generator=source, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(module(x), one.formula(x, *parameters), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rate", [0.1, 0.6])
def test_what_is_dropped_while_training_leaves_the_rest_as_the_formula_says(net_of, rate: float) -> None:
    x = torch.randn(50, 40, dtype=torch.float64)
    plain = net_of({"type": "dropout", "rate": rate}, shape=(40,)).module.train()(x)
    dropped = plain == 0
    torch.testing.assert_close(plain[~dropped], x[~dropped] / (1 - rate))
    # a · (x or selu's lower end) + b keeps mean 0 and variance 1 (Klambauer et al. 2017).
    alpha = net_of({"type": "alpha_dropout", "rate": rate}, shape=(40,)).module.train()(x)
    a = (1 - rate + rate * (1 - rate) * SELU_BELOW**2) ** -0.5
    b = -a * rate * SELU_BELOW
    dropped = (alpha - (a * SELU_BELOW + b)).abs() < 1e-6
    torch.testing.assert_close(alpha[~dropped], a * x[~dropped] + b, rtol=1e-6, atol=1e-6)
    assert 0.5 * rate < dropped.double().mean() < min(2 * rate, 0.9)
