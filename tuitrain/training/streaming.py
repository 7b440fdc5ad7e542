"""Inputs that do not fit into memory: worker processes decode them ahead of training.

The workers outlive neither the run nor its process: `Streamed.close` ends them, so does the end of the process, and
if that is killed they end at once.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tuitrain.data.images import ImageFiles, ImageStream, Pixels, Unreadable
from tuitrain.errors import Refused
from tuitrain.training.device import cores

MOST_WORKERS = 8
DEAF_TO = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What is sent to a whole process group ends the run, which needs its workers until its last step is done."""


class Streamed:
    """Images in files as inputs (N, channels, height, width) that are standardised on the device."""

    def __init__(self, images: ImageStream, device: torch.device) -> None:
        self.shape = images.shape
        self._files = images.files
        self._standardized = images.standardized.to(device)
        self._device = device
        self._plan = _Plan()
        self._loader: Any = None
        self._workers: Any = None
        _all.add(self)

    def read(self, index: Tensor) -> Tensor:
        """These samples, decoded here and now. Raises Refused."""
        return self._ready(_decode(self._files, index.tolist()))

    def fetch(self, parts: Sequence[Tensor]) -> Iterator[Tensor]:
        """The samples of each part, in order, decoded ahead; what an earlier call has not given yet is dropped.

        Raises:
            Refused: if a file cannot be read any more, or a worker died.
        """
        self._plan.parts = parts
        for images in self._decoded():
            yield self._ready(images)

    def close(self) -> None:
        """End the workers, if there are any; the next `fetch` starts new ones."""
        workers, self._loader, self._workers = self._workers, None, None
        if workers is not None:
            workers._shutdown_workers()

    def _decoded(self) -> Iterator[_Images]:
        """What the workers make of the plan. They start with the first and stay."""
        try:
            if self._loader is None:
                self._loader = self._new_loader()
                with _deaf_children():
                    self._workers = iter(self._loader)
            else:
                iter(self._loader)  # the same workers, for the plan as it is now
            yield from self._workers
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            self.close()
            why = "a process that decodes images was killed, perhaps for want of memory"
            raise Refused(
                f"{why} ({error}); make batch_size smaller, or free some memory, and resume the run"
            ) from None

    def _new_loader(self) -> DataLoader[_Images]:
        return DataLoader(
            _Decoder(self._files),
            batch_size=None,
            sampler=self._plan,
            num_workers=max(1, min(MOST_WORKERS, cores() - 1)),
            # A forked child of a process with threads can wait for ever for a lock that one of them held.
            multiprocessing_context="spawn",
            worker_init_fn=_start_worker,
            pin_memory=self._device.type == "cuda",
            persistent_workers=True,
            generator=torch.Generator(),  # else it would draw from the one that training uses
        )

    def _ready(self, images: _Images) -> Tensor:
        if isinstance(images.pixels, str):
            raise Refused(f"{images.pixels}; it could be read when training was prepared")
        pixels = torch.as_tensor(images.pixels)
        return self._standardized(pixels.to(self._device, non_blocking=True).float())


class _Plan:
    """The samples of each batch to come; a loader asks for them anew in every epoch."""

    parts: Sequence[Tensor] = ()

    def __iter__(self) -> Iterator[list[int]]:
        return (part.tolist() for part in self.parts)

    def __len__(self) -> int:
        return len(self.parts)


class _Images:
    """uint8 images, or why there are none. They come through a pipe: shared memory is scarce in containers."""

    def __init__(self, pixels: Pixels | Tensor | str) -> None:
        self.pixels = pixels

    def pin_memory(self) -> _Images:
        return self if isinstance(self.pixels, str) else _Images(torch.as_tensor(self.pixels).pin_memory())


class _Decoder(Dataset[_Images]):
    """What a worker does."""

    def __init__(self, files: ImageFiles) -> None:
        self._files = files

    def __getitem__(self, numbers: list[int]) -> _Images:
        return _decode(self._files, numbers)


def _decode(files: ImageFiles, numbers: list[int]) -> _Images:
    try:
        return _Images(files.decode_all(numbers))
    except Unreadable as error:
        return _Images(str(error))


def _start_worker(number: int) -> None:
    """Leave the terminal to the trainer, and be quick to end: taking torch down by the rules lasts seconds."""
    atexit.register(os._exit, 0)
    threading.Thread(target=_end_with_trainer, name="end with trainer", daemon=True).start()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        if os.isatty(descriptor):
            os.dup2(nothing, descriptor)
    os.close(nothing)


def _end_with_trainer() -> None:
    """End as soon as the trainer is gone, however it went.

    torch's loop looks for its parent every 5 s, but a worker may wait for ever to put images into a pipe that nobody
    reads any more, for it holds the other end of that pipe too.
    """
    if trainer := multiprocessing.parent_process():
        trainer.join()
        os._exit(0)


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes that are started within never hear the signals of DEAF_TO: they inherit the thread's mask."""
    resource_tracker.ensure_running()  # starting it would take the signals off the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, DEAF_TO)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_all: WeakSet[Streamed] = WeakSet()


@atexit.register
def _close_all() -> None:
    """Before multiprocessing's own end, which would wait for workers that do not hear its SIGTERM."""
    for streamed in tuple(_all):
        streamed.close()
