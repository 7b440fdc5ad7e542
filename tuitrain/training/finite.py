"""Whether tensors are finite, as cheaply as that can be known."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

EVERY = 64
"""Steps from one check of the weights to the next, where a check does not wait for a device."""


@torch.no_grad()
def all_finite(tensors: Sequence[Tensor]) -> bool:
    """Whether every value is a finite number; waits for the device once.

    A sum is finite only if all that was added is, and takes a tenth of the time of asking every value. That of huge
    values may overflow, so then they are asked.
    """
    floating = [one for one in tensors if one.is_floating_point()]
    if all(one.device.type == "cpu" for one in floating):
        sums = [one.sum().item() for one in floating]  # a third of the time of stacking them
    else:
        sums = torch.stack([one.sum() for one in floating]).tolist()
    return all(map(math.isfinite, sums)) or all(bool(one.isfinite().all()) for one in floating)


class FiniteWatch:
    """Checks after a step whether training can go on.

    On the CPU reading a loss costs 0.2 µs, so every loss is read, and the weights every 64 steps: together about 1% of
    the step of a small network. Any other device would have to be waited for: there the weights are checked where a
    window ends, which waits for the losses anyway.
    """

    def __init__(self, device: torch.device, tensors: Sequence[Tensor]) -> None:
        self._tensors = [one.detach() for one in tensors]
        self._reads_losses = device.type == "cpu"

    def is_lost(self, step: int, loss: Tensor, *, at_window_end: bool) -> bool:
        """Whether the loss of the step, or the weights after it, are seen to be no numbers."""
        if self._reads_losses and not math.isfinite(loss.item()):
            return True
        is_due = at_window_end or (self._reads_losses and step % EVERY == 0)
        return is_due and not self.is_finite()

    def is_finite(self) -> bool:
        """Whether all weights, and statistics such as those of batch norm, are numbers."""
        return all_finite(self._tensors)
