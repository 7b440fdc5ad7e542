import errno
import fcntl
import os
import subprocess
import sys
import time

import pytest

from tuitrain.errors import Refused
from tuitrain.runs import lock

from ..narrow import present

HOLDER = """
import sys
from pathlib import Path
from tuitrain.runs import lock
lock.hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that has the lock ``tmp_path / "lock"`` until it is killed."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert present(process.stdout).readline() == b"held\n"
            yield process
        finally:
            process.kill()


def test_a_lock_is_held_until_its_process_is_killed(tmp_path, holder):
    path = tmp_path / "lock"
    assert lock.is_held(path)
    holder.kill()
    holder.wait()
    assert not lock.is_held(path)


def test_a_second_trainer_is_refused(tmp_path, holder):
    with pytest.raises(Refused, match="another process"):
        lock.hold(tmp_path / "lock")


def test_looking_takes_nothing_from_who_comes_next(tmp_path):
    path = tmp_path / "lock"
    assert not lock.is_held(path)
    descriptor = lock.hold(path)
    assert lock.is_held(path) and lock.is_held(path)
    os.close(descriptor)
    assert not lock.is_held(path)
    os.close(lock.hold(path))


def test_a_child_program_does_not_keep_the_lock(tmp_path):
    path = tmp_path / "lock"
    descriptor = lock.hold(path)
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        os.close(descriptor)
        held = lock.is_held(path)
        child.kill()
    assert not held


def test_no_directory_is_a_refusal_with_the_place(tmp_path):
    with pytest.raises(Refused, match="nowhere"):
        lock.hold(tmp_path / "nowhere" / "lock")


def test_a_look_that_takes_most_of_a_second_is_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "lock"
    viewer = os.open(path, os.O_RDONLY | os.O_CREAT)
    fcntl.flock(viewer, fcntl.LOCK_SH)
    waited = []

    def pass_time(seconds):
        waited.append(seconds)
        if sum(waited) > 0.9:
            fcntl.flock(viewer, fcntl.LOCK_UN)

    monkeypatch.setattr(time, "sleep", pass_time)
    os.close(lock.hold(path))
    os.close(viewer)
    assert 0.9 < sum(waited) <= 1.0


def test_who_is_in_the_way_longer_is_told_after_a_second(tmp_path, monkeypatch, holder):
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    with pytest.raises(Refused, match="another process"):
        lock.hold(tmp_path / "lock")
    assert sum(waited) == pytest.approx(1.0)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_refused_and_nobody_holds_one(tmp_path, monkeypatch, number):
    def no_locks(descriptor, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    before = os.listdir("/dev/fd")
    with pytest.raises(Refused, match=r"lock: this file system has no locks \(.+\)\. Point TUITRAIN_RUNS"):
        lock.hold(tmp_path / "lock")
    assert not lock.is_held(tmp_path / "lock")
    assert os.listdir("/dev/fd") == before
