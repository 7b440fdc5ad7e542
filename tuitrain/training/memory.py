"""How much memory a pass takes: how many samples are validated at once, and what training will need beside them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

MOST = 512
"""More samples at once are no faster."""

ELEMENTS = 1 << 23
"""Outputs of all layers that a chunk may have, 32 MiB of them, where a batch of training does not have more."""


def validation_chunk(module: nn.Module, sample: Tensor, batch_size: int) -> int:
    """How many samples are validated at once: no more than a batch of training, where they are large.

    Of the network and one ``sample`` (1, *shape) alone, so that the figures of a run repeat (on the CPU bit for bit).
    """
    return max(1, min(MOST, max(batch_size, ELEMENTS // max(1, outputs_per_sample(module, sample)))))


@torch.no_grad()
def outputs_per_sample(module: nn.Module, sample: Tensor) -> int:
    """How many values all modules give for one sample, measured by a pass in evaluation mode."""
    count = 0

    def add(one: nn.Module, inputs: Any, outputs: Any) -> None:
        nonlocal count
        count += sum(tensor.numel() for tensor in _tensors(outputs))

    was_training = module.training
    module.eval()
    with _hooked([one for one in module.modules() if not list(one.children())], add):
        module(sample)
    module.train(was_training)
    return count


def _tensors(outputs: Any) -> Iterator[Tensor]:
    """A recurrent layer gives several."""
    if isinstance(outputs, Tensor):
        yield outputs
    elif isinstance(outputs, (tuple, list)):
        for one in outputs:
            yield from _tensors(one)


@contextmanager
def _hooked(modules: list[nn.Module], hook: Any) -> Iterator[None]:
    handles = [one.register_forward_hook(hook) for one in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
