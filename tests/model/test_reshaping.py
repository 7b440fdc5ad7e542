import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.model.base import ImpossibleLayer
from tuitrain.model.reshaping import Reshape
from tuitrain.spec import Invalid, parse

axes = st.lists(st.integers(1, 6), min_size=1, max_size=3)


@given(before=axes, after=axes, left_open=st.integers(0, 2))
def test_reshape_makes_of_the_numbers_what_torch_makes_of_them(before, after, left_open):
    asked = [-1 if place == left_open else axis for place, axis in enumerate(after)]
    layer, x = Reshape(shape=tuple(asked)), torch.arange(2.0 * math.prod(before)).reshape(2, *before)
    try:
        expected = x.reshape(2, *asked)
    except RuntimeError:
        with pytest.raises(ImpossibleLayer, match="numbers"):
            layer.output_shape(tuple(before))
    else:
        assert torch.equal(torch.nn.Sequential(*layer.build(tuple(before)))(x), expected)
        assert layer.output_shape(tuple(before)) == expected.shape[1:]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ([0, 4], "shape: must have axes of at least 1, or -1 for what is left, got 0"),
        ([-1, 2, -1], "shape: can have -1 only once"),
        ([2, 2, 2, 2], "shape: must have at most 3 axes, has 4"),
        ([], "shape: needs at least 1"),
        (4, "shape: must be a list, got 4"),
    ],
    ids=str,
)
def test_a_shape_that_is_none_is_refused(shape, message):
    with pytest.raises(Invalid) as error:
        parse(Reshape, {"shape": shape})
    assert str(error.value) == message


def test_numbers_that_do_not_fit_are_counted():
    with pytest.raises(ImpossibleLayer, match="gets 1×8×8, which is 64 numbers: shape 7×9 has 63"):
        Reshape(shape=(7, 9)).output_shape((1, 8, 8))
    with pytest.raises(ImpossibleLayer, match="they must be a multiple of 7 for the -1 in shape"):
        Reshape(shape=(7, -1)).output_shape((1, 8, 8))
