"""Random numbers that are a function of their place: no generator whose history could matter.

splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014) in torch's int64, which wraps
around as unsigned numbers do: the same bits on every device, however many are made at once.
"""

import torch
from torch import Tensor

_GAMMA = 0x9E3779B97F4A7C15 - (1 << 64)
_FIRST = 0xBF58476D1CE4E5B9 - (1 << 64)
_SECOND = 0x94D049BB133111EB - (1 << 64)


def splitmix64(key: int | Tensor, index: Tensor) -> Tensor:
    """Number ``index`` (int64, from 0) of the stream that begins with ``key``; both broadcast."""
    z = key + (index + 1) * _GAMMA
    z = (z ^ _shifted(z, 30)) * _FIRST
    z = (z ^ _shifted(z, 27)) * _SECOND
    return z ^ _shifted(z, 31)


def sixteen_bits(numbers: Tensor) -> Tensor:
    """(...) → (..., 4) independent whole numbers 0 .. 65535: the parts of each."""
    places = torch.arange(0, 64, 16, device=numbers.device)
    return (numbers.unsqueeze(-1) >> places) & 0xFFFF


def _shifted(z: Tensor, bits: int) -> Tensor:
    """Shifted right as an unsigned number: zeros come in from the left."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)
