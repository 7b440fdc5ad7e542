"""What the tests of data sets share: the real files where they are, tiny ones, and a machine that has none."""

import gzip
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def real_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """TUITRAIN_DATA as it is set, or the data beside the repository; skips where there is neither."""
    if not os.environ.get("TUITRAIN_DATA"):
        if not SHARED.is_dir():
            pytest.skip("the files of MNIST and Fashion-MNIST are not here")
        monkeypatch.setenv("TUITRAIN_DATA", str(SHARED))


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
