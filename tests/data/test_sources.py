from collections.abc import Callable
from pathlib import Path

import pytest

from tuitrain.data.sources import FileSource, find, idx_source, obtain
from tuitrain.errors import MissingData

WriteSet = Callable[..., Path]
SUFFIXES = pytest.mark.parametrize("suffix", ["", ".gz"])


@SUFFIXES
def test_the_chosen_directory_then_the_cache_then_what_is_installed(
    tmp_path: Path, cache: Path, write_set: WriteSet, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    source = idx_source("FashionMNIST", (str(tmp_path / "usr"),))
    assert find(source) is None
    for place in (tmp_path / "usr", cache / "FashionMNIST" / "raw", tmp_path / "chosen" / "FashionMNIST" / "raw"):
        monkeypatch.setenv("TUITRAIN_DATA", str(tmp_path / "chosen"))
        write_set(place, suffix)
        assert find(source) == place == obtain(source)


@SUFFIXES
def test_the_files_right_in_the_chosen_directory(
    tmp_path: Path, cache: Path, write_set: WriteSet, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setenv("TUITRAIN_DATA", str(write_set(tmp_path / "mine", suffix)))
    assert find(idx_source("MNIST")) == tmp_path / "mine"


@pytest.mark.parametrize("directory", ["fashion-mnist", "FashionMNIST/raw"])
def test_a_directory_named_for_one_set_is_not_taken_for_the_other(
    tmp_path: Path, cache: Path, write_set: WriteSet, monkeypatch: pytest.MonkeyPatch, directory: str
) -> None:
    monkeypatch.setenv("TUITRAIN_DATA", str(write_set(tmp_path / directory)))
    assert find(idx_source("FashionMNIST")) == tmp_path / directory
    assert find(idx_source("MNIST")) is None


@pytest.mark.parametrize("lacking", ["train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"])
def test_a_place_without_all_four_files_is_passed_over(
    tmp_path: Path, cache: Path, write_set: WriteSet, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    monkeypatch.setenv("TUITRAIN_DATA", str(tmp_path))
    (write_set(tmp_path / "MNIST" / "raw") / lacking).unlink()
    assert find(idx_source("MNIST")) is None
    complete = write_set(cache / "MNIST" / "raw", ".gz")
    assert find(idx_source("MNIST")) == complete


def test_what_is_nowhere_is_missing_and_the_error_says_what_to_place_where(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUITRAIN_DATA", str(tmp_path / "chosen"))
    with pytest.raises(MissingData) as raised:
        obtain(idx_source("MNIST"))
    message = str(raised.value)
    assert "\n" not in message
    for part in ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte", ".gz", str(cache / "MNIST" / "raw")):
        assert part in message
    assert str(tmp_path / "chosen" / "MNIST" / "raw") in message
    assert not list(cache.rglob("*"))


def test_files_that_are_never_packed_are_looked_for_and_asked_for_as_they_are(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = FileSource("CIFAR100", "cifar-100-python", ("train", "test"))
    monkeypatch.setenv("TUITRAIN_DATA", str(tmp_path))
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    (folder / "train").touch()
    (folder / "test.gz").touch()
    assert find(source) is None
    with pytest.raises(MissingData) as raised:
        obtain(source)
    assert f"Place train and test in {cache / 'cifar-100-python'} or in $TUITRAIN_DATA/cifar-100-python" in str(
        raised.value
    )
    (folder / "test").touch()
    assert find(source) == folder
