import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import pad
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.transforms.functional import InterpolationMode, rotate

from tuitrain.data.augment import Augment
from tuitrain.data.generated import Spirals
from tuitrain.data.seeds import number
from tuitrain.data.transforms import Augmentation, moved, normal, rotated, sixteen_bits, splitmix64
from tuitrain.data.vision import Mnist
from tuitrain.spec import Invalid, parse

EVERYTHING = Augment(crop=3, flip=True, rotate=30.0, noise=0.5)
N = 37


def images(count: int = N, channels: int = 2, height: int = 9, width: int = 7) -> Tensor:
    return torch.randn(count, channels, height, width, generator=torch.Generator().manual_seed(1))


def build(seed: int = 0, **fields: Any) -> Augmentation:
    built = Augmentation(Augment(**fields), seed)
    assert built is not None
    return built


@given(st.permutations(range(N)), st.integers(1, N), st.integers(0, 3))
def test_a_sample_is_augmented_the_same_in_any_company(place: list[int], size: int, epoch: int) -> None:
    augmentation, x, index = Augmentation(EVERYTHING, 7), images(), torch.arange(N)
    whole = augmentation(x, index, epoch)
    shuffled = torch.tensor(place)
    parts = [augmentation(x[some], some, epoch) for some in shuffled.split(size)]
    assert torch.equal(torch.cat(parts), whole[shuffled])


@pytest.fixture
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("_threads")
def test_threads_change_nothing() -> None:
    x, index = images(300, 3, 32, 32), torch.arange(300)
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        results.append(Augmentation(EVERYTHING, 0)(x, index, 0))
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


@pytest.mark.parametrize("fields", [{"crop": 4}, {"flip": True}, {"rotate": 20.0}, {"noise": 0.1}])
def test_it_depends_on_seed_epoch_and_sample(fields: dict[str, Any]) -> None:
    same = images(1).expand(200, -1, -1, -1)
    index = torch.arange(200)
    one = build(**fields)(same, index, 0)
    assert not torch.equal(one, build(**fields)(same, index, 1))
    assert not torch.equal(one, build(seed=1, **fields)(same, index, 0))
    different = {tuple(image.flatten().tolist()) for image in one}
    assert len(different) == 2 if "flip" in fields else len(different) > 50


def test_large_batches_are_augmented_a_slice_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    x, index = images(), torch.arange(N)
    whole = Augmentation(EVERYTHING, 0)(x, index, 2)
    monkeypatch.setattr("tuitrain.data.transforms.SLICE_ELEMENTS", 300)
    assert torch.equal(Augmentation(EVERYTHING, 0)(x, index, 2), whole)


def test_crops_and_flips_are_those_of_a_padded_image() -> None:
    x, span = images(49, 1, 5, 6), 3
    down, right = (grid.flatten() for grid in torch.meshgrid(*[torch.arange(-span, span + 1)] * 2, indexing="ij"))
    for mirrored in (False, True):
        found = moved(x, down, right, torch.full((49,), mirrored))
        seen = pad(x.flip(-1) if mirrored else x, [span] * 4)
        for image, padded, dy, dx in zip(found, seen, down.tolist(), right.tolist(), strict=True):
            assert torch.equal(image, padded[:, span + dy : span + dy + 5, span + dx : span + dx + 6])


def test_every_crop_and_both_sides_come_up_as_often() -> None:
    marked = torch.zeros(1, 1, 5, 5)
    marked[..., 2, 1] = 1
    found = build(crop=1, flip=True)(marked.expand(18_000, -1, -1, -1), torch.arange(18_000), 0)
    counts = found.sum((0, 1))
    # Where the mark comes to lie: three rows by three columns around it, and around its mirror image in column 3.
    expected = torch.zeros(5, 5)
    expected[1:4, 0:3] += 1000
    expected[1:4, 2:5] += 1000
    assert (counts - expected).abs().max() < 200
    assert counts[expected == 0].sum() == 0


@pytest.mark.parametrize("size", [(9, 9), (8, 13)])
@pytest.mark.parametrize("degrees", [0.0, 17.5, -90.0, 180.0])
def test_rotation_is_that_of_torchvision(size: tuple[int, int], degrees: float) -> None:
    x = images(3, 2, *size)
    expected = rotate(x, -degrees, InterpolationMode.BILINEAR)  # theirs turns the other way round
    angle = torch.full((3,), math.radians(degrees))
    assert torch.allclose(rotated(x, angle.cos(), angle.sin()), expected, atol=1e-4)


