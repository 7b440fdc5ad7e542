"""Fields that layers share: units; an activation; how weights are drawn, penalised and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tuitrain.model.activations import Activation, Linear
from tuitrain.model.base import ImpossibleLayer, LayerSpec, Shape, channel_axis, show_shape, weights_of
from tuitrain.model.initializers import BiasInitializer, GlorotUniform, Initializer, Zeros
from tuitrain.model.regularizers import NoRegularizer, Regularizer

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.nn import Parameter

MOST_UNITS = 100_000

MaxNorm = Annotated[float, Field(gt=0, le=1000)] | Literal["none"]


class HasUnits(LayerSpec):
    """The first field of a layer whose width is chosen."""

    units: int = Field(100, ge=1, le=MOST_UNITS, description="How many outputs.")


class HasActivation(LayerSpec):
    """A layer that ends with an activation."""

    activation: Activation = Field(Linear(), description="The function behind z = W·x + b.")

    def activated_shape(self, shape: Shape) -> Shape:
        """``shape``, that of z, if the activation can stand behind it.

        Raises:
            ImpossibleLayer: if it cannot.
        """
        if self.activation.knows_channels and self.unit_axis(shape) != channel_axis(shape):
            raise ImpossibleLayer(
                f"cannot have {self.activation.type} on {show_shape(shape)}: its units are the last axis, and "
                f"{self.activation.type} acts on the channels of an image, the first: put a flatten layer before it, "
                "or take another activation"
            )
        return self.activation.output_shape(shape)

    def activated(self, module: nn.Module, shape: Shape) -> tuple[nn.Module, ...]:
        """``module``, whose outputs are of ``shape``, and the activation behind it unless that is linear."""
        return (module,) if isinstance(self.activation, Linear) else (module, self.activation.build(shape))


class WeightFields(LayerSpec):
    """A layer whose first module holds weights, one row of them a unit or filter, and perhaps biases."""

    init: Initializer = Field(GlorotUniform(), description="How the weights are drawn.")
    bias: bool = Field(True, description="Whether b is added.")
    bias_init: BiasInitializer = Field(Zeros(), description="How the biases are drawn.")
    regularizer: Regularizer = Field(NoRegularizer(), description="What its weights add to the loss.")
    max_norm: MaxNorm = Field(
        "none", description="The greatest L2 norm of each unit's incoming weights, kept after every step; none for any."
    )

    def draw(self, weight: Tensor, bias: Tensor | None, fan_in: int, fan_out: int) -> None:
        """Fill weights and biases in place."""
        import torch

        with torch.no_grad():
            self.init.fill(weight, fan_in, fan_out)
            if bias is not None:
                self.bias_init.fill(bias, fan_in, fan_out)

    def regularized(self, modules: tuple[nn.Module, ...]) -> tuple[Regularizer, list[Parameter]] | None:
        none = isinstance(self.regularizer, NoRegularizer)
        return None if none else (self.regularizer, weights_of(modules[0]))

    def constrain(self, modules: tuple[nn.Module, ...]) -> None:
        """w <- w · min(1, max_norm / ‖w‖) for the incoming weights w of each unit (Srebro and Shraibman 2005)."""
        if self.max_norm != "none":
            for weights in weights_of(modules[0]):
                weights.data.renorm_(2, 0, self.max_norm)

    @property
    def is_constrained(self) -> bool:
        return self.max_norm != "none"
