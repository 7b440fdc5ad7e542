"""Layers that keep the shape and look at each element, or channel, by itself: activation, dropout, alpha_dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tuitrain.model.activations import Activation, Relu
from tuitrain.model.base import LayerSpec, Shape

if TYPE_CHECKING:
    from torch import nn

Rate = Annotated[float, Field(ge=0, lt=1, description="The share that is dropped.")]


class Elementwise(LayerSpec):
    """A layer that keeps the shape, whatever it is."""

    def output_shape(self, shape: Shape) -> Shape:
        return shape


class ActivationLayer(Elementwise):
    """An activation that stands alone: a = f(x), as after a batch_norm."""

    type: Literal["activation"] = "activation"
    activation: Activation = Field(Relu(), description="The function.")

    @property
    def knows_channels(self) -> bool:
        return self.activation.knows_channels

    def output_shape(self, shape: Shape) -> Shape:
        return self.activation.output_shape(shape)

    def parameters(self, shape: Shape) -> int:
        return self.activation.parameters(shape)

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        return (self.activation.build(shape),)


class Dropout(Elementwise):
    """While training, each element is 0 with probability ``rate`` and else divided by 1 - rate.

    See Srivastava et al. 2014. Per channel, each channel of an image or feature of a sequence is dropped as a whole
    (Tompson et al. 2015), which Keras calls SpatialDropout2D and SpatialDropout1D.
    """

    type: Literal["dropout"] = "dropout"
    rate: Rate = 0.5
    per_channel: bool = Field(
        False, description="Drop whole channels of an image, or a feature of a sequence at all its steps."
    )

    @property
    def knows_channels(self) -> bool:
        return self.per_channel

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        from tuitrain.model.modules import ChannelsLast

        if not self.per_channel or len(shape) == 1:
            return (nn.Dropout(self.rate),)
        return (nn.Dropout2d(self.rate) if len(shape) == 3 else ChannelsLast(nn.Dropout1d(self.rate)),)


class AlphaDropout(Elementwise):
    """While training, each element is -1.7581, selu's lower end, with probability ``rate``, and all are then rescaled.

    An input of mean 0 and variance 1 keeps them: for selu (Klambauer et al. 2017).
    """

    type: Literal["alpha_dropout"] = "alpha_dropout"
    rate: Rate = 0.5

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        return (nn.AlphaDropout(self.rate),)
