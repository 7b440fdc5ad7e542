import os
import subprocess
import sys

import pytest

from tuitrain.errors import Refused
from tuitrain.runs import lock

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
        assert process.stdout.readline() == b"held\n"
        yield process
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