@pytest.mark.parametrize("degrees", [1.0, 45.0, 180.0])
def test_the_angles_are_those_of_the_formula_in_float64(degrees: float) -> None:
    index, right = torch.arange(200), torch.zeros(200, 1, 1, 3)
    right[..., 2] = 1
    x = right.expand(-1, -1, 3, -1)
    keys = splitmix64(number(5, "augmentation of epoch 2"), index)
    turns = sixteen_bits(splitmix64(keys, torch.zeros_like(keys)))[:, 3].double()
    angle = ((2 * turns + 1) / 65536 - 1) * math.pi * degrees / 180
    exact = rotated(x.double(), angle.cos(), angle.sin())
    assert torch.allclose(build(5, rotate=degrees)(x, index, 2).double(), exact, atol=1e-6)


class WithoutDouble(TorchDispatchMode):
    """Refuses float64 where the images are, as Apple's GPUs do: there they are meta tensors, which hold no values."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for one in result if isinstance(result, (tuple, list)) else (result,):
            assert not (isinstance(one, Tensor) and one.is_meta and one.dtype == torch.float64), f"{func} in float64"
        return result


def test_a_device_needs_no_float64() -> None:
    x, index = images().to("meta"), torch.arange(N, device="meta")
    with WithoutDouble():
        assert Augmentation(EVERYTHING, 0)(x, index, 0).dtype == torch.float32
        with pytest.raises(AssertionError, match="in float64"):
            x.double()


def test_angles_fill_the_range_to_both_sides() -> None:
    line = torch.zeros(1, 1, 41, 41)
    line[..., 20, 21:] = 1
    turned = build(rotate=60.0)(line.expand(400, -1, -1, -1), torch.arange(400), 0)[:, 0]
    y, x = torch.meshgrid(torch.arange(41) - 20.0, torch.arange(41) - 20.0, indexing="ij")
    angles = torch.atan2((turned * y).sum((1, 2)), (turned * x).sum((1, 2))) * (180 / math.pi)
    assert angles.min() < -55
    assert angles.max() > 55
    assert angles.abs().max() < 61
    assert abs(angles.mean()) < 6


def test_noise_is_standard_normal_and_independent() -> None:
    found = normal(torch.arange(1000), 1001, torch.float32).double()
    assert found.shape == (1000, 1001)
    assert abs(found.mean()) < 5e-3
    assert abs(found.std() - 1) < 5e-3
    assert abs(found.pow(4).mean() - 3) < 0.03
    assert abs((found.abs() < 1).double().mean() - 0.682689) < 2e-3
    for one, other in ((found[:-1], found[1:]), (found[:, :-1], found[:, 1:]), (found[:, :-4], found[:, 4:])):
        assert abs((one * other).mean()) < 5e-3


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    x = images(500)
    added = build(noise=0.3)(x, torch.arange(500), 0) - x
    assert abs(added.std() - 0.3) < 0.01


def test_nothing_is_built_where_everything_is_off() -> None:
    assert not Augment().is_on


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (Spirals(augment=Augment(flip=True)), r"data\.augment: needs images .* a sample here is 2; remove it"),
        (Mnist(augment=Augment(crop=28)), r"data\.augment\.crop: must be less .* at most 27, got 28"),
    ],
)
def test_what_cannot_be_augmented_is_told_before_training(data: Any, complaint: str) -> None:
    with pytest.raises(Invalid, match=f"^{complaint}"):
        raise Invalid(data.problems())


@pytest.mark.parametrize(("shape", "most"), [((3, 12, 16), 11), ((1, 16, 12), 11), ((1, 2, 300), 1)])
def test_a_crop_is_less_than_the_shorter_side(shape: tuple[int, ...], most: int) -> None:
    assert Augment(crop=most).problems(shape) == ()
    (problem,) = Augment(crop=most + 1).problems(shape)
    assert str(problem) == (
        f"data.augment.crop: must be less than the height and width, at most {most}, got {most + 1}"
    )


def test_images_can_be_augmented_and_anything_with_everything_off() -> None:
    assert Mnist(augment=EVERYTHING).problems() == ()
    assert Spirals(augment=Augment()).problems() == ()


@pytest.mark.parametrize("field", [{"crop": -1}, {"rotate": 181.0}, {"noise": -0.1}, {"flip": "yes"}, {"zoom": 2}])
def test_limits(field: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match=rf"^augment\.{next(iter(field))}: "):
        parse(Spirals, {"augment": field})
    assert parse(Spirals, {"augment": {"type": "images"}}).augment == parse(Spirals, {"augment": "images"}).augment
