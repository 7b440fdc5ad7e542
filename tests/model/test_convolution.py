"""Convolution and pooling against the window itself, taken out of the image by hand, in float64."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tuitrain.model.base import ImpossibleLayer
from tuitrain.model.convolution import AvgPool2d, Conv2d, GlobalAvgPool2d, MaxPool2d
from tuitrain.model.initializers import HeNormal, Normal

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
sizes = st.tuples(st.integers(1, 9), st.integers(1, 9))


def windows(size, kernel, stride, padding):
    """Where each window begins and ends along an axis, in places of the image: those outside are negative or beyond.

    "same" is Keras's: ⌈size / stride⌉ windows, with the odd place of the padding at the end.
    """
    if padding == "same":
        count = math.ceil(size / stride)
        first = -(max((count - 1) * stride + kernel - size, 0) // 2)
    else:
        first = -(0 if padding == "valid" else padding)
        count = (size - 2 * first - kernel) // stride + 1
    return [(first + turn * stride, first + turn * stride + kernel) for turn in range(count)]


def slid(x, layer, padding, look):
    """``look`` at each window of the image and its place."""
    (kh, kw), (sh, sw) = layer.kernel, layer.strides
    rows, columns = windows(x.shape[2], kh, sh, padding), windows(x.shape[3], kw, sw, padding)
    return torch.stack([torch.stack([look(row, column) for column in columns], -1) for row in rows], -2)


def inside(x, row, column):
    """The part of a window that lies in the image."""
    return x[:, :, max(row[0], 0) : row[1], max(column[0], 0) : column[1]]


@settings(max_examples=60)
@given(
    size=sizes,
    channels=st.integers(1, 3),
    kernel=pairs,
    stride=pairs,
    padding=st.sampled_from(["valid", "same", 0, 1, 2]),
    bias=st.booleans(),
)
def test_a_convolution_is_the_sum_over_each_window(size, channels, kernel, stride, padding, bias):
    layer = Conv2d(filters=2, kernel_size=kernel, stride=stride, padding=padding, bias=bias, bias_init=Normal())
    shape = (channels, *size)
    if not all(windows(*axis, padding) for axis in zip(size, kernel, stride, strict=True)):
        with pytest.raises(ImpossibleLayer, match="slides a window of"):
            layer.output_shape(shape)
        return
    (module,) = layer.build(shape)
    module.double()
    weight, offset = module.get_parameter("weight"), module.get_parameter("bias") if bias else 0
    x = torch.randn(2, *shape, dtype=torch.float64)
    around = 8
    wide = torch.nn.functional.pad(x, [around] * 4)

    def look(row, column):
        window = wide[:, :, row[0] + around : row[1] + around, column[0] + around : column[1] + around]
        return torch.einsum("nchw,fchw->nf", window, weight) + offset

    expected = slid(x, layer, padding, look)
    assert layer.output_shape(shape) == expected.shape[1:]
    torch.testing.assert_close(module(x), expected, rtol=1e-11, atol=1e-11)


@settings(max_examples=60)
@given(
    size=sizes,
    pool=pairs,
    stride=pairs | st.just("pool_size"),
    padding=st.sampled_from(["valid", "same"]),
    kind=st.sampled_from([MaxPool2d, AvgPool2d]),
)
def test_a_pool_looks_at_what_of_each_window_is_in_the_image(size, pool, stride, padding, kind):
    layer = kind(pool_size=pool, stride=stride, padding=padding)
    shape = (2, *size)
    if padding == "valid" and (pool[0] > size[0] or pool[1] > size[1]):
        with pytest.raises(ImpossibleLayer, match="make it smaller, or set padding"):
            layer.output_shape(shape)
        return
    x = torch.randn(3, *shape, dtype=torch.float64)
    look = {"max_pool2d": lambda part: part.amax((2, 3)), "avg_pool2d": lambda part: part.mean((2, 3))}[layer.type]
    expected = slid(x, layer, padding, lambda row, column: look(inside(x, row, column)))
    assert layer.output_shape(shape) == expected.shape[1:]
    result = torch.nn.Sequential(*layer.build(shape))(x)
    torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Using padding=.same.")
@given(size=sizes, kernel=pairs)
def test_same_is_torchs_where_torch_has_it(size, kernel):
    layer = Conv2d(filters=2, kernel_size=kernel, padding="same")
    (module,) = layer.build((3, *size))
    x = torch.randn(2, 3, *size)
    expected = torch.nn.Conv2d(3, 2, kernel, padding="same")
    expected.load_state_dict(module.state_dict())
    torch.testing.assert_close(module(x), expected(x), rtol=1e-5, atol=1e-6)


def test_weights_are_drawn_for_the_size_of_the_kernel():
    torch.manual_seed(0)
    layer = Conv2d(filters=64, kernel_size=(3, 5), init=HeNormal())
    weight = layer.build((32, 8, 8))[0].get_parameter("weight")
    assert weight.shape == (64, 32, 3, 5)
    assert weight.std().item() == pytest.approx(math.sqrt(2 / (32 * 3 * 5)), rel=0.02)
    radius = math.sqrt(6 / ((32 + 64) * 3 * 5))
    drawn = Conv2d(filters=64, kernel_size=(3, 5)).build((32, 8, 8))[0].get_parameter("weight")
    assert radius * 0.999 < drawn.abs().max().item() <= radius


def test_the_global_average_is_one_number_a_channel():
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    modules = GlobalAvgPool2d().build((3, 4, 5))
    torch.testing.assert_close(torch.nn.Sequential(*modules)(x), x.mean((2, 3)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", [Conv2d, MaxPool2d, AvgPool2d, GlobalAvgPool2d])
def test_only_an_image_is_taken(kind):
    with pytest.raises(ImpossibleLayer) as error:
        kind().output_shape((784,))
    assert str(error.value) == "needs an image (channels × height × width), got 784: put a reshape layer before it"
