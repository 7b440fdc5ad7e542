"""Dense layers: those that are hidden, and the output layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from tuitrain.model.base import ImpossibleLayer, Shape, show_shape
from tuitrain.model.fields import HasActivation, HasUnits, WeightFields

if TYPE_CHECKING:
    from torch import nn


class DenseFields(WeightFields, HasActivation):
    """What a hidden dense layer and the output layer have in common."""


class Dense(DenseFields, HasUnits):
    """a = f(W·x + b) on the last axis: W is (units, inputs), b is (units)."""

    type: Literal["dense"] = "dense"

    def output_shape(self, shape: Shape) -> Shape:
        return self.activated_shape((*shape[:-1], self.units))

    def unit_axis(self, shape: Shape) -> int:
        return len(shape) - 1

    def parameters(self, shape: Shape) -> int:
        return (shape[-1] + self.bias) * self.units + self.activation.parameters(self.output_shape(shape))

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        import torch
        from torch import nn

        device = torch.get_default_device()
        linear = nn.utils.skip_init(nn.Linear, shape[-1], self.units, bias=self.bias, device=device)
        self.draw(linear.weight, linear.bias, shape[-1], self.units)
        return self.activated(linear, self.output_shape(shape))


class Output(DenseFields):
    """The last dense layer. Its units come from the data and the loss; the loss applies softmax or sigmoid."""

    type: ClassVar[str] = "output"

    def with_units(self, units: int, shape: Shape) -> Dense:
        """The dense layer that it is, for an input of ``shape``.

        Raises:
            ImpossibleLayer: if ``shape`` has more axes than one.
        """
        if len(shape) != 1:
            raise ImpossibleLayer(f"needs one axis, got {show_shape(shape)}: put a flatten layer before it")
        return Dense(units=units, **{name: getattr(self, name) for name in DenseFields.model_fields})
