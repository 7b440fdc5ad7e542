import math
import os
import stat

import pytest

from tuitrain.runs.files import read_json, write_json, write_text


def test_the_content_is_replaced_and_private(tmp_path):
    path = tmp_path / "a.json"
    for number in range(2):
        write_json(path, {"number": number})
        assert read_json(path) == {"number": number}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_failure_leaves_the_old_content_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    write_text(path, "old")
    with pytest.raises(ValueError):
        write_json(path, {"loss": math.nan})
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_reader_that_has_the_file_open_keeps_the_old_content(tmp_path):
    path = tmp_path / "a"
    write_text(path, "old")
    with open(path) as reader:
        write_text(path, "new")
        assert reader.read() == "old"


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_reading_something_else_is_a_value_error(tmp_path, content):
    (tmp_path / "a").write_text(content)
    with pytest.raises(ValueError):
        read_json(tmp_path / "a")


@pytest.fixture
def done(monkeypatch):
    """What is done to the disk, in its order: which inode is synced, and when a file gets its name."""
    steps = []
    fsync, replace = os.fsync, os.replace

    def record_sync(descriptor):
        steps.append(("sync", os.fstat(descriptor).st_ino, os.fstat(descriptor).st_size))
        fsync(descriptor)

    def record_replace(source, target):
        steps.append(("rename", os.stat(source).st_ino, os.fspath(target)))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(os, "replace", record_replace)
    return steps


def test_a_file_is_on_the_disk_before_it_has_its_name_and_the_name_before_it_is_done(tmp_path, done):
    path = tmp_path / "a"
    write_json(path, {"step": 1})
    file, directory = path.stat(), tmp_path.stat()
    assert done[0] == ("sync", file.st_ino, file.st_size)
    assert done[1] == ("rename", file.st_ino, str(path))
    assert [step[:2] for step in done[2:]] == [("sync", directory.st_ino)]


def test_what_need_not_outlive_a_power_cut_does_not_wait_for_the_disk(tmp_path, done):
    write_text(tmp_path / "a", "text", durable=False)
    assert [what for what, *_ in done] == ["rename"]
