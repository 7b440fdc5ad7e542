"""Standardisation: every value x becomes (x - shift) / scale, with figures of the training part only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tuitrain.errors import Refused

if TYPE_CHECKING:
    from torch import Tensor, device

Standardize = Literal["none", "scale", "global", "per_pixel"]
"""How inputs are rescaled."""

Choice = Literal["auto", Standardize]
"""What can be asked for: auto is what suits the data set."""

Range = tuple[float, float]

_PART_ELEMENTS = 1 << 20
"""How many values are in float64 at once: a whole data set would take twice its memory."""


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
    """In float32; a scale that is 0 there counts as 1."""
    import torch

    scale = scale.float()
    return Affine(shift.float(), torch.where(scale == 0, torch.ones(()), scale))


def fit(
    how: Standardize, training: Tensor, known: Range | None, named: Callable[[int], str] = "feature {}".format
) -> Affine:
    """The standardisation that the training part, float32 (N, *shape), asks for.

    - ``scale``: from [low, high], the known range or else the least and greatest value, to [0, 1].
    - ``global``: to mean 0 and standard deviation 1 over all values.
    - ``per_pixel``: the same for every feature by itself.

    A standard deviation is that of a population (divided by N); where it is 0 it counts as 1, and
    so does a range without extent. Means and deviations are computed in float64.

    Raises:
        Refused: if values lie too far apart for float32; ``named`` gives the name of a feature for its number (from 0).
    """
    import torch

    if how == "none":
        return affine(torch.tensor(0.0), torch.tensor(1.0))
    if how == "scale" and known:
        low, high = (torch.tensor(bound) for bound in known)
        return affine(low, high - low)
    low, high = _extremes(how, training, named)
    if how == "scale":
        return affine(low, high - low)
    mean, deviation = _moments(training, together=how == "global")
    return affine(mean, deviation)


def _extremes(how: Standardize, training: Tensor, named: Callable[[int], str]) -> tuple[Tensor, Tensor]:
    """The least and the greatest value, for ``per_pixel`` of each feature.

    Their difference is finite: then so are all differences from a mean, and the deviation.
    """
    import torch

    lows, highs = torch.aminmax(training, dim=0)
    low, high = (lows, highs) if how == "per_pixel" else (lows.amin(), highs.amax())
    if not (high - low).isfinite().all():
        worst = int((high - low if how == "per_pixel" else torch.maximum(highs, -lows)).argmax())
        least, most = lows.flatten()[worst].item(), highs.flatten()[worst].item()
        raise Refused(
            f"data.standardize: {how} cannot rescale {named(worst)}, whose values go from {least:.4g} to {most:.4g}: "
            "mend those that are too large"
        )
    return low, high


def _moments(training: Tensor, *, together: bool) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation in float64, of each feature or of all ``together``."""

    def mean(sums: Iterator[Tensor]) -> Tensor:
        total = next(sums).clone()
        for one in sums:
            total += one
        return total.mean() / len(training) if together else total / len(training)

    centre = mean(part.sum(0) for part in _in_double(training))
    variance = mean(part.sub_(centre).square_().sum(0) for part in _in_double(training))
    return centre, variance.sqrt()


def _in_double(training: Tensor) -> Iterator[Tensor]:
    """Some samples after the other; a copy, so that it may be changed."""
    at_once = max(1, _PART_ELEMENTS // max(1, training[0].numel()))
    return (part.double() for part in training.split(at_once))
