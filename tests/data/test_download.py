"""Downloads by torchvision from a server on this machine."""

import hashlib
import logging
import socket
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torch
from torch import Tensor
from torchvision.datasets import CIFAR10, MNIST

from tuitrain.connection import answers
from tuitrain.data.download import DownloadError, download
from tuitrain.data.split import OwnTestSet
from tuitrain.data.vision import Cifar10, Mnist
from tuitrain.errors import MissingData

from ..narrow import of_type

WriteSet = Callable[..., Path]
FILES = Mnist.source.files


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever only asks whether it answers may be gone before it does: that is no error, and not to be printed."""


@pytest.fixture
def served(tmp_path: Path, write_set: WriteSet) -> Path:
    return write_set(tmp_path / "served", ".gz")


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    with Server(("127.0.0.1", 0), partial(Quiet, directory=str(directory))) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/"
        listening.shutdown()
        thread.join()


def md5(file: Path) -> str:
    return hashlib.md5(file.read_bytes()).hexdigest()


@pytest.fixture
def server(cache: Path, served: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server of those files, which torchvision takes for the only mirror of MNIST."""
    with serving(served) as address:
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setattr(MNIST, "mirrors", [address])
        monkeypatch.setattr(MNIST, "resources", [(file.name, md5(file)) for file in sorted(served.iterdir())])
        yield address


@pytest.fixture
def cifar_archive(
    cache: Path, tmp_path: Path, write_cifar: WriteSet, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """An archive on a server, which torchvision takes for that of CIFAR-10, with the checksums of what is in it."""
    archive = tmp_path / "served" / CIFAR10.filename
    folder = write_cifar(archive.parent / "content", Cifar10)
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder, CIFAR10.base_folder)
    with serving(archive.parent) as address:
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setattr(CIFAR10, "url", f"{address}{archive.name}")
        monkeypatch.setattr(CIFAR10, "tgz_md5", md5(archive))
        monkeypatch.setattr(CIFAR10, "train_list", [[name, md5(folder / name)] for name in Cifar10.source.files[:-1]])
        monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", md5(folder / "test_batch")]])
        monkeypatch.setitem(CIFAR10.meta, "md5", md5(folder / "batches.meta"))
        yield archive


def test_an_archive_is_downloaded_and_unpacked(
    cifar_archive: Path, cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    spec = Cifar10(validation=OwnTestSet())
    loaded = spec.load(0)
    assert (loaded.facts.train, loaded.facts.test) == (300, 60)
    assert spec.where() == str(cache / "cifar-10-batches-py")
    assert sorted(path.name for path in cache.rglob("*") if path.is_file()) == sorted(Cifar10.source.files)
    assert capfd.readouterr() == ("", "")


def test_an_archive_that_is_not_what_it_should_be_is_never_unpacked(cifar_archive: Path, cache: Path) -> None:
    cifar_archive.write_bytes(cifar_archive.read_bytes() + b"x")
    with pytest.raises(
        MissingData, match=r"CIFAR10 is not on this machine .* Place data_batch_1, .* in .*cifar-10-bat"
    ):
        Cifar10().load(0)
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_what_is_missing_is_downloaded_once_and_quietly(
    server: str, served: Path, cache: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tuitrain")
    spec = Mnist(validation={"type": "test"})  # type: ignore[arg-type]
    assert spec.where() is None
    loaded = spec.load(0)
    assert loaded.facts.train == 30
    assert spec.where() == str(cache / "MNIST" / "raw")
    assert sorted(path.name for path in cache.rglob("*") if path.is_file()) == sorted(FILES)
    assert capfd.readouterr() == ("", "")
    assert "downloading MNIST" in caplog.text
    for file in served.iterdir():
        file.unlink()
    assert torch.equal(of_type(Tensor, spec.load(0).train_x), of_type(Tensor, loaded.train_x))


def test_a_download_that_is_not_what_it_should_be_leaves_no_file(server: str, served: Path, tmp_path: Path) -> None:
    damaged = served / "t10k-images-idx3-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(DownloadError, match="t10k-images"):
        download("MNIST", tmp_path / "target", "MNIST/raw", FILES)
    assert not [path for path in (tmp_path / "target").rglob("*") if path.is_file()]
    assert socket.getdefaulttimeout() is None


def test_a_cache_that_cannot_be_written_is_a_failed_download(server: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="Not a directory"):
        download("MNIST", tmp_path / "file", "MNIST/raw", FILES)


def test_an_error_is_an_answer_but_silence_and_refusal_are_none(server: str) -> None:
    assert answers(server, seconds=5)
    assert answers(f"{server}absent", seconds=5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert not answers(address, seconds=0.2)
    assert not answers(address, seconds=5)
