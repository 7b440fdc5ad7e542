"""Images in a folder of the user's own: one folder a class."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator

from tuitrain.data.base import Data, DataFacts, Dataset, Part
from tuitrain.data.split import OwnTestSet, ValidationSpec
from tuitrain.data.standardize import Range, Standardize
from tuitrain.spec import Invalid, Problem

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")
TRAIN = "train"
TEST = ("test", "val")
SHOWN = 10
"""How many of the skipped images are named."""

Side = Annotated[int, Field(ge=1, le=1024)]


@dataclass(frozen=True)
class ClassFolders:
    """A folder with a folder of images for each class."""

    folder: Path
    classes: tuple[str, ...]
    counts: tuple[int, ...]


class ImageFolder(Data):
    """Images of your own: one folder a class, with jpg, png, bmp and webp files right in it.

    Where the folder holds folders train and test (or val), these hold the classes, and validation = "test" takes the
    latter. Classes have the names of their folders, in alphabetical order. Images are resized so that the shorter side
    fits, then cropped in the middle; values 0 to 255. All are decoded once before training: one that cannot be
    read is named and skipped, and the figures for ``standardize`` are those of the whole training part.
    """

    value_range: ClassVar[Range | None] = (0.0, 255.0)
    suitable: ClassVar[Standardize] = "scale"

    type: Literal["image_folder"] = "image_folder"
    path: str = Field(min_length=1, description="The folder; a relative path starts where tuitrain was started.")
    size: Annotated[tuple[Side, Side], Field(strict=False)] = Field(
        default=(64, 64), description="Height and width to which every image is brought, in pixels."
    )
    channels: int = Field(default=3, ge=1, le=3, description="3 for colour, 1 for grey.")
    stream: Literal["auto"] | bool = Field(
        default="auto",
        description="Whether images are read from their files during training, not kept in memory; auto: if they "
        "would take more than half of the memory that is free (4 bytes a value).",
    )

    @field_validator("channels")
    @classmethod
    def _grey_or_colour(cls, value: int) -> int:
        if value == 2:
            raise ValueError("must be 1 or 3, got 2")
        return value

    @field_validator("validation")
    @classmethod
    def _has_a_test_set(cls, value: ValidationSpec) -> ValidationSpec:
        return value  # the folder says whether there is one, see ``whole``

    def whole(self) -> DataFacts:
        """The facts of the folders as they are; no image is opened."""
        train, test = self._parts()
        if test is None and isinstance(self.validation, OwnTestSet):
            message = (
                f"{self.path} has no test set: folders {TRAIN} and {TEST[0]}, each with the classes; "
                'or hold a part out instead: { size = 0.2, take = "random" }'
            )
            raise Invalid([Problem(("data", "validation"), message)])
        return DataFacts(
            shape=(self.channels, *self.size),
            classes=len(train.classes),
            class_names=train.classes,
            train=sum(train.counts),
            test=sum(test.counts) if test else None,
        )

    def class_counts(self) -> tuple[int, ...] | None:
        return self._parts()[0].counts

    def where(self) -> str | None:
        return str(self._folder) if os.path.isdir(self._folder) else None

    def read(self, seed: int) -> Part:
        return self._files(self._parts()[0])

    def read_test(self) -> Part:
        train, test = self._parts()
        return self._files(test or train, train.classes)

    def ready(self, facts: DataFacts, train: Part, validation: Part | None) -> Dataset:
        """Each image is decoded once; then they are in memory or to be streamed."""
        from tuitrain.data.images import ImageFiles, decode_part

        count = len(train.y) + (len(validation.y) if validation else 0)
        keep = not self._streams(count)
        assert isinstance(train.x, ImageFiles)
        trained = decode_part(train.x, train.y, keep=keep)
        validated = None
        if validation:
            assert isinstance(validation.x, ImageFiles)
            validated = decode_part(validation.x, validation.y, keep=keep)
        by = trained.moments.fit(self.standardization)
        return Dataset(
            train_x=trained.ready(by),
            train_y=trained.y,
            validation_x=validated.ready(by) if validated else None,
            validation_y=validated.y if validated else None,
            facts=facts,
            notes=_notes(trained.unreadable + (validated.unreadable if validated else ()), count),
        )

    def with_absolute_paths(self) -> Self:
        return self.model_copy(update={"path": str(self._folder.absolute())})

    @property
    def _folder(self) -> Path:
        return Path(os.path.expanduser(self.path))  # Path.expanduser fails for an unknown user

    def _parts(self) -> tuple[ClassFolders, ClassFolders | None]:
        """The folders to train and to test on.

        Raises:
            Invalid: if they do not hold images in folders, one a class.
        """
        test = next((self._folder / name for name in TEST if os.path.isdir(self._folder / name)), None)
        if test is None or not os.path.isdir(self._folder / TRAIN):
            return _part(self._folder), None
        train_part, test_part = _part(self._folder / TRAIN), _part(test)
        if unknown := sorted(set(test_part.classes) - set(train_part.classes)):
            raise _unusable(f"{test} has a class {unknown[0]!r} that {train_part.folder} has not")
        return train_part, test_part

    def _files(self, part: ClassFolders, classes: tuple[str, ...] = ()) -> Part:
        """Classes take turns in proportion, so that the first or last samples are a fair part."""
        import torch

        from tuitrain.data.images import ImageFiles

        found = []
        for name in part.classes:
            label = (classes or part.classes).index(name)
            files = _images(part.folder / name)
            found += [((place + 0.5) / len(files), label, file) for place, file in enumerate(files)]
        found.sort()
        labels = torch.tensor([label for _, label, _ in found], dtype=torch.int64)
        return Part(ImageFiles(tuple(file for _, _, file in found), (self.channels, *self.size)), labels)

    def _streams(self, count: int) -> bool:
        if isinstance(self.stream, bool):
            return self.stream
        height, width = self.size
        return 4 * count * self.channels * height * width > available_memory() / 2


def _part(folder: Path) -> ClassFolders:
    try:
        classes = tuple(sorted(one.name for one in os.scandir(folder) if one.is_dir() and not one.name.startswith(".")))
        counts = tuple(_count(folder / name, os.stat(folder / name).st_mtime_ns) for name in classes)
    except OSError as error:
        raise _unusable(f"{error.filename} cannot be read ({error.strerror})") from None
    except ValueError as error:  # a path with a NUL in it
        raise _unusable(f"{str(folder)!r} cannot be read ({error})") from None
    if len(classes) < 2:
        found = f"one folder only, {classes[0]!r}" if classes else "no folders"
        raise _unusable(f"{folder} has {found}: it needs a folder of images for each of at least two classes")
    for name, count in zip(classes, counts, strict=True):
        if not count:
            raise _unusable(
                f"the class folder {folder / name} has no images ({', '.join(SUFFIXES)}); fill or remove it"
            )
    return ClassFolders(folder, classes, counts)


@lru_cache(maxsize=4096)
def _count(folder: Path, changed: int) -> int:
    """Images of a class; counted anew once the folder has ``changed``, for facts are asked for at every keystroke."""
    return len(_images(folder))


def _images(folder: Path) -> list[str]:
    return sorted(one.path for one in os.scandir(folder) if one.name.lower().endswith(SUFFIXES) and one.is_file())


def _unusable(what: str) -> Invalid:
    return Invalid([Problem(("data", "path"), what)])


def _notes(unreadable: tuple[str, ...], total: int) -> tuple[str, ...]:
    if not unreadable:
        return ()
    named = tuple(f"skipped, for it cannot be read: {said}" for said in unreadable[:SHOWN])
    more = len(unreadable) - len(named)
    count = f"{len(unreadable):,} of {total:,} images were skipped" + (
        f", {more:,} more than are named" if more else ""
    )
    return (*named, count)


CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def available_memory() -> int:
    """Bytes that can be had without swapping, no more than the limit of the container; where that is not told, all."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):  # no Linux
        free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(free, int(CONTAINER_LIMIT.read_text()))
    except (OSError, ValueError):  # no container, or one without a limit, which reads "max"
        return free
