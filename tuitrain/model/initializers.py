"""Initialisers: how weights and biases are drawn before the first step.

``fan_in`` and ``fan_out`` are the numbers of inputs and outputs of a unit; those of a convolution are the
channels times the size of the kernel. Names are Keras's; unlike Keras, whose ``glorot_normal``, ``he_normal``
and ``lecun_normal`` cut the tails off at two standard deviations, all here are untruncated, as in ``torch.nn.init``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tuitrain.spec import Family

if TYPE_CHECKING:
    from torch import Tensor


class Initializer(Family):
    """``fill`` draws a tensor in place from torch's default generator."""

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        """``tensor`` is a weight (out, in) or (out, in, height, width), or a bias (out,)."""
        raise NotImplementedError


class BiasInitializer(Initializer):
    """What fills a tensor of any shape, and so biases too."""


class Zeros(BiasInitializer):
    """All 0: right for biases; as weights it leaves every unit of a layer equal for ever."""

    type: Literal["zeros"] = "zeros"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        tensor.zero_()


class Ones(BiasInitializer):
    """All 1: as weights it leaves every unit of a layer equal for ever."""

    type: Literal["ones"] = "ones"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        tensor.fill_(1.0)


class Constant(BiasInitializer):
    """All the same value: a small positive one as biases makes every relu pass its input at the start."""

    type: Literal["constant"] = "constant"
    value: float = Field(0.0, ge=-1000, le=1000, description="The value; 0 as in Keras.")

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        tensor.fill_(self.value)


class Normal(BiasInitializer):
    """N(0, std²). With std "1/sqrt(fan_in)" the spread shrinks with the number of inputs (Nielsen, chapter 3)."""

    type: Literal["normal"] = "normal"
    std: Annotated[float, Field(gt=0, le=1000)] | Literal["1/sqrt(fan_in)"] = Field(
        0.05, description="Standard deviation; 0.05 is Keras's. Or 1/sqrt(fan_in)."
    )

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        tensor.normal_(0.0, 1 / math.sqrt(fan_in) if isinstance(self.std, str) else self.std)


class Uniform(BiasInitializer):
    """U(minval, maxval), a range around 0."""

    type: Literal["uniform"] = "uniform"
    minval: float = Field(-0.05, ge=-1000, le=0, description="The lower end; -0.05 is Keras's.")
    maxval: float = Field(0.05, ge=0, le=1000, description="The upper end; 0.05 is Keras's.")

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        tensor.uniform_(self.minval, self.maxval)


class GlorotUniform(BiasInitializer):
    """U(-r, r) with r = √(6 / (fan_in + fan_out)), Xavier's (Glorot and Bengio 2010): for sigmoid, tanh, softmax."""

    type: Literal["glorot_uniform"] = "glorot_uniform"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        radius = math.sqrt(6 / (fan_in + fan_out))
        tensor.uniform_(-radius, radius)


class GlorotNormal(BiasInitializer):
    """N(0, 2 / (fan_in + fan_out)), Xavier's (Glorot and Bengio 2010): for sigmoid, tanh, softmax."""

    type: Literal["glorot_normal"] = "glorot_normal"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        tensor.normal_(0.0, math.sqrt(2 / (fan_in + fan_out)))


class HeUniform(BiasInitializer):
    """U(-r, r) with r = √(6 / fan_in), Kaiming's (He et al. 2015): for relu and its relatives."""

    type: Literal["he_uniform"] = "he_uniform"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        radius = math.sqrt(6 / fan_in)
        tensor.uniform_(-radius, radius)


class HeNormal(BiasInitializer):
    """N(0, 2 / fan_in), Kaiming's (He et al. 2015): for relu and its relatives."""

    type: Literal["he_normal"] = "he_normal"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        tensor.normal_(0.0, math.sqrt(2 / fan_in))


class LecunUniform(BiasInitializer):
    """U(-r, r) with r = √(3 / fan_in) (LeCun et al. 1998): for tanh, and for selu."""

    type: Literal["lecun_uniform"] = "lecun_uniform"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        radius = math.sqrt(3 / fan_in)
        tensor.uniform_(-radius, radius)


class LecunNormal(BiasInitializer):
    """N(0, 1 / fan_in) (LeCun et al. 1998): for selu."""

    type: Literal["lecun_normal"] = "lecun_normal"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        tensor.normal_(0.0, math.sqrt(1 / fan_in))


class Torch(BiasInitializer):
    """U(-r, r) with r = 1 / √fan_in: what torch's own dense and convolution layers draw, weights and biases alike.

    Its recurrent layers draw with r = 1 / √units instead, which this is for U, but not for W and biases.
    """

    type: Literal["torch"] = "torch"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        radius = 1 / math.sqrt(fan_in)
        tensor.uniform_(-radius, radius)


class Orthogonal(Initializer):
    """A random matrix of out rows with W·Wᵀ = gain²·I, or Wᵀ·W = gain²·I where out is larger (Saxe et al. 2013).

    A kernel of a convolution counts as one row of in · height · width numbers.
    """

    type: Literal["orthogonal"] = "orthogonal"
    gain: float = Field(1.0, gt=0, le=1000, description="What each row or column is long; √2 makes up for relu.")

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        from torch.nn.init import orthogonal_

        orthogonal_(tensor, self.gain)


class Zero(Initializer):
    """ZerO: only 0 and ±1 up to a factor, nothing drawn (Zhao, Schäfer, Anandkumar 2022, arXiv 2110.12661).

    The identity for as many outputs as inputs, its first rows for fewer; for more, c·H with H the upper left
    corner of the Hadamard matrix of 2^m rows, m = ⌈log₂ out⌉, c = 2^(-(m-1)/2). A convolution has this at the
    centre of its kernel and 0 elsewhere; the centre of an even kernel is the tap that "same" padding puts there.
    """

    type: Literal["zero_hadamard"] = "zero_hadamard"

    def fill(self, tensor: Tensor, fan_in: int, fan_out: int) -> None:
        import torch

        rows, columns, *kernel = tensor.shape
        tensor.zero_()
        centre = tensor
        for size in kernel:
            centre = centre.select(2, (size - 1) // 2)
        if rows <= columns:
            centre.copy_(torch.eye(rows, columns))
        else:
            m = (rows - 1).bit_length()
            centre.copy_(_hadamard(rows, columns)).mul_(2 ** (-(m - 1) / 2))


def _hadamard(rows: int, columns: int) -> Tensor:
    """The upper left corner of Sylvester's matrix H ← [[H, H], [H, -H]], for columns ≤ rows."""
    import torch

    corner = torch.ones(1, 1)
    while len(corner) < rows:
        beside = [torch.cat(pair, dim=1)[:, :columns] for pair in ((corner, corner), (corner, -corner))]
        corner = torch.cat(beside)
    return corner[:rows]
