import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tuitrain.data.standardize import Standardize, fit


@st.composite
def samples(draw: st.DrawFn) -> Tensor:
    """Training parts (N, 3, 2) with some features constant, others spread around a centre."""
    source = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    count = draw(st.integers(2, 40))
    spread = torch.tensor(draw(st.lists(st.sampled_from([0.0, 0.1, 1.0, 50.0]), min_size=6, max_size=6)))
    centre = torch.tensor(draw(st.lists(st.floats(-10, 10, width=32), min_size=6, max_size=6)))
    return (centre + spread * torch.randn((count, 6), generator=source)).view(count, 3, 2)


@given(samples())
def test_per_pixel_gives_every_varying_feature_mean_0_and_std_1(training: Tensor) -> None:
    varies = training.amin(0) != training.amax(0)
    result = fit("per_pixel", training, None)(training)
    assert result.dtype == torch.float32
    result = result.double()
    assert torch.allclose(result.mean(0), torch.zeros(3, 2).double(), atol=1e-4)
    assert torch.allclose(result.std(0, correction=0), varies.double(), atol=1e-4)


@given(samples())
def test_global_gives_all_values_together_mean_0_and_std_1(training: Tensor) -> None:
    result = fit("global", training, None)(training).double()
    assert result.mean().abs() < 1e-4
    assert (
        torch.allclose(result.std(correction=0), torch.ones(()).double(), atol=1e-4) or training.unique().numel() == 1
    )


@given(samples())
def test_scale_goes_from_0_to_1(training: Tensor) -> None:
    result = fit("scale", training, None)(training)
    assert result.min() == 0
    assert result.max() == (1 if training.unique().numel() > 1 else 0)


def test_a_known_range_counts_and_not_the_values() -> None:
    training = torch.tensor([[51.0], [102.0]])
    assert fit("scale", training, (0.0, 255.0))(training).flatten().tolist() == pytest.approx([0.2, 0.4])


def test_none_changes_nothing() -> None:
    training = torch.randn(5, 2)
    assert torch.equal(fit("none", training, (0.0, 1.0))(training), training)


@pytest.mark.parametrize("how", ["global", "per_pixel"])
def test_it_agrees_with_the_formula_in_float64(how: Standardize) -> None:
    training = torch.rand((500, 1, 4, 4), generator=torch.Generator().manual_seed(0)) * 255
    exact = training.double()
    over = (0, 1, 2, 3) if how == "global" else (0,)
    expected = (exact - exact.mean(over)) / ((exact - exact.mean(over)) ** 2).mean(over).sqrt()
    assert torch.allclose(fit(how, training, None)(training).double(), expected, atol=1e-5)


def test_a_value_never_seen_in_a_constant_feature_stays_finite() -> None:
    standardized = fit("per_pixel", torch.tensor([[0.1, 1.0], [0.1, 3.0], [0.1, 2.0]]), None)
    assert standardized(torch.tensor([[2.1, 2.0]])).tolist() == [pytest.approx([2.0, 0.0], abs=1e-6)]
