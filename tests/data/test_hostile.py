"""Files that are none, never end, or have names that are no text: refused or read, without waiting and without harm."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tuitrain.data import idx, table
from tuitrain.data.folder import ImageFolder
from tuitrain.data.idx import read_idx
from tuitrain.data.images import ImageFiles, Unreadable
from tuitrain.data.tabular import Csv
from tuitrain.errors import Refused
from tuitrain.spec import parse


@pytest.mark.parametrize("what", ["pipe", "/dev/zero"])
def test_a_table_that_is_no_file_is_refused_at_once(tuitrain, tmp_path: Path, what: str) -> None:
    path = tmp_path / "table.csv"
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(what)
    sets = ["data.type=csv", f"data.path={path}", "data.target=y"]
    done = tuitrain("run", "digits-mlp", "--plain", *(word for one in sets for word in ("--set", one)))
    assert done.returncode == 2
    assert f"data.path: {path} cannot be read: it is a pipe or a device, not a file" in done.stderr
    assert not list(tuitrain.runs.glob("*"))


def test_an_image_that_became_a_pipe_is_unreadable(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "image.png")
    with pytest.raises(Unreadable, match=r"image\.png: it is a pipe or a device, not a file$"):
        ImageFiles((str(tmp_path / "image.png"),), (1, 8, 8)).decode(0)


def test_a_line_without_an_end_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "LONGEST_LINE", 1000)
    path = tmp_path / "table.csv"
    path.write_text("x,y\n" + "1,a\n2,b\n" * 5 + "7" * 1001)
    (problem,) = Csv(path=str(path), target="y").problems()
    assert str(problem) == f"data.path: {path}: line 12 is longer than 1,000 characters, so this is no table"
    path.write_text("x,y\n" + "1,a\n2,b\n" * 5)
    assert Csv(path=str(path), target="y").problems() == ()


def test_a_packed_file_that_unpacks_to_more_than_any_set_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idx, "_MOST_BYTES", 1 << 16)
    read = 0
    unpack = gzip.GzipFile.read

    def counted(file: gzip.GzipFile, size: int | None = -1) -> bytes:
        nonlocal read
        content = unpack(file, size)
        read += len(content)
        return content

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(bytes(1 << 24)))
    with pytest.raises(Refused, match=r"ubyte\.gz: is cut short or damaged \(it holds more than 65,536 bytes"):
        read_idx(path, 3)
    assert read <= (1 << 16) + 1


def test_names_that_are_no_text_stop_nothing(tmp_path: Path, write_images: Callable[..., Path]) -> None:
    folder = write_images(tmp_path / "pets", {"cats": 6, "dogs": 6})
    os.rename(folder / "cats", os.fsencode(folder) + b"/cats\xff\x1b[2J")
    odd = os.fsencode(folder) + b"/dogs/\xfe\x1b]0;x\x07.png"
    os.rename(folder / "dogs" / "0000.png", odd)
    Path(os.fsdecode(odd)).write_bytes(b"no image")
    spec = parse(ImageFolder, {"path": str(folder), "size": [8, 8]})
    assert spec.problems() == ()
    loaded = spec.load(0)
    assert loaded.facts.class_names == ("cats\udcff\x1b[2J", "dogs")
    assert any("\udcfe" in note and "holds no image" in note for note in loaded.notes)
    # The log and the answers of the stand-by are JSON, which has an escape for each of these.
    assert json.loads(json.dumps([loaded.facts.class_names, loaded.notes]).encode()) == [
        list(loaded.facts.class_names),
        list(loaded.notes),
    ]
