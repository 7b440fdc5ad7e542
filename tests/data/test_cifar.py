import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tuitrain.data.cifar import read_cifar
from tuitrain.errors import Refused

IMAGES = torch.arange(4 * 3072).remainder(251).to(torch.uint8).view(4, 3072)
Pickled = Callable[..., bytes]


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    return tmp_path / "batch"


def test_a_file_of_python_2_is_read_channel_by_channel(batch: Path, pickled: Pickled) -> None:
    batch.write_bytes(pickled(IMAGES, "labels", [3, 0, 9, 3]))
    images, labels = read_cifar(batch, "labels")
    assert labels.tolist() == [3, 0, 9, 3]
    assert torch.equal(images, IMAGES.view(4, 3, 32, 32))


@pytest.mark.parametrize("protocol", range(5))
def test_so_is_one_of_python_3(batch: Path, protocol: int) -> None:
    batch.write_bytes(pickle.dumps({"data": IMAGES.numpy(), "fine_labels": [5, 6, 7, 8]}, protocol))
    images, labels = read_cifar(batch, "fine_labels")
    assert labels.tolist() == [5, 6, 7, 8]
    assert torch.equal(images, IMAGES.view(4, 3, 32, 32))


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


def test_code_in_a_file_is_never_run(batch: Path, tmp_path: Path) -> None:
    batch.write_bytes(pickle.dumps({"data": Touch(tmp_path / "was run"), "labels": [1]}))
    with pytest.raises(Refused, match=r"batch: is cut short or damaged \(it asks for .*, which has no place in"):
        read_cifar(batch, "labels")
    assert not (tmp_path / "was run").exists()
    pickle.loads(batch.read_bytes())
    assert (tmp_path / "was run").exists()


def test_a_file_cut_short_anywhere_is_refused_by_name(batch: Path, pickled: Pickled) -> None:
    whole = pickled(IMAGES[:2], "labels", [1, 2])
    for length in {*range(200), *range(200, len(whole), 97), *range(len(whole) - 60, len(whole))}:
        batch.write_bytes(whole[:length])
        with pytest.raises(Refused, match="batch: is cut short or damaged"):
            read_cifar(batch, "labels")


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        {"data": IMAGES.numpy()},
        {"labels": [1, 2, 3, 4]},
        {"data": IMAGES.numpy(), "labels": [1, 2, 3]},
        {"data": IMAGES.numpy(), "labels": [1, 2, 3, "4"]},
        {"data": IMAGES.numpy(), "labels": [0.5, 1, 2, 3]},
        {"data": IMAGES.numpy()[:, 1:], "labels": [1, 2, 3, 4]},
        {"data": IMAGES.float().numpy(), "labels": [1, 2, 3, 4]},
        {"data": np.array([None]), "labels": [1]},
        {"data": IMAGES.numpy()[:0], "labels": []},
    ],
)
def test_another_content_is_refused_by_name(batch: Path, content: object) -> None:
    batch.write_bytes(pickle.dumps(content))
    with pytest.raises(Refused, match="batch: is cut short or damaged"):
        read_cifar(batch, "labels")


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="absent: cannot be read: No such file"):
        read_cifar(tmp_path / "absent", "labels")
