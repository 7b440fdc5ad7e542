"""Activations: functions a = f(z) behind a layer, one number at a time; softmax alone looks at several.

Each is one class: its formula, and ``build()`` for the torch module. ``shape`` is that of z without the
batch axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuitrain.model.base import ImpossibleLayer, Shape, channel_axis
from tuitrain.spec import Family

if TYPE_CHECKING:
    from torch import nn

Bounds = tuple[float, float]


class Activation(Family):
    """What every activation has: ``bounds`` is its range where both ends are flat, else None."""

    module: ClassVar[str]
    """Its class in ``torch.nn``, where ``build`` need give that no arguments."""
    bounds: ClassVar[Bounds | None] = None
    knows_channels: ClassVar[bool] = False
    """Whether a number's channel, feature or unit matters to it."""

    def output_shape(self, shape: Shape) -> Shape:
        """``shape``, without the batch axis, if it makes sense there.

        Raises:
            ImpossibleLayer: if not.
        """
        return shape

    def parameters(self, shape: Shape) -> int:
        """How many numbers are trained, for outputs of ``shape`` (without the batch axis)."""
        return 0

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        module: nn.Module = getattr(nn, self.module)()
        return module


class RecurrentActivation(Activation):
    """What the cell of torch's plain recurrent layer can apply."""


class Linear(Activation):
    """f(z) = z: no activation."""

    type: Literal["linear"] = "linear"
    module: ClassVar[str] = "Identity"


class Relu(RecurrentActivation):
    """f(z) = max(0, z). Its gradient is 1 or 0: it does not shrink with depth, but a unit can die."""

    type: Literal["relu"] = "relu"
    module: ClassVar[str] = "ReLU"


class LeakyRelu(Activation):
    """f(z) = z for z > 0, else negative_slope · z: no unit dies (Maas et al. 2013)."""

    type: Literal["leaky_relu"] = "leaky_relu"
    negative_slope: float = Field(0.3, ge=0, le=1, description="f' below 0; 0.3 as in Keras, torch has 0.01.")

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        return nn.LeakyReLU(self.negative_slope)


class Prelu(Activation):
    """f(z) = z for z > 0, else s · z with a trained slope s (He et al. 2015).

    There is one slope per channel of an image, feature of a sequence or unit of a flat layer, and it starts at 0.25,
    as in torch and the paper; Keras has one per element and starts at 0.
    """

    type: Literal["prelu"] = "prelu"
    knows_channels: ClassVar[bool] = True

    def parameters(self, shape: Shape) -> int:
        return shape[channel_axis(shape)]

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        from tuitrain.model.modules import ChannelsLast

        slopes = nn.PReLU(self.parameters(shape))
        return ChannelsLast(slopes) if channel_axis(shape) else slopes


class Elu(Activation):
    """f(z) = z for z > 0, else alpha · (e^z - 1): negative values bring the mean near 0 (Clevert et al. 2015)."""

    type: Literal["elu"] = "elu"
    alpha: float = Field(1.0, gt=0, le=100, description="f approaches -alpha far below 0.")

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        return nn.ELU(self.alpha)


class Selu(Activation):
    """f(z) = 1.0507·z for z > 0, else 1.0507·1.6733·(e^z - 1): for lecun_normal weights (Klambauer et al. 2017).

    The constants make mean 0 and variance 1 a fixed point: a plain stack of dense layers normalises itself.
    """

    type: Literal["selu"] = "selu"
    module: ClassVar[str] = "SELU"


class Gelu(Activation):
    """f(z) = z · Φ(z) with Φ the distribution function of N(0, 1) (Hendrycks and Gimpel 2016)."""

    type: Literal["gelu"] = "gelu"
    approximate: bool = Field(False, description="Use Φ(z) ≈ (1 + tanh(√(2/π)·(z + 0.044715·z³))) / 2.")

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        return nn.GELU("tanh" if self.approximate else "none")


class Silu(Activation):
    """f(z) = z / (1 + e^-z), also called swish (Elfwing et al. 2017; Ramachandran et al. 2017)."""

    type: Literal["silu"] = "silu"
    module: ClassVar[str] = "SiLU"


class Mish(Activation):
    """f(z) = z · tanh(ln(1 + e^z)) (Misra 2019)."""

    type: Literal["mish"] = "mish"
    module: ClassVar[str] = "Mish"


class Sigmoid(Activation):
    """f(z) = 1 / (1 + e^-z), from 0 to 1. f' is at most 1/4: deep stacks of it learn slowly."""

    type: Literal["sigmoid"] = "sigmoid"
    module: ClassVar[str] = "Sigmoid"
    bounds: ClassVar[Bounds | None] = (0.0, 1.0)


class HardSigmoid(Activation):
    """f(z) = min(max(0, z/6 + 1/2), 1): straight from 0 at -3 to 1 at 3, as in torch and Keras 3.

    Keras 2 had the steeper min(max(0, z/5 + 1/2), 1).
    """

    type: Literal["hard_sigmoid"] = "hard_sigmoid"
    module: ClassVar[str] = "Hardsigmoid"
    bounds: ClassVar[Bounds | None] = (0.0, 1.0)


class Tanh(RecurrentActivation):
    """f(z) = (e^z - e^-z) / (e^z + e^-z), from -1 to 1, centred on 0; f' is at most 1."""

    type: Literal["tanh"] = "tanh"
    module: ClassVar[str] = "Tanh"
    bounds: ClassVar[Bounds | None] = (-1.0, 1.0)


class Softsign(Activation):
    """f(z) = z / (1 + |z|), from -1 to 1; it nears its ends far more slowly than tanh."""

    type: Literal["softsign"] = "softsign"
    module: ClassVar[str] = "Softsign"
    bounds: ClassVar[Bounds | None] = (-1.0, 1.0)


class Softplus(Activation):
    """f(z) = ln(1 + e^z): a smooth relu; its gradient is the sigmoid."""

    type: Literal["softplus"] = "softplus"
    module: ClassVar[str] = "Softplus"


class Softmax(Activation):
    """f(z)_i = e^z_i / Σ_j e^z_j: from 0 to 1, with sum 1.

    The sum is over the channels of an image, the features of a sequence, the units of a flat layer.
    ∂a_i/∂z_i = a_i·(1 - a_i) is flat at both ends. Behind the output layer the loss applies it by itself.
    """

    type: Literal["softmax"] = "softmax"
    bounds: ClassVar[Bounds | None] = (0.0, 1.0)
    knows_channels: ClassVar[bool] = True

    def output_shape(self, shape: Shape) -> Shape:
        if shape[channel_axis(shape)] == 1:
            raise ImpossibleLayer("has softmax over a single number, which is always 1: take another activation")
        return shape

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        return nn.Softmax(dim=1 + channel_axis(shape))
