"""Whatever stands in a file's place, opening it neither waits nor reads on for ever."""

import os
import socket
import stat
from pathlib import Path

import pytest

from tuitrain.files import open_regular, open_unlinked, read_at_most

OPENERS = [open_regular, open_unlinked]
WAYS = [os.O_RDONLY, os.O_WRONLY | os.O_APPEND | os.O_CREAT, os.O_RDWR | os.O_CREAT]


def pipe(path):
    os.mkfifo(path)


def device(path):
    path.unlink(missing_ok=True)
    os.symlink("/dev/zero", path)


def local_socket(path):
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("flags", WAYS)
@pytest.mark.parametrize("make", [pipe, device, local_socket, os.mkdir])
def test_only_a_regular_file_is_opened(tmp_path, monkeypatch, opener, flags, make):
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    path = Path("odd")
    make(path)
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(OSError) as refused:
        opener(path, flags)
    assert refused.value.strerror and refused.value.errno
    assert len(os.listdir("/dev/fd")) == before


def test_a_pipe_that_somebody_writes_is_no_file_either(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    other = os.open(tmp_path / "pipe", os.O_RDWR)
    for opener in OPENERS:
        for flags in WAYS:
            with pytest.raises(OSError, match="a pipe or a device"):
                opener(tmp_path / "pipe", flags)
    os.close(other)


def test_links_are_followed_to_what_a_user_names_and_not_in_a_run(tmp_path):
    (tmp_path / "file").write_text("content")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "planted").symlink_to("victim")
    with open(tmp_path / "link", opener=open_regular) as file:
        assert file.read() == "content"
    for flags in WAYS:
        for name in ("link", "planted"):
            with pytest.raises(OSError, match="symbolic link"):
                open_unlinked(tmp_path / name, flags)
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("opener", OPENERS)
def test_a_file_that_is_made_is_private(tmp_path, opener):
    before = os.umask(0)
    try:
        with open(tmp_path / "new", "w", opener=opener) as file:
            file.write("mine")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    assert (tmp_path / "new").read_text() == "mine"


def test_a_missing_file_is_an_ordinary_error(tmp_path):
    for opener in OPENERS:
        with pytest.raises(FileNotFoundError):
            opener(tmp_path / "none")


def test_more_than_one_asked_for_is_not_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_at_most(path, 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_at_most(path, 4)
    os.truncate(path, 1 << 40)  # a file with a hole: it takes no room on the disk, but all memory if read
    with pytest.raises(OSError, match=r"larger than 1,000 bytes"):
        read_at_most(path, 1000)
