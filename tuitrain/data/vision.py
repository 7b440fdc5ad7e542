"""Images from torchvision's data sets, read from their files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from tuitrain.data.base import Data, DataFacts, Part
from tuitrain.data.cifar import SIDE, read_cifar
from tuitrain.data.idx import read_idx
from tuitrain.data.sources import FileSource, file_in, find, idx_source, obtain
from tuitrain.data.standardize import Range, Standardize
from tuitrain.errors import Refused

if TYPE_CHECKING:
    from torch import Tensor


class Images(Data):
    """Images of bytes, of which a part is for testing, in files that many machines have."""

    source: ClassVar[FileSource]
    shape: ClassVar[tuple[int, int, int]]
    class_names: ClassVar[tuple[str, ...]]
    train_counts: ClassVar[tuple[int, ...]]
    value_range: ClassVar[Range | None] = (0.0, 255.0)
    suitable: ClassVar[Standardize] = "scale"
    test_samples: ClassVar[int | None] = 10_000

    def whole(self) -> DataFacts:
        """The facts of the full set; the files on a machine may hold a part of it."""
        train = sum(self.train_counts)
        return DataFacts(self.shape, len(self.class_names), self.class_names, train=train, test=self.test_samples)

    def class_counts(self) -> tuple[int, ...] | None:
        return self.train_counts

    def where(self) -> str | None:
        found = find(self.source)
        return str(found) if found else None

    def _check(self, labels: Tensor, file: Path) -> None:
        lowest, highest = (int(bound) for bound in labels.aminmax())
        if wrong := [label for label in (highest, lowest) if not 0 <= label < len(self.class_names)]:
            raise Refused(f"{file}: has the label {wrong[0]}, the highest can be {len(self.class_names) - 1}")


class IdxImages(Images):
    """MNIST and what has its format: 28 x 28 grey pixels, 60,000 to train and 10,000 to test."""

    shape: ClassVar[tuple[int, int, int]] = (1, 28, 28)

    def read(self, seed: int) -> Part:
        return self._read("train")

    def read_test(self) -> Part:
        return self._read("t10k")

    def _read(self, part: str) -> Part:
        directory = obtain(self.source)
        images_file, images = self._read_file(directory, f"{part}-images-idx3-ubyte", 3)
        labels_file, labels = self._read_file(directory, f"{part}-labels-idx1-ubyte", 1)
        if images.shape[1:] != self.shape[1:]:
            raise Refused(f"{images_file}: images of {_times(images.shape[1:])} pixels, not {_times(self.shape[1:])}")
        if len(images) != len(labels):
            raise Refused(f"{labels_file}: {len(labels)} labels for the {len(images)} images of {images_file.name}")
        self._check(labels, labels_file)
        return Part(images.unsqueeze(1), labels.long())

    def _read_file(self, directory: Path, name: str, dimensions: int) -> tuple[Path, Tensor]:
        # A file that went away since it was found is reported as unreadable by the reader.
        path = file_in(directory, name, self.source) or directory / name
        return path, read_idx(path, dimensions)


class Mnist(IdxImages):
    """Handwritten digits: 60,000 grey images of 28 x 28 pixels, values 0 to 255, and 10,000 to test on."""

    source: ClassVar[FileSource] = idx_source("MNIST")
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")
    train_counts: ClassVar[tuple[int, ...]] = (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)

    type: Literal["mnist"] = "mnist"


_CLOTHES = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"


class FashionMnist(IdxImages):
    """Pieces of clothing, harder than MNIST: 60,000 grey images of 28 x 28 pixels, and 10,000 to test on."""

    source: ClassVar[FileSource] = idx_source(
        "FashionMNIST", ("/usr/share/datasets/fashion-mnist",), "dataset-fashion-mnist (Debian)"
    )
    class_names: ClassVar[tuple[str, ...]] = tuple(_CLOTHES.split(","))
    train_counts: ClassVar[tuple[int, ...]] = (6000,) * 10

    type: Literal["fashion_mnist"] = "fashion_mnist"


class CifarImages(Images):
    """CIFAR-10 and CIFAR-100: 32 x 32 pixels in red, green and blue, 50,000 to train and 10,000 to test."""

    shape: ClassVar[tuple[int, int, int]] = (3, SIDE, SIDE)
    labels_key: ClassVar[str]

    def read(self, seed: int) -> Part:
        return self._read(self.source.files[:-1])

    def read_test(self) -> Part:
        return self._read(self.source.files[-1:])

    def _read(self, files: tuple[str, ...]) -> Part:
        import torch

        directory = obtain(self.source)
        batches = []
        for name in files:
            images, labels = read_cifar(directory / name, self.labels_key)
            self._check(labels, directory / name)
            batches.append((images, labels))
        return Part(torch.cat([images for images, _ in batches]), torch.cat([labels for _, labels in batches]))


_ANIMALS_AND_VEHICLES = "airplane automobile bird cat deer dog frog horse ship truck"


class Cifar10(CifarImages):
    """Animals and vehicles: 50,000 colour images of 32 x 32 pixels in 10 classes, and 10,000 to test on.

    Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009).
    """

    source: ClassVar[FileSource] = FileSource(
        "CIFAR10", "cifar-10-batches-py", (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
    )
    labels_key: ClassVar[str] = "labels"
    class_names: ClassVar[tuple[str, ...]] = tuple(_ANIMALS_AND_VEHICLES.split())
    train_counts: ClassVar[tuple[int, ...]] = (5000,) * 10

    type: Literal["cifar10"] = "cifar10"


_THINGS = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale
willow_tree wolf woman worm
"""


class Cifar100(CifarImages):
    """A hundred kinds of things: 50,000 colour images of 32 x 32 pixels, 500 a class, and 10,000 to test on.

    The labels are the hundred fine ones. Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny
    Images" (2009).
    """

    source: ClassVar[FileSource] = FileSource("CIFAR100", "cifar-100-python", ("train", "test"))
    labels_key: ClassVar[str] = "fine_labels"
    class_names: ClassVar[tuple[str, ...]] = tuple(_THINGS.split())
    train_counts: ClassVar[tuple[int, ...]] = (500,) * 100

    type: Literal["cifar100"] = "cifar100"


def _times(sizes: tuple[int, ...]) -> str:
    return " x ".join(map(str, sizes))
