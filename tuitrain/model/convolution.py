"""Layers that slide a window over an image (channels, height, width): conv2d, pooling.

"valid" is no padding: ⌊(size - kernel) / stride⌋ + 1 positions. "same" pads so that there are ⌈size / stride⌉, and
where the sum is odd puts the larger half behind, as Keras does; torch has "same" only for a stride of 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tuitrain.model.base import ImpossibleLayer, LayerSpec, Shape, image_shape, show_shape
from tuitrain.model.fields import HasActivation, WeightFields

if TYPE_CHECKING:
    from torch import nn

    from tuitrain.model.modules import Pads

Length = Annotated[int, Field(ge=1, le=1000)]
Pair = tuple[int, int]
Size = Length | Annotated[tuple[Length, Length], Field(strict=False)]


class Sliding(LayerSpec):
    """A window that slides: `kernel` and `strides` are (height, width)."""

    @property
    def kernel(self) -> Pair:
        raise NotImplementedError

    @property
    def strides(self) -> Pair:
        raise NotImplementedError

    @property
    def pad(self) -> int | str:
        raise NotImplementedError

    def pads(self, shape: Shape) -> Pads:
        """How much is added left, right, above and below."""
        _, *sizes = image_shape(shape)
        above, beside = (_pads(*axis, self.pad) for axis in zip(sizes, self.kernel, self.strides, strict=True))
        return (*beside, *above)

    def positions(self, shape: Shape) -> Pair:
        """How many windows there are, from top to bottom and from left to right."""
        _, height, width = image_shape(shape)
        left, right, top, bottom = self.pads(shape)
        padded = (height + top + bottom, width + left + right)
        if padded[0] < self.kernel[0] or padded[1] < self.kernel[1]:
            raise ImpossibleLayer(
                f"slides a window of {show_shape(self.kernel)} over an image of only {show_shape(padded)}: "
                "make it smaller, or set padding"
            )
        down, across = ((size - k) // s + 1 for size, k, s in zip(padded, self.kernel, self.strides, strict=True))
        return down, across


class Conv2dFields(Sliding):
    """The first fields of a convolution."""

    filters: int = Field(32, ge=1, le=10_000, description="How many channels come out.")
    kernel_size: Size = Field(3, description="Height and width of each filter, or [height, width].")
    stride: Size = Field(1, description="How far the filter moves each time, or [down, across].")
    padding: Annotated[int, Field(ge=0, le=1000)] | Literal["valid", "same"] = Field(
        "valid", description="Zeros around the image: valid for none, same for ⌈size / stride⌉ outputs, or how many."
    )

    @property
    def kernel(self) -> Pair:
        return _pair(self.kernel_size)

    @property
    def strides(self) -> Pair:
        return _pair(self.stride)

    @property
    def pad(self) -> int | str:
        return self.padding


class Conv2d(WeightFields, HasActivation, Conv2dFields):
    """a = f(Σ_c W_c ⋆ x_c + b) for every filter, with ⋆ the cross-correlation (LeCun et al. 1989).

    W is (filters, channels, height, width), b is (filters). fan_in is channels · height · width of W, fan_out is
    filters · height · width.
    """

    type: Literal["conv2d"] = "conv2d"

    def output_shape(self, shape: Shape) -> Shape:
        return self.activated_shape((self.filters, *self.positions(shape)))

    def parameters(self, shape: Shape) -> int:
        height, width = self.kernel
        own = (shape[0] * height * width + self.bias) * self.filters
        return own + self.activation.parameters(self.output_shape(shape))

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        from tuitrain.model.modules import PaddedConv2d

        left, right, top, bottom = pads = self.pads(shape)
        sizes = (shape[0], self.filters, self.kernel, self.strides)
        conv = (
            nn.Conv2d(*sizes, padding=(top, left), bias=self.bias)
            if (left, top) == (right, bottom)
            else PaddedConv2d(*sizes, pads=pads, bias=self.bias)
        )
        area = self.kernel[0] * self.kernel[1]
        self.draw(conv.weight, conv.bias, shape[0] * area, self.filters * area)
        return self.activated(conv, self.output_shape(shape))


class Pool2d(Sliding):
    """A window that slides over every channel by itself."""

    pool_size: Size = Field(2, description="Height and width of the window, or [height, width].")
    stride: Size | Literal["pool_size"] = Field(
        "pool_size", description="How far the window moves each time, or [down, across]; pool_size: side by side."
    )
    padding: Literal["valid", "same"] = Field(
        "valid", description="valid leaves out a window that is not whole, same lets it hang over the edge."
    )

    @property
    def kernel(self) -> Pair:
        return _pair(self.pool_size)

    @property
    def strides(self) -> Pair:
        return self.kernel if self.stride == "pool_size" else _pair(self.stride)

    @property
    def pad(self) -> int | str:
        return self.padding

    def output_shape(self, shape: Shape) -> Shape:
        return (shape[0], *self.positions(shape))


class MaxPool2d(Pool2d):
    """The greatest element of each window."""

    type: Literal["max_pool2d"] = "max_pool2d"

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        pool, pads = nn.MaxPool2d(self.kernel, self.strides), self.pads(shape)
        return (nn.ConstantPad2d(pads, float("-inf")), pool) if any(pads) else (pool,)


class AvgPool2d(Pool2d):
    """The mean of each window; what hangs over the edge does not count."""

    type: Literal["avg_pool2d"] = "avg_pool2d"

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        from tuitrain.model.modules import PaddedAvgPool2d

        pads = self.pads(shape)
        if any(pads):
            return (PaddedAvgPool2d(self.kernel, self.strides, pads=pads),)
        return (nn.AvgPool2d(self.kernel, self.strides),)


class GlobalAvgPool2d(LayerSpec):
    """The mean of each channel: an image of 64×7×7 becomes 64 numbers (Lin et al. 2013)."""

    type: Literal["global_avg_pool2d"] = "global_avg_pool2d"

    def output_shape(self, shape: Shape) -> Shape:
        return image_shape(shape)[:1]

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from torch import nn

        return (nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _pair(size: int | Pair) -> Pair:
    return (size, size) if isinstance(size, int) else size


def _pads(size: int, kernel: int, stride: int, padding: int | str) -> Pair:
    """How much is added before and behind along one axis."""
    if isinstance(padding, int):
        return padding, padding
    if padding == "valid":
        return 0, 0
    positions = -(-size // stride)
    total = max((positions - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
