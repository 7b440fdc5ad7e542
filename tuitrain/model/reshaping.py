"""Layers that only arrange their input anew: flatten, reshape."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from tuitrain.model.base import ImpossibleLayer, LayerSpec, Shape, show_shape

if TYPE_CHECKING:
    from torch import nn

Axes = Annotated[tuple[Annotated[int, Field(ge=-1, le=10_000_000)], ...], Field(strict=False, min_length=1)]


class Flatten(LayerSpec):
    """All axes as one: a 1×28×28 image becomes 784 numbers."""

    type: Literal["flatten"] = "flatten"

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        return (nn.Flatten(),)


class Reshape(LayerSpec):
    """The same numbers in the same order on other axes: 784 become an image of 1×28×28, or a sequence of 28×28."""

    type: Literal["reshape"] = "reshape"
    shape: Axes = Field(
        (-1,), description="The one to three axes behind it; -1 once for what is left, as in [1, 28, -1]."
    )

    @field_validator("shape")
    @classmethod
    def _is_shape(cls, shape: Shape) -> Shape:
        if len(shape) > 3:
            raise ValueError(f"must have at most 3 axes, has {len(shape)}")
        if 0 in shape:
            raise ValueError("must have axes of at least 1, or -1 for what is left, got 0")
        if shape.count(-1) > 1:
            raise ValueError("can have -1 only once")
        return shape

    def output_shape(self, shape: Shape) -> Shape:
        count, known = math.prod(shape), math.prod(axis for axis in self.shape if axis != -1)
        if count % known or (-1 not in self.shape and count != known):
            raise ImpossibleLayer(f"gets {show_shape(shape)}, which is {count:,} numbers: {_claim(self.shape, known)}")
        return tuple(count // known if axis == -1 else axis for axis in self.shape)

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        return (nn.Flatten(), nn.Unflatten(1, self.output_shape(shape)))


def _claim(shape: Shape, known: int) -> str:
    if -1 in shape:
        return f"they must be a multiple of {known:,} for the -1 in shape"
    return f"shape {show_shape(shape)} has {known:,}"
