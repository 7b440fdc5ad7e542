import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from tuitrain.data import standardize
from tuitrain.data.standardize import Standardize, fit
from tuitrain.errors import Refused


@st.composite
def samples(draw: st.DrawFn) -> Tensor:
    """Training parts (N, 3, 2) with some features constant, others spread around a centre."""
    source = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    count = draw(st.integers(2, 40))
    spread = torch.tensor(draw(st.lists(st.sampled_from([0.0, 0.1, 1.0, 50.0]), min_size=6, max_size=6)))
    centre = torch.tensor(draw(st.lists(st.floats(-10, 10, width=32), min_size=6, max_size=6)))
    return (centre + spread * torch.randn((count, 6), generator=source)).view(count, 3, 2)


CLOSE = torch.tensor([[[0.0, 4.0369], [0.0, 0.0], [0.0, 0.0]], [[0.0, 4.0413], [0.0, 0.0], [0.0, 0.0]]])


def rounding(training: Tensor, over: tuple[int, ...]) -> Tensor:
    """How far a mean may be from 0: the true one, rounded to float32, is off by half a unit of its last place."""
    exact = training.double()
    spread = exact.std(over, correction=0)
    return 1e-5 + 2**-24 * exact.abs().amax(over) / spread.where(spread > 0, 1.0)


@given(samples())
@example(CLOSE)
def test_per_pixel_gives_every_varying_feature_mean_0_and_std_1(training: Tensor) -> None:
    varies = training.amin(0) != training.amax(0)
    result = fit("per_pixel", training, None)(training)
    assert result.dtype == torch.float32
    result = result.double()
    assert (result.mean(0).abs() <= rounding(training, (0,))).all()
    assert torch.allclose(result.std(0, correction=0), varies.double(), atol=1e-5)


@given(samples())
@example(CLOSE)
def test_global_gives_all_values_together_mean_0_and_std_1(training: Tensor) -> None:
    result = fit("global", training, None)(training).double()
    varies = training.amin() != training.amax()
    assert result.mean().abs() <= rounding(training, (0, 1, 2))
    assert torch.allclose(result.std(correction=0), varies.double(), atol=1e-5)


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
    assert torch.allclose(fit(how, training, None)(training).double(), expected, atol=1e-6)


def test_a_value_never_seen_in_a_constant_feature_stays_finite() -> None:
    standardized = fit("per_pixel", torch.tensor([[0.1, 1.0], [0.1, 3.0], [0.1, 2.0]]), None)
    assert standardized(torch.tensor([[2.1, 2.0]])).tolist() == [pytest.approx([2.0, 0.0], abs=1e-6)]


@pytest.mark.parametrize("how", ["scale", "global", "per_pixel"])
@pytest.mark.parametrize("large", [1e19, 1e30, 3e38])
def test_large_numbers_are_rescaled_and_not_destroyed(how: Standardize, large: float) -> None:
    training = torch.tensor([[0.0, large], [1.0, large / 2], [2.0, large / 4], [3.0, 0.0]])
    result = fit(how, training, None)(training)
    assert result.isfinite().all()
    assert result[:, 1].diff().max() < -0.1


@pytest.mark.parametrize("how", ["scale", "global", "per_pixel"])
@pytest.mark.parametrize("far", [(-3e38, 3e38), (0.0, float("nan")), (0.0, float("inf"))])
def test_values_too_far_apart_are_refused_by_feature(how: Standardize, far: tuple[float, float]) -> None:
    training = torch.tensor([[0.0, 1e38, far[0]], [1.0, 2e38, far[1]]])
    sentence = rf"^data\.standardize: {how} cannot rescale column 2, whose values go from (-3e\+38|0|nan) to "
    with pytest.raises(Refused, match=sentence):
        fit(how, training, None, "column {}".format)


def test_a_feature_with_a_spread_that_float32_calls_0_stays_finite() -> None:
    training = torch.zeros(1000, 1)
    training[0] = 1.4e-45  # the least there is above 0
    assert fit("per_pixel", training, None)(training).isfinite().all()


class Largest(TorchDispatchMode):
    """How many values the largest tensor in float64 has had."""

    def __init__(self) -> None:
        super().__init__()
        self.double = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.dtype == torch.float64:
            self.double = max(self.double, result.numel())
        return result


@pytest.mark.parametrize("how", ["global", "per_pixel"])
def test_a_data_set_is_never_in_float64_as_a_whole(how: Standardize, monkeypatch: pytest.MonkeyPatch) -> None:
    training = torch.randn((1003, 2, 5), generator=torch.Generator().manual_seed(0)) + 3
    whole = fit(how, training, None)
    monkeypatch.setattr(standardize, "_PART_ELEMENTS", 100)
    with Largest() as largest:
        parts = fit(how, training, None)
    assert 0 < largest.double <= 100
    assert torch.allclose(parts.shift, whole.shift, rtol=1e-6)
    assert torch.allclose(parts.scale, whole.scale, rtol=1e-6)
