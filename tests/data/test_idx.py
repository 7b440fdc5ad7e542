import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tuitrain.data.idx import read_idx
from tuitrain.errors import Refused

Write = Callable[[Path, Tensor], None]
IMAGES = torch.arange(2 * 3 * 5, dtype=torch.uint8).view(2, 3, 5)


def test_it_reads_what_torchvision_reads(tmp_path: Path, write: Write) -> None:
    from torchvision.datasets.mnist import read_image_file, read_label_file

    write(tmp_path / "images", IMAGES)
    write(tmp_path / "labels", torch.arange(7))
    assert torch.equal(read_idx(tmp_path / "images", 3), read_image_file(str(tmp_path / "images")))
    assert torch.equal(read_idx(tmp_path / "labels", 1).long(), read_label_file(str(tmp_path / "labels")))


def test_plain_and_gzipped_are_the_same(tmp_path: Path, write: Write) -> None:
    for name in ("images", "images.gz"):
        write(tmp_path / name, IMAGES)
        assert torch.equal(read_idx(tmp_path / name, 3), IMAGES)


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_a_file_cut_short_anywhere_is_refused_by_name(tmp_path: Path, write: Write, name: str) -> None:
    write(tmp_path / name, IMAGES)
    whole = (tmp_path / name).read_bytes()
    for length in range(len(whole)):
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(Refused, match=f"{name}: is cut short or damaged"):
            read_idx(tmp_path / name, 3)


def test_a_gzipped_file_with_a_flipped_byte_is_refused_by_name(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "images.gz"
    write(path, IMAGES)
    whole = path.read_bytes()
    for position in range(10, len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        with pytest.raises(Refused, match=r"images\.gz: is cut short or damaged"):
            read_idx(path, 3)


@pytest.mark.parametrize(
    "content",
    [
        b"<html>not found</html>",
        bytes((0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28)),
        bytes((0, 0, 13, 3)) + IMAGES.numpy().tobytes(),
        bytes((0, 0, 8, 1, 0, 0, 0, 2, 7, 7)) + bytes(20),
    ],
    ids=["a web page", "no images", "floats", "labels"],
)
def test_another_kind_of_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    for name, stored in (("images", content), ("images.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(stored)
        with pytest.raises(Refused, match=f"{name}: is cut short or damaged"):
            read_idx(tmp_path / name, 3)


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(Refused, match="images: cannot be read: Is a directory"):
        read_idx(tmp_path / "images", 3)
