"""What the tests of data sets share: the real files where they are, tiny ones, and a machine that has none."""

import gzip
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without data: no TUITRAIN_DATA, an empty cache (given back), and a network that refuses connections."""
    monkeypatch.delenv("TUITRAIN_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home" / "cache"))
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    from tuitrain.data import sources

    return sources.cache()


def write_idx(path: Path, values: Tensor) -> None:
    header = struct.pack(f">BBBB{values.dim()}I", 0, 0, 8, values.dim(), *values.shape)
    content = header + values.to(torch.uint8).numpy().tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.fixture(scope="session")
def write() -> Callable[[Path, Tensor], None]:
    """Writes unsigned bytes in the IDX format, gzipped where the name ends so."""
    return write_idx


@pytest.fixture(scope="session")
def write_set() -> Callable[..., Path]:
    """Writes the four files of a data set: 30 images to train, 10 to test."""

    def make(directory: Path, suffix: str = "", seed: int = 0) -> Path:
        source = torch.Generator().manual_seed(seed)
        for part, count in (("train", 30), ("t10k", 10)):
            images = torch.randint(0, 256, (count, 28, 28), generator=source)
            write_idx(directory / f"{part}-images-idx3-ubyte{suffix}", images)
            write_idx(directory / f"{part}-labels-idx1-ubyte{suffix}", torch.arange(count) % 10)
        return directory

    return make


def python_2_pickle(data: Tensor, labels_key: str, labels: list[int]) -> bytes:
    """A dict of an array and a list as Python 2 pickled it, which is how CIFAR is published: text is bytes.

    Opcodes: https://docs.python.org/3/library/pickletools.html
    """

    def text(value: bytes) -> bytes:
        return b"T" + struct.pack("<i", len(value)) + value

    def number(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    reconstructed = b"cnumpy.core.multiarray\n_reconstruct\n" + b"cnumpy\nndarray\n" + number(0) + b"\x85" + text(b"b")
    dtype = b"cnumpy\ndtype\n" + text(b"u1") + number(0) + number(1) + b"\x87R"
    dtype += b"(" + number(3) + text(b"|") + b"NNN" + number(-1) + number(-1) + number(0) + b"tb"
    shape = number(data.shape[0]) + number(data.shape[1]) + b"\x86"
    array = reconstructed + b"\x87R(" + number(1) + shape + dtype + b"\x89" + text(data.numpy().tobytes()) + b"tb"
    numbers = b"](" + b"".join(map(number, labels)) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + text(labels_key.encode()) + numbers + b"u."


@pytest.fixture(scope="session")
def pickled() -> Callable[..., bytes]:
    """Images (N, 3072) and labels as one of CIFAR's files has them."""
    return python_2_pickle


@pytest.fixture(scope="session")
def write_cifar() -> Callable[..., Path]:
    """Writes the files of CIFAR-10 or CIFAR-100 (a class of tuitrain.data.vision) with 300 images to train."""

    def make(directory: Path, kind: Any, seed: int = 0) -> Path:
        source = torch.Generator().manual_seed(seed)
        directory.mkdir(parents=True, exist_ok=True)
        classes = len(kind.class_names)
        for name in kind.source.files:
            count = 300 // (len(kind.source.files) - 1)
            images = torch.randint(0, 256, (count, 3072), generator=source, dtype=torch.uint8)
            content = python_2_pickle(images, kind.labels_key, [label % classes for label in range(count)])
            (directory / name).write_bytes(content)
        for name, key in (("batches.meta", "label_names"), ("meta", "fine_label_names")):
            (directory / name).write_bytes(pickle.dumps({key: list(kind.class_names)}, protocol=2))
        return directory

    return make
