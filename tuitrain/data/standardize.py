"""Standardisation: every value x becomes (x - shift) / scale, with figures of the training part only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor, device

Standardize = Literal["none", "scale", "global", "per_pixel"]
Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Affine:
    """x -> (x - shift) / scale in float32. Both broadcast against one sample."""

    shift: Tensor
    scale: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return (x - self.shift).div_(self.scale)

    def to(self, where: device) -> Affine:
        return Affine(self.shift.to(where), self.scale.to(where))


def affine(shift: Tensor, scale: Tensor) -> Affine:
    """In float32; a scale of 0 counts as 1."""
    import torch

    return Affine(shift.float(), torch.where(scale == 0, torch.ones(()), scale.float()))


def fit(how: Standardize, training: Tensor, known: Range | None) -> Affine:
    """The standardisation that the training part, float32 (N, *shape), asks for.

    - ``scale``: from [low, high], the known range or else the least and greatest value, to [0, 1].
    - ``global``: to mean 0 and standard deviation 1 over all values.
    - ``per_pixel``: the same for every feature by itself.

    A standard deviation is that of a population (divided by N); where it is 0 it counts as 1, and
    so does a range without extent.
    """
    import torch

    match how:
        case "none":
            shift, scale = torch.tensor(0.0), torch.tensor(1.0)
        case "scale":
            low, high = (torch.tensor(bound) for bound in known) if known else training.aminmax()
            shift, scale = low, high - low
        case "global":
            variance, shift = torch.var_mean(training, correction=0)
            scale = variance.sqrt()
        case "per_pixel":
            variance, shift = torch.var_mean(training, dim=0, correction=0)
            scale = variance.sqrt()
    return affine(shift, scale)
