import torch

from tuitrain.data.transforms import sixteen_bits, splitmix64

MASK = (1 << 64) - 1


def reference(key: int, index: int) -> int:
    """Of the authors' C code, in numbers without a size."""
    z = (key + (index + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def unsigned(numbers: torch.Tensor) -> list[int]:
    return [number & MASK for number in numbers.tolist()]


def test_the_published_numbers() -> None:
    first = splitmix64(0, torch.arange(3))
    assert unsigned(first) == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_every_number_wraps_around_as_unsigned_ones_do() -> None:
    keys = torch.tensor([0, 1, -1, (1 << 63) - 1, -(1 << 63), 123456789])
    index = torch.tensor([0, 1, 5, 1 << 40])
    found = splitmix64(keys[:, None], index)
    expected = [reference(key & MASK, one) for key in keys.tolist() for one in index.tolist()]
    assert unsigned(found.flatten()) == expected


def test_the_parts_of_a_number() -> None:
    numbers = torch.tensor([0x0004000300020001, -1])
    assert sixteen_bits(numbers).tolist() == [[1, 2, 3, 4], [0xFFFF] * 4]
