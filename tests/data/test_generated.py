import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tuitrain.data.generated import Circles, Computed, Moons, Planar, Sine, Spirals, Xor
from tuitrain.spec import members

from ..narrow import of_type

MEMBERS = list(members(Computed).values())
PLANAR = [member for member in MEMBERS if issubclass(member, Planar)]
SEEDS = st.integers()


def points(data: Computed, seed: int) -> tuple[Tensor, Tensor]:
    """The inputs and the targets."""
    part = data.read(seed)
    return of_type(Tensor, part.x), part.y


@given(st.integers(2, 20), st.floats(0.1, 10), SEEDS)
def test_without_noise_every_point_lies_on_the_arm_of_its_class(classes: int, turns: float, seed: int) -> None:
    x, y = points(Spirals(samples=200, classes=classes, turns=turns, noise=0.0), seed)
    t = x.norm(dim=1)
    angle = 2 * math.pi * (turns * t + y / classes)
    assert t.max() <= 1 + 1e-6
    assert torch.allclose(x, torch.stack((t * angle.cos(), t * angle.sin()), dim=1), atol=1e-4)


@given(SEEDS)
def test_without_noise_every_point_lies_on_the_half_circle_of_its_class(seed: int) -> None:
    x, y = points(Moons(samples=200, noise=0.0), seed)
    outer, inner = x[y == 0].double(), x[y == 1].double()
    for moon, centre, side in ((outer, (0.0, 0.0), 1), (inner, (1.0, 0.5), -1)):
        from_centre = moon - torch.tensor(centre)
        assert torch.allclose(from_centre.norm(dim=1), torch.ones(100).double(), atol=1e-6)
        assert (side * from_centre[:, 1]).min() >= -1e-6
        assert from_centre[:, 0].min() < -0.5 and from_centre[:, 0].max() > 0.5


@given(st.floats(0.01, 0.99), SEEDS)
def test_without_noise_every_point_lies_on_the_circle_of_its_class(factor: float, seed: int) -> None:
    x, y = points(Circles(samples=200, factor=factor, noise=0.0), seed)
    radius = torch.where(y == 0, 1.0, factor)
    assert torch.allclose(x.norm(dim=1), radius, atol=1e-6)
    for quadrant in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        assert (x * torch.tensor(quadrant) > 0).all(dim=1).any()


@given(SEEDS)
def test_without_noise_the_class_is_whether_the_signs_differ(seed: int) -> None:
    x, y = points(Xor(samples=200, noise=0.0), seed)
    product = x[:, 0] * x[:, 1]
    assert torch.equal(y, (product < 0).long())
    assert (product != 0).all()
    assert x.abs().max() <= 1
    quadrants = x.gt(0).long() @ torch.tensor([1, 2])
    assert quadrants.bincount(minlength=4).min() > 20


@given(st.floats(0.1, 10), SEEDS)
def test_without_noise_y_is_the_sine_of_x(periods: float, seed: int) -> None:
    x, y = points(Sine(samples=200, periods=periods, noise=0.0), seed)
    assert x.shape == (200, 1)
    assert y.shape == (200,)
    assert torch.allclose(y.double(), x[:, 0].double().sin(), atol=1e-5)
    reach = math.pi * periods
    assert -reach <= x.min() < -0.8 * reach and 0.8 * reach < x.max() <= reach


@pytest.mark.parametrize("member", PLANAR)
@given(samples=st.integers(20, 300))
def test_classes_have_equally_many_points(member: Any, samples: int) -> None:
    counts = member(samples=samples).read(0).y.bincount()
    assert counts.sum() == samples
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("member", MEMBERS)
def test_noise_is_a_standard_deviation(member: Any) -> None:
    noisy, exact = (member(samples=20_000, noise=noise).read(3) for noise in (0.1, 0.0))
    noise = noisy.y - exact.y if member is Sine else noisy.x - exact.x
    assert torch.allclose(noise.std(dim=0), torch.tensor(0.1), rtol=0.03)
    assert torch.allclose(noise.mean(dim=0), torch.tensor(0.0), atol=0.003)


@pytest.mark.parametrize("member", MEMBERS)
def test_the_seed_decides_all(member: Any) -> None:
    assert torch.equal(member().read(1).x, member().read(1).x)
    assert not torch.equal(member().read(1).x, member().read(2).x)
