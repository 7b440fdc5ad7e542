"""Initialisers: how weights and biases are drawn before the first step.

``fan_in`` and ``fan_out`` are the numbers of inputs and outputs of a unit's weights. Names are
Keras's; unlike Keras, whose ``he_normal`` and ``lecun_normal`` cut the tails off at two standard
deviations, the normal ones here are untruncated, as in ``torch.nn.init``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tuitrain.spec import BY_NAME, BY_TYPE, Spec

if TYPE_CHECKING:
    from torch import Tensor


class InitializerSpec(Spec):
    """``fill`` draws a tensor in place from torch's default generator."""

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        raise NotImplementedError


class Zeros(InitializerSpec):
    """All 0: right for biases; as weights it leaves every unit of a layer equal for ever."""

    type: Literal["zeros"] = "zeros"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        tensor.zero_()


class Normal(InitializerSpec):
    """N(0, std²). With std "1/sqrt(fan_in)" the spread shrinks with the number of inputs (Nielsen, chapter 3)."""

    type: Literal["normal"] = "normal"
    std: Annotated[float, Field(gt=0)] | Literal["1/sqrt(fan_in)"] = Field(
        0.05, description="Standard deviation; 0.05 is Keras's. Or 1/sqrt(fan_in)."
    )

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        tensor.normal_(0.0, 1 / math.sqrt(fan_in) if isinstance(self.std, str) else self.std)


class GlorotUniform(InitializerSpec):
    """U(-r, r) with r = √(6 / (fan_in + fan_out)) (Glorot and Bengio 2010): for sigmoid, tanh, softmax."""

    type: Literal["glorot_uniform"] = "glorot_uniform"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        radius = math.sqrt(6 / (fan_in + fan_out))
        tensor.uniform_(-radius, radius)


class HeNormal(InitializerSpec):
    """N(0, 2 / fan_in) (He et al. 2015): for relu and its relatives."""

    type: Literal["he_normal"] = "he_normal"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        tensor.normal_(0.0, math.sqrt(2 / fan_in))


class LecunNormal(InitializerSpec):
    """N(0, 1 / fan_in) (LeCun et al. 1998): for selu."""

    type: Literal["lecun_normal"] = "lecun_normal"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        tensor.normal_(0.0, math.sqrt(1 / fan_in))


Initializer = Annotated[GlorotUniform | HeNormal | LecunNormal | Normal | Zeros, BY_TYPE, BY_NAME]
