"""Modules that torch has not. This file imports torch: layers import it inside ``build`` only."""

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Pads = tuple[int, int, int, int]
"""Left, right, top, bottom."""


class ChannelsLast(nn.Sequential):
    """A module for (batch, channels, steps) on a sequence (batch, steps, channels)."""

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = super().forward(x.transpose(1, 2))  # type: ignore[no-untyped-call]
        return outputs.transpose(1, 2)


class PaddedConv2d(nn.Conv2d):
    """A convolution whose padding with zeros may differ from side to side."""

    def __init__(self, *sizes: Any, pads: Pads, **options: Any) -> None:
        super().__init__(*sizes, **options)
        self.pads = pads

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.pad(x, self.pads))


class PaddedAvgPool2d(nn.AvgPool2d):
    """The mean of the elements in each window that belong to the image and not to its padding."""

    def __init__(self, *sizes: Any, pads: Pads) -> None:
        super().__init__(*sizes)
        self.pads = pads

    def forward(self, x: Tensor) -> Tensor:
        share = super().forward(functional.pad(torch.ones_like(x[:1, :1]), self.pads))
        return super().forward(functional.pad(x, self.pads)) / share


class Recurrent(nn.Module):
    """A recurrent cell over a sequence (batch, steps, features), or over the rows of an image, channels side by side.

    Gives (batch, steps, units), or with ``last`` the (batch, units) of the last step.
    """

    def __init__(self, cell: nn.RNNBase, *, last: bool) -> None:
        super().__init__()
        self.cell = cell
        self.last = last

    def forward(self, x: Tensor) -> Tensor:
        steps = x if x.dim() == 3 else x.transpose(1, 2).flatten(2)
        # cuDNN's backward pass refuses what was computed in evaluation mode.
        without_cudnn = torch.is_grad_enabled() and not self.training
        with torch.backends.cudnn.flags(enabled=False) if without_cudnn else nullcontext():
            outputs: Tensor = self.cell(steps)[0]
        return outputs[:, -1] if self.last else outputs


class Sum(nn.Module):
    """a + b."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b


class ResidualModule(nn.Module):
    """skip(x) + inner(x), added by ``sum``."""

    def __init__(self, inner: nn.Module, skip: nn.Module, sum: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.skip = skip
        self.sum = sum

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = self.sum(self.skip(x), self.inner(x))
        return outputs
