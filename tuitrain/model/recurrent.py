"""Layers that read a sequence step by step: x_t of (steps, features) makes h_t of (units), with h_0 = 0.

An image (channels, height, width) is read row by row: height steps of channels · width features. Cells are torch's:
every gate has W·x_t + b and U·h_t-1 + b'. Of the two biases, which Keras has in its gru only, ``bias_init`` draws b,
and b' starts at 0. W and U are drawn gate by gate; Keras counts all gates in fan_out. Both of them count for the
regularizer and max_norm, where Keras has W alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuitrain.model.activations import RecurrentActivation, Tanh
from tuitrain.model.base import ImpossibleLayer, Shape, show_shape
from tuitrain.model.fields import HasUnits, WeightFields
from tuitrain.model.initializers import Initializer, Orthogonal

if TYPE_CHECKING:
    from torch import Tensor, nn


class SequenceFields(HasUnits):
    """The first fields of a recurrent layer."""

    return_sequences: bool = Field(False, description="Give h_t of all steps, (steps, units), and not only the last.")
    recurrent_init: Initializer = Field(Orthogonal(), description="How U, the weights of h_t-1, are drawn.")


class RecurrentSpec(WeightFields, SequenceFields):
    """A layer of one recurrent cell with ``gates`` pairs of W and U."""

    gates: ClassVar[int] = 1

    def output_shape(self, shape: Shape) -> Shape:
        steps, _ = _sequence(shape)
        return (steps, self.units) if self.return_sequences else (self.units,)

    def parameters(self, shape: Shape) -> int:
        _, features = _sequence(shape)
        return self.gates * self.units * (features + self.units + 2 * self.bias)

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        import torch

        from tuitrain.model.modules import Recurrent

        _, features = _sequence(shape)
        cell = self.cell(features)
        with torch.no_grad():
            for weight in cell.get_parameter("weight_ih_l0").chunk(self.gates):
                self.init.fill(weight, features, self.units)
            for weight in cell.get_parameter("weight_hh_l0").chunk(self.gates):
                self.recurrent_init.fill(weight, self.units, self.units)
            if self.bias:
                self.draw_biases(cell.get_parameter("bias_ih_l0"), features)
                cell.get_parameter("bias_hh_l0").zero_()
        return (Recurrent(cell, last=not self.return_sequences),)

    def draw_biases(self, biases: Tensor, features: int) -> None:
        """Fill b, gate after gate, in place."""
        self.bias_init.fill(biases, features, self.units)

    def cell(self, features: int) -> nn.RNNBase:
        """torch's cell, over (batch, steps, features)."""
        raise NotImplementedError


class SimpleRnn(RecurrentSpec):
    """h_t = f(W·x_t + b + U·h_t-1 + b') (Elman 1990)."""

    type: Literal["simple_rnn"] = "simple_rnn"
    activation: RecurrentActivation = Field(Tanh(), description="The function f.")

    def output_shape(self, shape: Shape) -> Shape:
        if not isinstance(self.activation, RecurrentActivation):
            raise ImpossibleLayer(f"can have tanh or relu, and the default is {self.activation.type}: set activation")
        return super().output_shape(shape)

    def cell(self, features: int) -> nn.RNNBase:
        from torch import nn

        return nn.RNN(features, self.units, nonlinearity=self.activation.type, bias=self.bias, batch_first=True)


class Gru(RecurrentSpec):
    """h_t = z·h_t-1 + (1 - z)·n with gates z, r and n = tanh(W·x_t + b + r·(U·h_t-1 + b')) (Cho et al. 2014).

    r is applied behind U, as in Keras with reset_after=True.
    """

    type: Literal["gru"] = "gru"
    gates: ClassVar[int] = 3

    def cell(self, features: int) -> nn.RNNBase:
        from torch import nn

        return nn.GRU(features, self.units, bias=self.bias, batch_first=True)


class Lstm(RecurrentSpec):
    """h_t = o·tanh(c_t), c_t = f·c_t-1 + i·g with gates i, f, o and g = tanh(…) (Hochreiter and Schmidhuber 1997).

    The forget gate f starts with biases of 1 (Jozefowicz et al. 2015), as in Keras; torch has no such rule.
    """

    type: Literal["lstm"] = "lstm"
    gates: ClassVar[int] = 4

    def draw_biases(self, biases: Tensor, features: int) -> None:
        super().draw_biases(biases, features)
        biases[self.units : 2 * self.units] = 1.0

    def cell(self, features: int) -> nn.RNNBase:
        from torch import nn

        return nn.LSTM(features, self.units, bias=self.bias, batch_first=True)


def _sequence(shape: Shape) -> tuple[int, int]:
    """(steps, features)."""
    match shape:
        case (steps, features):
            return steps, features
        case (channels, height, width):
            return height, channels * width
    raise ImpossibleLayer(
        f"needs a sequence (steps × features) or an image, got {show_shape(shape)}: put a reshape layer before it"
    )
