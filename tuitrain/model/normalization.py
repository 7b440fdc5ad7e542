"""Layers that normalise: y = γ·(x - mean) / √(variance + epsilon) + β. They differ in what mean and variance are over.

The variance is that of the whole, not of a sample; γ starts at 1 and β at 0, one each per channel of an image, per
feature of a sequence, per unit of a flat layer. epsilon is 0.001 as in Keras; torch has 0.00001.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tuitrain.model.base import ImpossibleLayer, LayerSpec, Shape, channel_axis, image_shape, show_shape

if TYPE_CHECKING:
    from torch import nn


class Normalization(LayerSpec):
    """A layer with γ and β."""

    epsilon: float = Field(
        1e-3, gt=0, le=1, repr=False, description="Added to the variance; 0.001 as in Keras, torch has 0.00001."
    )

    @property
    def knows_channels(self) -> bool:
        return True

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def parameters(self, shape: Shape) -> int:
        return 2 * shape[channel_axis(shape)]


class BatchNorm(Normalization):
    """Normalises each unit or channel over the batch and all positions (Ioffe and Szegedy 2015).

    Outside training it takes moving averages of mean and variance, as torch does: that of the variance is unbiased.
    """

    type: Literal["batch_norm"] = "batch_norm"
    momentum: float = Field(
        0.99,
        ge=0,
        lt=1,
        description="What the moving averages keep of themselves each step: Keras's; torch's momentum is 1 minus this.",
    )

    def needs_two_samples(self, shape: Shape) -> bool:
        return math.prod(shape) == shape[channel_axis(shape)]

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        from tuitrain.model.modules import ChannelsLast

        kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
        norm = kind(shape[channel_axis(shape)], self.epsilon, momentum=1 - self.momentum)
        return (ChannelsLast(norm) if len(shape) == 2 else norm,)


class LayerNorm(Normalization):
    """Normalises each sample over all its units, or all of its image; a sequence at each step (Ba et al. 2016).

    Keras takes the last axis, which of an image are the channels of each pixel.
    """

    type: Literal["layer_norm"] = "layer_norm"

    def output_shape(self, shape: Shape) -> Shape:
        return _several(shape, shape[-1] if len(shape) == 2 else math.prod(shape))

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        if len(shape) == 3:
            return (nn.GroupNorm(1, shape[0], self.epsilon),)
        return (nn.LayerNorm(shape[-1], self.epsilon),)


class InstanceNorm(Normalization):
    """Normalises each channel of an image by itself (Ulyanov et al. 2016)."""

    type: Literal["instance_norm"] = "instance_norm"

    def output_shape(self, shape: Shape) -> Shape:
        _, height, width = image_shape(shape)
        return _several(shape, height * width)

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        return (nn.InstanceNorm2d(shape[0], self.epsilon, affine=True),)


class HasGroups(LayerSpec):
    """The first field of a group norm."""

    groups: int = Field(8, ge=1, le=10_000, description="How many groups; they must divide the channels. Keras has 32.")


class GroupNorm(Normalization, HasGroups):
    """Normalises each group of neighbouring channels, or units, of a sample (Wu and He 2018)."""

    type: Literal["group_norm"] = "group_norm"

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) == 2:
            raise ImpossibleLayer(f"needs units or an image, got a sequence of {show_shape(shape)}: take layer_norm")
        if shape[0] % self.groups:
            what = "channels" if len(shape) == 3 else "units"
            raise ImpossibleLayer(f"has {self.groups} groups, which do not divide the {shape[0]} {what}")
        return _several(shape, math.prod(shape) // self.groups)

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        return (nn.GroupNorm(self.groups, shape[0], self.epsilon),)


def _several(shape: Shape, count: int) -> Shape:
    """``shape``, if statistics are over more numbers than one: the deviation of one from its mean is always 0."""
    if count == 1:
        raise ImpossibleLayer(f"would normalise every number of {show_shape(shape)} by itself, and all become 0")
    return shape
