"""The contract of every initialiser: mean, spread and shape of what it draws, and that a seed repeats it."""

import math

import pytest
import torch

from tuitrain.model.initializers import Initializer, InitializerSpec, Normal
from tuitrain.spec import members

FAN_IN, FAN_OUT = 600, 400
STD = {
    "zeros": 0.0,
    "normal": 0.05,
    "glorot_uniform": math.sqrt(2 / (FAN_IN + FAN_OUT)),
    "he_normal": math.sqrt(2 / FAN_IN),
    "lecun_normal": math.sqrt(1 / FAN_IN),
}
ALL = members(Initializer)


def draw(initializer: object, seed: int = 0) -> torch.Tensor:
    assert isinstance(initializer, InitializerSpec)
    torch.manual_seed(seed)
    weights = torch.full((FAN_OUT, FAN_IN), math.nan)
    initializer.fill(weights, FAN_IN, FAN_OUT)
    return weights.double()


def test_every_initializer_has_a_spread_here() -> None:
    assert STD.keys() == ALL.keys()


@pytest.mark.parametrize("name", ALL)
def test_mean_and_standard_deviation_follow_the_formula(name: str) -> None:
    weights, std = draw(ALL[name]()), STD[name]
    # Both bounds are five standard errors of 240,000 draws.
    count = weights.numel()
    assert abs(weights.mean().item()) <= 5 * std / math.sqrt(count)
    assert weights.std().item() == pytest.approx(std, rel=5 / math.sqrt(2 * count))


@pytest.mark.parametrize("name", ALL)
def test_a_seed_repeats_the_draw(name: str) -> None:
    assert torch.equal(draw(ALL[name](), 3), draw(ALL[name](), 3))


def test_glorot_uniform_stays_within_its_radius() -> None:
    radius = math.sqrt(6 / (FAN_IN + FAN_OUT))
    assert radius * 0.999 < draw(ALL["glorot_uniform"]()).abs().max().item() <= radius


def test_normal_can_shrink_with_the_inputs() -> None:
    assert draw(Normal(std="1/sqrt(fan_in)")).std().item() == pytest.approx(1 / math.sqrt(FAN_IN), rel=0.01)
