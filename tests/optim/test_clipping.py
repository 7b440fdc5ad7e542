"""The contract of every way of clipping: its bound, its factor, and what it leaves alone."""

import math
from collections.abc import Callable
from itertools import islice

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tuitrain.experiment.document import to_document
from tuitrain.optim.clipping import ByGlobalNorm, ByNorm, ByValue, Clipping
from tuitrain.spec import members, parse

ALL = members(Clipping)
ROUNDING = 1e-5


def all_numbers(gradients: list[Tensor]) -> Tensor:
    return torch.cat([gradient.flatten() for gradient in gradients])


MEASURES: dict[str, Callable[[list[Tensor]], float]] = {
    "by_value": lambda gradients: float(all_numbers(gradients).abs().max()),
    "by_norm": lambda gradients: max(float(gradient.norm()) for gradient in gradients),
    "by_global_norm": lambda gradients: float(all_numbers(gradients).norm()),
}
"""What is bounded."""


def clipping(name: str, bound: float) -> Clipping:
    spec = ALL[name].model_validate({"value" if name == "by_value" else "norm": bound})
    assert isinstance(spec, Clipping)
    return spec


@st.composite
def gradients(draw: st.DrawFn) -> list[Tensor]:
    """A few tensors, matrices and vectors, of numbers from the smallest to the largest that training meets."""
    shapes = draw(st.lists(st.sampled_from([(1,), (3,), (2, 3), (4, 1)]), min_size=1, max_size=4))
    sizes = st.floats(1e-6, 1e6) | st.just(0.0)
    numbers = iter(draw(st.lists(sizes, min_size=24, max_size=24)))
    signs = iter(draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=24, max_size=24)))
    return [
        torch.tensor([a * b for a, b in islice(zip(numbers, signs, strict=True), math.prod(shape))]).reshape(shape)
        for shape in shapes
    ]


names = st.sampled_from(list(ALL))
bounds = st.floats(1e-3, 1e3)


def test_every_way_of_clipping_has_a_measure_here() -> None:
    assert MEASURES.keys() == ALL.keys()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (ByValue(value=1.0), [0.9, 1.0]),
        (ByNorm(norm=1.0), [0.0089996, 0.9999595]),
        (ByGlobalNorm(norm=1.0), [0.0089996, 0.9999595]),
    ],
)
def test_a_gradient_that_is_too_long(spec: Clipping, expected: list[float], dtype: torch.dtype) -> None:
    gradient = torch.tensor([0.9, 100.0], dtype=dtype)
    factor = spec.apply([gradient])
    assert gradient.tolist() == pytest.approx(expected, abs=5e-8)
    assert float(factor) == pytest.approx(math.hypot(*expected) / math.hypot(0.9, 100.0), rel=1e-6)


def test_norms_are_per_tensor_or_of_all() -> None:
    tensors = [torch.tensor([[3.0, 4.0]]), torch.tensor([0.6]), torch.tensor([0.0, 12.0])]
    total = math.sqrt(25 + 0.36 + 144)
    one_by_one, together = [one.clone() for one in tensors], [one.clone() for one in tensors]
    factor = ByNorm(norm=1.0).apply(one_by_one)
    assert [float(one.norm()) for one in one_by_one] == pytest.approx([1.0, 0.6, 1.0])
    assert float(factor) == pytest.approx(math.sqrt(1 + 0.36 + 1) / total)
    assert float(ByGlobalNorm(norm=2.0).apply(together)) == pytest.approx(2 / total)
    torch.testing.assert_close(together, [one * 2 / total for one in tensors])


@given(gradients(), names, bounds)
def test_nothing_exceeds_the_bound_and_the_factor_is_that_of_the_norm(
    tensors: list[Tensor], name: str, bound: float
) -> None:
    before = float(all_numbers(tensors).double().norm())
    factor = clipping(name, bound).apply(tensors)
    after = float(all_numbers(tensors).double().norm())
    assert MEASURES[name](tensors) <= bound * (1 + ROUNDING)
    assert factor.shape == () and 0 < float(factor) <= 1
    assert float(factor) * before == pytest.approx(after, rel=ROUNDING)


@given(gradients(), names, st.floats(1 + ROUNDING, 100))
def test_what_is_below_the_bound_stays_bit_for_bit(tensors: list[Tensor], name: str, slack: float) -> None:
    bound = max(MEASURES[name](tensors) * slack, 1e-9)
    before = [one.clone() for one in tensors]
    assert float(clipping(name, bound).apply(tensors)) == 1.0
    assert all(torch.equal(one, other) for one, other in zip(tensors, before, strict=True))


@given(gradients(), bounds)
def test_norms_keep_the_direction(tensors: list[Tensor], bound: float) -> None:
    before, together = [one.clone() for one in tensors], [one.clone() for one in tensors]
    ByNorm(norm=bound).apply(tensors)
    for one, other in zip(tensors, before, strict=True):
        factor = min(1.0, bound / max(float(other.norm()), 1e-30))
        torch.testing.assert_close(one, other * factor, rtol=ROUNDING, atol=0)
    ByGlobalNorm(norm=bound).apply(together)
    factor = min(1.0, bound / max(float(all_numbers(before).norm()), 1e-30))
    torch.testing.assert_close(together, [one * factor for one in before], rtol=ROUNDING, atol=0)


@given(gradients())
def test_the_global_norm_clips_as_torch_does(tensors: list[Tensor]) -> None:
    parameters = [torch.nn.Parameter(torch.zeros_like(one)) for one in tensors]
    for parameter, one in zip(parameters, tensors, strict=True):
        parameter.grad = one.clone()
    torch.nn.utils.clip_grad_norm_(parameters, 0.5)
    ByGlobalNorm(norm=0.5).apply(tensors)
    for parameter, one in zip(parameters, tensors, strict=True):
        torch.testing.assert_close(one, parameter.grad, rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", ALL)
def test_nan_stays_nan(name: str) -> None:
    tensors = [torch.tensor([float("nan"), 5.0]), torch.tensor([3.0])]
    factor = clipping(name, 1.0).apply(tensors)
    assert tensors[0].isnan().any() and factor.isnan()


@pytest.mark.parametrize("name", ["by_norm", "by_global_norm"])
def test_gradients_whose_norm_overflows_become_0_and_so_does_the_factor(name: str) -> None:
    tensors = [torch.tensor([1e20, 1.0])]
    assert float(clipping(name, 1.0).apply(tensors)) == 0.0
    assert tensors[0].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", ["by_norm", "by_global_norm"])
def test_no_norm_makes_an_infinite_gradient_finite(name: str) -> None:
    tensors = [torch.tensor([float("inf"), 5.0])]
    clipping(name, 1.0).apply(tensors)
    assert not tensors[0].isfinite().all()


@pytest.mark.parametrize("name", ALL)
def test_no_gradients_are_not_clipped(name: str) -> None:
    assert float(clipping(name, 1.0).apply([])) == 1.0
    assert float(clipping(name, 1.0).apply([torch.zeros(2, 3)])) == 1.0


@pytest.mark.parametrize("name", ALL)
def test_the_document_makes_the_same_clipping(name: str) -> None:
    spec = clipping(name, 0.25)
    assert parse(ALL[name], to_document(spec, complete=True)) == spec
