"""Batches: the order of samples in an epoch, and how they are fetched."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from tuitrain.data.seeds import generator
from tuitrain.data.transforms import Augmentation
from tuitrain.training.streaming import Streamed

CHUNK_STEPS = 64
CHUNK_ELEMENTS = 1 << 23
"""How much is fetched at once: so many batches, but no more than 32 MiB of inputs."""

Batch = tuple[Tensor, Tensor, Tensor]
"""Inputs, what the loss compares the outputs with, and the labels."""


@dataclass(frozen=True, eq=False)
class Samples:
    """All samples of a part: inputs (N, *shape), targets as the loss wants them, labels (N,).

    They lie on the device; inputs that are streamed get there when they are fetched. ``augment`` is what the
    batches of an epoch go through, and nothing else does.
    """

    inputs: Tensor | Streamed
    targets: Tensor
    labels: Tensor
    augment: Augmentation | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def elements(self) -> int:
        """How many values a sample has, at least 1."""
        return max(1, math.prod(self.inputs.shape[1:]))

    def first(self, count: int) -> Batch:
        """The first samples, here and now."""
        inputs = self.inputs if isinstance(self.inputs, Tensor) else self.inputs.read(torch.arange(len(self))[:count])
        return inputs[:count], self.targets[:count], self.labels[:count]

    def chunks(self, most: int) -> Iterator[Batch]:
        """All samples in order, at most so many at once, and no more than 32 MiB of inputs."""
        size = max(1, min(most, CHUNK_ELEMENTS // self.elements))
        if not isinstance(self.inputs, Tensor):
            return self.fetch(torch.arange(len(self), device=self.labels.device), size)
        return zip(self.inputs.split(size), self.targets.split(size), self.labels.split(size), strict=True)

    def fetch(self, chosen: Tensor, size: int) -> Iterator[Batch]:
        """The chosen samples in that order, ``size`` at once."""
        parts = chosen.split(size) if len(chosen) else ()
        fetched: Iterator[Tensor]
        if isinstance(self.inputs, Tensor):
            fetched = (self.inputs.index_select(0, part) for part in parts)
        else:
            fetched = self.inputs.fetch(chosen.cpu().split(size) if len(chosen) else ())
        for part, inputs in zip(parts, fetched, strict=True):
            labels = self.labels.index_select(0, part)
            yield inputs, labels if self.targets is self.labels else self.targets.index_select(0, part), labels

    def close(self) -> None:
        """End the processes that read streamed inputs."""
        if isinstance(self.inputs, Streamed):
            self.inputs.close()


def order(seed: int, epoch: int, count: int) -> Tensor:
    """The order of the samples in an epoch: of the seed and the epoch alone."""
    return torch.randperm(count, generator=generator(seed, f"order of epoch {epoch}"))


class Loader:
    """Gives an epoch's batches. ``waited`` adds up the seconds in which training waited for them."""

    def __init__(self, samples: Samples, batch_size: int, seed: int) -> None:
        self._samples = samples
        self._batch_size = batch_size
        self._seed = seed
        # A power of two: batches lie at the same alignment in memory however the epoch was cut into chunks.
        most = 1 << (CHUNK_ELEMENTS // (batch_size * samples.elements)).bit_length() >> 1
        # What is streamed is read ahead anyway, and the first batch is to come soon.
        self._chunk = max(1, min(CHUNK_STEPS, most)) if isinstance(samples.inputs, Tensor) else 1
        self.waited = 0.0

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of ``epoch`` from number ``first`` on; the last may be smaller."""
        samples, size = self._samples, self._batch_size
        device = samples.labels.device
        if size >= len(samples):
            if first == 0:  # one batch has no order
                yield self._augmented(samples.first(size), torch.arange(len(samples), device=device), epoch)
            return
        span = self._chunk * size
        # Chunks begin where they do in an epoch that was never interrupted.
        skipped_chunks, skipped_batches = divmod(first, self._chunk)
        chosen = order(self._seed, epoch, len(samples)).to(device)[skipped_chunks * span :]
        fetched = samples.fetch(chosen, span)
        for start in range(0, len(chosen), span):
            began = time.perf_counter()
            chunk = self._augmented(next(fetched), chosen[start : start + span], epoch)
            batches = zip(*(values.split(size) for values in chunk), strict=True)
            self.waited += time.perf_counter() - began
            yield from islice(batches, skipped_batches, None)
            skipped_batches = 0

    def _augmented(self, batch: Batch, chosen: Tensor, epoch: int) -> Batch:
        if self._samples.augment is None:
            return batch
        inputs, targets, labels = batch
        return self._samples.augment(inputs, chosen, epoch), targets, labels
