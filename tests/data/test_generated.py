import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.data.generated import Spirals


@given(st.integers(2, 20), st.floats(0.1, 10), st.integers())
def test_without_noise_every_point_lies_on_the_arm_of_its_class(classes: int, turns: float, seed: int) -> None:
    samples = Spirals(samples=200, classes=classes, turns=turns, noise=0.0).read(seed)
    t = samples.x.norm(dim=1)
    angle = 2 * math.pi * (turns * t + samples.y / classes)
    assert t.max() <= 1 + 1e-6
    assert torch.allclose(samples.x, torch.stack((t * angle.cos(), t * angle.sin()), dim=1), atol=1e-4)


@given(st.integers(2, 20), st.integers(20, 300))
def test_arms_have_equally_many_points(classes: int, samples: int) -> None:
    counts = Spirals(samples=samples, classes=classes).read(0).y.bincount()
    assert len(counts) == classes
    assert counts.max() - counts.min() <= 1


def test_noise_is_the_standard_deviation_around_the_arm() -> None:
    spec = Spirals(samples=20_000, noise=0.1)
    noise = spec.read(3).x - spec.model_copy(update={"noise": 0.0}).read(3).x
    assert torch.allclose(noise.std(dim=0), torch.tensor(0.1), rtol=0.03)


def test_the_seed_decides_all() -> None:
    assert torch.equal(Spirals().read(1).x, Spirals().read(1).x)
    assert not torch.equal(Spirals().read(1).x, Spirals().read(2).x)
