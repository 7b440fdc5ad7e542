"""What augmentation does to a batch of images (N, channels, height, width).

All random numbers of a sample follow from (seed, epoch, index of the sample), and every value is computed on its own:
a sample is augmented the same whatever batch it is in.
"""

import math
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from tuitrain.data.seeds import number

if TYPE_CHECKING:
    from tuitrain.data.augment import Augment

SLICE_ELEMENTS = 1 << 20
"""How many values are augmented at once: the temporary tensors stay small."""
_LEVELS = 1 << 16


class Augmentation:
    """Augments training batches as a spec says."""

    def __init__(self, spec: "Augment", seed: int) -> None:
        self._spec = spec
        self._seed = seed

    def __call__(self, images: Tensor, index: Tensor, epoch: int) -> Tensor:
        """The images of the samples ``index`` (N,) as they are seen in ``epoch``."""
        key = number(self._seed, f"augmentation of epoch {epoch}")
        at_once = max(1, SLICE_ELEMENTS // max(1, images[0].numel()))
        parts = [
            self._augmented(some, splitmix64(key, which))
            for some, which in zip(images.split(at_once), index.split(at_once), strict=True)
        ]
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    def _augmented(self, images: Tensor, keys: Tensor) -> Tensor:
        spec = self._spec
        down, right, mirrored, turn = sixteen_bits(splitmix64(keys, torch.zeros_like(keys))).unbind(-1)
        if spec.crop or spec.flip:
            span = 2 * spec.crop + 1
            rows, columns = ((part * span >> 16) - spec.crop for part in (down, right))
            images = moved(images, rows, columns, (mirrored & 1).bool() & spec.flip)
        if spec.rotate:
            cosine, sine = _directions(spec.rotate, images.device, images.dtype)
            images = rotated(images, cosine.take(turn), sine.take(turn))
        if spec.noise:
            images = images + spec.noise * normal(keys, images[0].numel(), images.dtype).view_as(images)
        return images


def moved(images: Tensor, down: Tensor, right: Tensor, mirrored: Tensor) -> Tensor:
    """Mirrored left to right where ``mirrored`` (N,), then the window ``down`` and ``right`` (N,) of the old place."""
    channels, height, width = images.shape[1:]
    rows = torch.arange(height, device=images.device) + down[:, None]
    columns = torch.arange(width, device=images.device) + right[:, None]
    inside = _within(rows, height)[:, :, None] & _within(columns, width)[:, None, :]
    columns = torch.where(mirrored[:, None], width - 1 - columns, columns)
    places = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]
    taken = images.flatten(2).gather(2, places.flatten(1)[:, None].expand(-1, channels, -1)).view_as(images)
    return taken.masked_fill_(~inside[:, None], 0)


def rotated(images: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Each turned clockwise about its centre by the angle with this ``cosine`` and ``sine`` (N,), bilinear."""
    height, width = images.shape[2:]
    cosine, sine = cosine[:, None, None], sine[:, None, None]
    y = (torch.arange(height, device=images.device, dtype=images.dtype) - (height - 1) / 2)[:, None]
    x = torch.arange(width, device=images.device, dtype=images.dtype) - (width - 1) / 2
    grid = torch.stack(((x * cosine + y * sine) * (2 / width), (y * cosine - x * sine) * (2 / height)), dim=-1)
    turned: Tensor = grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return turned


def normal(keys: Tensor, count: int, dtype: torch.dtype) -> Tensor:
    """(N,) keys of samples → (N, count) numbers of the standard normal distribution, each one of 65,536 quantiles."""
    places = torch.arange(1, -(-count // 4) + 1, device=keys.device)
    levels = sixteen_bits(splitmix64(keys[:, None], places)).flatten(1)[:, :count]
    return _quantiles(keys.device, dtype).take(levels)


def _within(places: Tensor, size: int) -> Tensor:
    return (places >= 0) & (places < size)


def _levels() -> Tensor:
    """The middles of 65,536 equal steps from 0 to 1.

    What follows from them is looked up rather than computed for each value: torch's logarithms, sines and the like
    depend in the last digit on where in a tensor a value stands, and on the device. It is computed on the CPU, for not
    every device has float64.
    """
    return (torch.arange(_LEVELS, dtype=torch.float64, device="cpu") + 0.5) / _LEVELS


@lru_cache(maxsize=8)
def _directions(degrees: float, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosine and sine of angles from -degrees to degrees."""
    angles = (2 * _levels() - 1) * math.radians(degrees)
    return angles.cos().to(dtype).to(device), angles.sin().to(dtype).to(device)


@cache
def _quantiles(device: torch.device, dtype: torch.dtype) -> Tensor:
    """65,536 quantiles of the standard normal distribution, scaled so that their variance is 1."""
    quantiles: Tensor = torch.special.ndtri(_levels())
    return (quantiles / quantiles.square().mean().sqrt()).to(dtype).to(device)


_GAMMA = 0x9E3779B97F4A7C15 - (1 << 64)
_FIRST = 0xBF58476D1CE4E5B9 - (1 << 64)
_SECOND = 0x94D049BB133111EB - (1 << 64)


def splitmix64(key: int | Tensor, index: Tensor) -> Tensor:
    """Number ``index`` (int64, from 0) of the stream that begins with ``key``; both broadcast.

    A function of its place, without a generator whose history could matter (Steele, Lea, Flood: Fast splittable
    pseudorandom number generators, 2014). torch's int64 wraps around as unsigned numbers do: the bits are the same on
    every device, however many are made at once.
    """
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
