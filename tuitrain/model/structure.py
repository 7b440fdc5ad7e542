"""What a network is made of: layers that hold others, and the model around them."""

from typing import Annotated, Literal

from pydantic import Field

from tuitrain.model.activations import Activation, Linear
from tuitrain.model.base import ImpossibleLayer, Layer, LayerSpec, Shape, show_shape
from tuitrain.model.convolution import Conv2d
from tuitrain.model.dense import Dense, Output
from tuitrain.model.elementwise import ActivationLayer
from tuitrain.model.fields import MaxNorm, WeightFields
from tuitrain.model.initializers import BiasInitializer, Initializer
from tuitrain.model.regularizers import Regularizer
from tuitrain.spec import Spec

SomeLayers = Annotated[tuple[Layer, ...], Field(strict=False, min_length=1)]


class Block(Layer):
    """Several layers as one, repeated."""

    type: Literal["block"] = "block"
    repeat: int = Field(1, ge=1, le=1000, description="How many times the layers follow one another.")
    layers: SomeLayers = Field(description="The layers of one repetition.")


class Residual(WeightFields):
    """y = x + F(x), F being several layers: a skip that gradients pass unchanged (He et al. 2015).

    Where F changes the shape, x is projected by W·x + b: a dense layer, or for an image a 1×1 convolution with the
    stride that it takes. The fields are those of this projection.
    """

    type: Literal["residual"] = "residual"
    layers: SomeLayers = Field(description="The layers of F.")

    def skip(self, before: Shape, after: Shape) -> LayerSpec:
        """The layer that brings an x of shape ``before`` to that of F(x), ``after``.

        Raises:
            ImpossibleLayer: if no projection does so.
        """
        if before == after:
            return ActivationLayer(activation=Linear())
        weights = {name: getattr(self, name) for name in WeightFields.model_fields}
        if len(before) == len(after) == 3:
            strides = (_stride(before[1], after[1]), _stride(before[2], after[2]))
            projection: LayerSpec = Conv2d(filters=after[0], kernel_size=1, stride=strides, **weights)
        else:
            projection = Dense(units=after[-1], **weights)
        if projection.output_shape(before) != after:
            raise ImpossibleLayer(
                f"has layers that make {show_shape(after)} of {show_shape(before)}, which cannot be added: "
                'let them keep the shape (padding "same"), but for the channels or units and for a stride'
            )
        return projection


def _stride(before: int, after: int) -> int:
    """The stride that makes ``after`` positions of ``before``, if one does."""
    return -(-before // after)


Nested = Block | Residual
"""The layers that hold others, in ``layers``."""


class Defaults(Spec):
    """Values for every layer that has the field and does not set it. The output takes them too, but for activation."""

    activation: Activation | None = Field(None, description="For every hidden layer that sets none.")
    init: Initializer | None = Field(None, description="For the weights of every layer that sets none.")
    bias_init: BiasInitializer | None = Field(None, description="For the biases of every layer that sets none.")
    regularizer: Regularizer | None = Field(None, description="For the weights of every layer that sets none.")
    max_norm: MaxNorm | None = Field(None, description="For every layer that sets none.")


class Model(Spec):
    """The network between the data and the loss."""

    defaults: Defaults = Defaults()
    layers: Annotated[tuple[Layer, ...], Field(strict=False)] = ()
    output: Output = Output()
