"""Activations: element-wise functions a = f(z) behind a layer.

Each is one class: its formula, and ``build()`` for the torch module.

"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from tuitrain.model.base import Shape
from tuitrain.spec import BY_NAME, BY_TYPE, Spec

if TYPE_CHECKING:
    from torch import nn

Bounds = tuple[float, float]


class ActivationSpec(Spec):
    """What every activation has: ``bounds`` is its range where both ends are flat, else None."""

    bounds: ClassVar[Bounds | None] = None

    def parameters(self, shape: Shape) -> int:
        """How many numbers are trained, for outputs of ``shape`` (without the batch axis)."""
        return 0

    def build(self, shape: Shape) -> nn.Module:
        raise NotImplementedError


class Linear(ActivationSpec):
    """f(z) = z: no activation."""

    type: Literal["linear"] = "linear"

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        return nn.Identity()


class Relu(ActivationSpec):
    """f(z) = max(0, z). Its gradient is 1 or 0: it does not shrink with depth, but a unit can die."""

    type: Literal["relu"] = "relu"

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        return nn.ReLU()


class Sigmoid(ActivationSpec):
    """f(z) = 1 / (1 + e^-z), from 0 to 1. f' is at most 1/4: deep stacks of it learn slowly."""

    type: Literal["sigmoid"] = "sigmoid"
    bounds: ClassVar[Bounds | None] = (0.0, 1.0)

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        return nn.Sigmoid()


class Tanh(ActivationSpec):
    """f(z) = (e^z - e^-z) / (e^z + e^-z), from -1 to 1, centred on 0; f' is at most 1."""

    type: Literal["tanh"] = "tanh"
    bounds: ClassVar[Bounds | None] = (-1.0, 1.0)

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        return nn.Tanh()


Activation = Annotated[Linear | Relu | Sigmoid | Tanh, BY_TYPE, BY_NAME]
