"""Images from torchvision's data sets, read from their files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from tuitrain.data.base import DataSpec, Facts, Samples
from tuitrain.data.idx import read_idx
from tuitrain.data.sources import Source, file_in, find, obtain
from tuitrain.data.standardize import Range
from tuitrain.errors import Refused

if TYPE_CHECKING:
    from torch import Tensor


class IdxImages(DataSpec):
    """MNIST and what has its format: 28 x 28 grey pixels, 60,000 to train and 10,000 to test."""

    source: ClassVar[Source]
    class_names: ClassVar[tuple[str, ...]]
    value_range: ClassVar[Range | None] = (0.0, 255.0)
    test_samples: ClassVar[int | None] = 10_000

    def facts(self) -> Facts:
        """Of the full set; the files on a machine may hold a part of it."""
        return Facts((1, 28, 28), len(self.class_names), self.class_names, train=60_000, test=self.test_samples)

    def where(self) -> str | None:
        found = find(self.source)
        return str(found) if found else None

    def read(self, seed: int) -> Samples:
        return self._read("train")

    def read_test(self) -> Samples:
        return self._read("t10k")

    def _read(self, part: str) -> Samples:
        directory = obtain(self.source)
        images_file, images = _read_file(directory, f"{part}-images-idx3-ubyte", 3)
        labels_file, labels = _read_file(directory, f"{part}-labels-idx1-ubyte", 1)
        facts = self.facts()
        if images.shape[1:] != facts.shape[1:]:
            raise Refused(f"{images_file}: images of {_times(images.shape[1:])} pixels, not {_times(facts.shape[1:])}")
        if len(images) != len(labels):
            raise Refused(f"{labels_file}: {len(labels)} labels for the {len(images)} images of {images_file.name}")
        if (highest := int(labels.max())) >= len(self.class_names):
            raise Refused(f"{labels_file}: has the label {highest}, the highest can be {len(self.class_names) - 1}")
        return Samples(images.unsqueeze(1), labels.long())


class Mnist(IdxImages):
    """Handwritten digits: 60,000 grey images of 28 x 28 pixels, values 0 to 255, and 10,000 to test on."""

    source: ClassVar[Source] = Source("MNIST")
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")

    type: Literal["mnist"] = "mnist"


class FashionMnist(IdxImages):
    """Pieces of clothing, harder than MNIST: 60,000 grey images of 28 x 28 pixels, and 10,000 to test on."""

    source: ClassVar[Source] = Source(
        "FashionMNIST", ("/usr/share/datasets/fashion-mnist",), "dataset-fashion-mnist (Debian)"
    )
    class_names: ClassVar[tuple[str, ...]] = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )

    type: Literal["fashion_mnist"] = "fashion_mnist"


def _read_file(directory: Path, name: str, dimensions: int) -> tuple[Path, Tensor]:
    # A file that went away since it was found is reported as unreadable by the reader.
    path = file_in(directory, name) or directory / name
    return path, read_idx(path, dimensions)


def _times(sizes: tuple[int, ...]) -> str:
    return " x ".join(map(str, sizes))


Vision: TypeAlias = Mnist | FashionMnist
