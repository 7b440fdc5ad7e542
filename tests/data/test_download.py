"""Downloads by torchvision from a server on this machine."""

import hashlib
import logging
import socket
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import torch
from torchvision.datasets import MNIST

from tuitrain.data.download import DownloadError, answers, download
from tuitrain.data.sources import FILES
from tuitrain.data.vision import Mnist

WriteSet = Callable[..., Path]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path, write_set: WriteSet) -> Path:
    return write_set(tmp_path / "served", ".gz")


@pytest.fixture
def server(cache: Path, served: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server of those files, which torchvision takes for the only mirror of MNIST."""
    sums = [(file.name, hashlib.md5(file.read_bytes()).hexdigest()) for file in sorted(served.iterdir())]
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served))) as listening:
        address = f"http://127.0.0.1:{listening.server_port}/"
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setattr(MNIST, "mirrors", [address])
        monkeypatch.setattr(MNIST, "resources", sums)
        thread = Thread(target=listening.serve_forever)
        thread.start()
        yield address
        listening.shutdown()
        thread.join()


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
    assert torch.equal(spec.load(0).train_x, loaded.train_x)


def test_a_download_that_is_not_what_it_should_be_leaves_no_file(server: str, served: Path, tmp_path: Path) -> None:
    damaged = served / "t10k-images-idx3-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(DownloadError, match="t10k-images"):
        download("MNIST", tmp_path / "target" / "raw", FILES)
    assert not [path for path in (tmp_path / "target").rglob("*") if path.is_file()]
    assert socket.getdefaulttimeout() is None


def test_a_cache_that_cannot_be_written_is_a_failed_download(server: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="Not a directory"):
        download("MNIST", tmp_path / "file" / "raw", FILES)


def test_an_error_is_an_answer_but_silence_and_refusal_are_none(server: str) -> None:
    assert answers(server, seconds=5)
    assert answers(f"{server}absent", seconds=5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert not answers(address, seconds=0.2)
    assert not answers(address, seconds=5)
