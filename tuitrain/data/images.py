"""Images in files: decoded, looked through, and made ready in memory or to be streamed."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from tuitrain.data.standardize import Affine, Standardize, affine
from tuitrain.errors import Refused
from tuitrain.files import open_regular

Pixels = NDArray[np.uint8]

_BLOCK_BYTES = 1 << 24
_BLOCK_LEAST = 64


class Unreadable(Exception):
    """A file that holds no image, or a damaged one; the message names it and says why."""


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """Files with one image each; decoded, every image is uint8 of ``sample``: (channels, height, width)."""

    paths: tuple[str, ...]
    sample: tuple[int, int, int]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Tensor) -> Self:
        return replace(self, paths=tuple(self.paths[one] for one in index.tolist()))

    @property
    def bytes_each(self) -> int:
        channels, height, width = self.sample
        return channels * height * width

    def decode(self, number: int) -> Pixels:
        """Upright, the shorter side resized (bilinear) to fit, the middle of the longer one kept.

        Raises:
            Unreadable: if that cannot be done.
        """
        channels, height, width = self.sample
        try:
            with open(self.paths[number], "rb", opener=open_regular) as file, Image.open(file) as image:
                image.draft(image.mode, (2 * width, 2 * height))  # a large JPEG is decoded at a fraction of its size
                upright = ImageOps.exif_transpose(image).convert("RGB" if channels == 3 else "L")
            pixels = np.asarray(ImageOps.fit(upright, (width, height), Image.Resampling.BILINEAR))
        except MemoryError:
            raise
        except Exception as error:  # decoders fail in many ways on damaged files
            raise Unreadable(f"{self.paths[number]}: {_reason(error)}") from None
        return pixels.transpose(2, 0, 1) if channels == 3 else pixels[np.newaxis]

    def decode_all(self, numbers: Sequence[int]) -> Pixels:
        """(N, channels, height, width). Raises Unreadable."""
        return np.stack([self.decode(number) for number in numbers])


@dataclass(frozen=True, eq=False)
class ImageStream:
    """Images that are decoded, and standardised, only when a batch is made."""

    files: ImageFiles
    standardized: Affine

    def __len__(self) -> int:
        return len(self.files)

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, channels, height, width)"""
        return (len(self.files), *self.files.sample)


class Moments:
    """Sums over uint8 images, in whole numbers: exact, so the order in which images come does not matter."""

    def __init__(self, sample: tuple[int, ...]) -> None:
        self._count = 0
        self._sum = torch.zeros(sample, dtype=torch.int64)
        self._squares = torch.zeros(sample, dtype=torch.int64)

    def add(self, images: Tensor) -> None:
        self._count += len(images)
        self._sum += images.sum(0, dtype=torch.int64)
        self._squares += images.int().square_().sum(0, dtype=torch.int64)

    def fit(self, how: Standardize) -> Affine:
        """The standardisation that `tuitrain.data.standardize.fit` gives for these images, computed in float64."""
        if how == "none" or how == "scale":
            return affine(torch.tensor(0.0), torch.tensor(1.0 if how == "none" else 255.0))
        total, squares, count = self._sum, self._squares, self._count
        if how == "global":
            count *= total.numel()
            total, squares = total.sum(), squares.sum()
        mean = total.double() / count
        return affine(mean, (squares.double() / count - mean.square()).clamp(min=0).sqrt())


@dataclass(frozen=True, eq=False)
class DecodedPart:
    """The files of a part that can be read, their labels, and their pixels where they were kept."""

    files: ImageFiles
    y: Tensor
    pixels: Tensor | None
    moments: Moments
    unreadable: tuple[str, ...]

    def ready(self, standardized: Affine) -> Tensor | ImageStream:
        """float32 (N, channels, height, width), or the way to it."""
        if self.pixels is None:
            return ImageStream(self.files, standardized)
        result = torch.empty(self.pixels.shape)
        at_once = max(1, _BLOCK_BYTES // self.files.bytes_each)
        for to, part in zip(result.split(at_once), self.pixels.split(at_once), strict=True):
            to.copy_(standardized(part.float()))  # a part at a time: hardly more memory than the result is needed
        return result


def decode_part(files: ImageFiles, y: Tensor, *, keep: bool) -> DecodedPart:
    """The readable images of a part, whose labels are ``y``, each decoded once; ``keep`` their pixels.

    Raises:
        Refused: if not a single one can be read.
    """
    moments = Moments(files.sample)
    readable: list[int] = []
    unreadable: list[str] = []
    pixels = torch.empty((len(files) if keep else 0, *files.sample), dtype=torch.uint8)
    for numbers, images, failed in _blocks(files):
        moments.add(images)
        if keep:
            pixels[len(readable) : len(readable) + len(numbers)] = images
        readable += numbers
        unreadable += failed
    if not readable:
        raise Refused(f"data.path: none of the {len(files):,} images can be read, such as {unreadable[0]}")
    index = torch.tensor(readable)
    return DecodedPart(files[index], y[index], pixels[: len(index)] if keep else None, moments, tuple(unreadable))


def _blocks(files: ImageFiles) -> Iterator[tuple[list[int], Tensor, list[str]]]:
    """Numbers of readable images, the images, and what is said of the others."""
    at_once = max(_BLOCK_LEAST, _BLOCK_BYTES // files.bytes_each)
    with ThreadPoolExecutor() as pool:  # decoders let other threads work
        for start in range(0, len(files), at_once):
            numbers = range(start, min(start + at_once, len(files)))
            outcomes = list(pool.map(partial(_attempt, files), numbers))
            images = [one for one in outcomes if not isinstance(one, str)]
            yield (
                [number for number, one in zip(numbers, outcomes, strict=True) if not isinstance(one, str)],
                torch.from_numpy(np.stack(images)) if images else torch.empty((0, *files.sample), dtype=torch.uint8),
                [one for one in outcomes if isinstance(one, str)],
            )


def _attempt(files: ImageFiles, number: int) -> Pixels | str:
    try:
        return files.decode(number)
    except Unreadable as error:
        return str(error)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, UnidentifiedImageError):
        return "holds no image"
    return " ".join(str(error).split()) or type(error).__name__
