"""Batches: the order of samples in an epoch, and how they are fetched."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from tuitrain.data.seeds import generator

CHUNK_STEPS = 64
CHUNK_ELEMENTS = 1 << 23
"""How much is fetched at once: so many batches, but no more than 32 MiB of inputs."""

Batch = tuple[Tensor, Tensor, Tensor]
"""Inputs, what the loss compares the outputs with, and the labels."""


@dataclass(frozen=True, eq=False)
class Samples:
    """All samples of a part on the device: inputs (N, *shape), targets as the loss wants them, labels (N,)."""

    inputs: Tensor
    targets: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def order(seed: int, epoch: int, count: int) -> Tensor:
    """The order of the samples in an epoch: of the seed and the epoch alone."""
    return torch.randperm(count, generator=generator(seed, f"order of epoch {epoch}"))


class Loader:
    """Gives an epoch's batches. ``waited`` adds up the seconds in which training waited for them."""

    def __init__(self, samples: Samples, batch_size: int, seed: int) -> None:
        self._samples = samples
        self._batch_size = batch_size
        self._seed = seed
        per_batch = batch_size * max(1, samples.inputs[0].numel())
        # A power of two: batches lie at the same alignment in memory however the epoch was cut into chunks.
        self._chunk = max(1, min(CHUNK_STEPS, 1 << (CHUNK_ELEMENTS // per_batch).bit_length() >> 1))
        self.waited = 0.0

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """The batches of ``epoch`` from number ``first`` on; the last may be smaller."""
        samples, size = self._samples, self._batch_size
        if size >= len(samples):
            if first == 0:  # one batch has no order
                yield samples.inputs, samples.targets, samples.labels
            return
        span = self._chunk * size
        permutation = order(self._seed, epoch, len(samples)).to(samples.labels.device)
        # Chunks begin where they do in an epoch that was never interrupted.
        skipped_chunks, skipped_batches = divmod(first, self._chunk)
        for start in range(skipped_chunks * span, len(samples), span):
            began = time.perf_counter()
            batches = self._fetch(permutation[start : start + span])
            self.waited += time.perf_counter() - began
            yield from islice(batches, skipped_batches, None)
            skipped_batches = 0

    def _fetch(self, chosen: Tensor) -> Iterator[Batch]:
        """One gather for many batches: then a step costs no indexing."""
        samples, size = self._samples, self._batch_size
        inputs = samples.inputs.index_select(0, chosen).split(size)
        labels = samples.labels.index_select(0, chosen).split(size)
        if samples.targets is samples.labels:
            return zip(inputs, labels, labels, strict=True)
        return zip(inputs, samples.targets.index_select(0, chosen).split(size), labels, strict=True)
