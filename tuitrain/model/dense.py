"""Layers without a spatial structure: flatten, dense, dropout."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from tuitrain.model.activations import Linear
from tuitrain.model.base import ImpossibleLayer, LayerSpec, Shape, show_shape
from tuitrain.model.fields import HasActivation, WeightFields

if TYPE_CHECKING:
    from torch import nn

MOST_UNITS = 100_000


class Flatten(LayerSpec):
    """All axes as one: a 1×28×28 image becomes 784 numbers."""

    type: Literal["flatten"] = "flatten"

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        return (nn.Flatten(),)


class DenseFields(WeightFields, HasActivation):
    """What a hidden dense layer and the output layer have in common."""


class HasUnits(LayerSpec):
    """The first field of a layer whose width is chosen."""

    units: int = Field(100, ge=1, le=MOST_UNITS, description="How many outputs.")


class Dense(DenseFields, HasUnits):
    """a = f(W·x + b) on the last axis: W is (units, inputs), b is (units)."""

    type: Literal["dense"] = "dense"

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape[:-1], self.units)

    def parameters(self, shape: Shape) -> int:
        return (shape[-1] + self.bias) * self.units + self.activation.parameters(self.output_shape(shape))

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        import torch
        from torch import nn

        linear = nn.utils.skip_init(nn.Linear, shape[-1], self.units, bias=self.bias)
        with torch.no_grad():
            self.init.fill(linear.weight, shape[-1], self.units)
            if self.bias:
                self.bias_init.fill(linear.bias, shape[-1], self.units)
        if isinstance(self.activation, Linear):
            return (linear,)
        return (linear, self.activation.build(self.output_shape(shape)))


class Output(DenseFields):
    """The last dense layer. Its units come from the data and the loss; the loss applies softmax or sigmoid."""

    type: ClassVar[str] = "output"

    def with_units(self, units: int, shape: Shape) -> Dense:
        """The dense layer that it is, for an input of ``shape``."""
        if len(shape) != 1:
            raise ImpossibleLayer(f"needs one axis, got {show_shape(shape)}: put a flatten layer before it")
        return Dense(units=units, **{name: getattr(self, name) for name in DenseFields.model_fields})


class Dropout(LayerSpec):
    """While training, each element is 0 with probability ``rate`` and else divided by 1 - rate."""

    type: Literal["dropout"] = "dropout"
    rate: Annotated[float, Field(ge=0, lt=1, description="The share that is dropped.")] = 0.5

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        return (nn.Dropout(self.rate),)


DenseLayer = Flatten | Dense | Dropout
