"""What others have put into a run's directory: a trainer writes through no link, and nobody waits for a pipe."""

import os
import stat
import subprocess
import sys

import pytest

from tuitrain.errors import Refused, UnknownRun
from tuitrain.runs import lock
from tuitrain.runs.directory import RunDirectory, create, list_runs, resolve
from tuitrain.runs.events import Heartbeat
from tuitrain.runs.follow import Follower
from tuitrain.runs.inbox import Inbox
from tuitrain.runs.log import LONGEST_LINE, EventLog, EventReader

FILES = ["lock", "events.jsonl", "history.json", "summary.json", "trainer.log", "tensorboard", "any"]
INTO_LOG = """
import sys
from pathlib import Path
from tuitrain.training.output import to_log
try:
    to_log(Path(sys.argv[1]))
except OSError as error:
    sys.exit(error.strerror)
print("written by the trainer", flush=True)
"""


@pytest.fixture
def victim(tmp_path):
    path = tmp_path / "victim"
    path.write_text("precious")
    yield path
    assert path.read_text() == "precious"


@pytest.mark.parametrize("name", [*FILES, "commands", "checkpoints"])
def test_a_run_with_a_link_in_it_is_not_trained(run, victim, name):
    place = run.path / name
    if place.is_dir():
        place.rmdir()
    place.symlink_to(victim)
    with pytest.raises(Refused, match=f"{name}: is a symbolic link.*remove it"):
        run.hold_lock()


def test_neither_lock_nor_log_is_opened_through_a_link(run, victim):
    for path in (run.lock, run.events, run.log):
        path.symlink_to(victim)
    with pytest.raises(Refused, match="symbolic link"):
        lock.hold(run.lock)
    assert not lock.is_held(run.lock)
    with pytest.raises(OSError, match="symbolic link"):
        EventLog(run.events)
    with pytest.raises(OSError, match="symbolic link"):
        EventReader(run.events).read()
    done = subprocess.run([sys.executable, "-c", INTO_LOG, str(run.log)], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (1, "", "it is a symbolic link")


def test_a_link_that_leads_nowhere_makes_nothing(run, tmp_path):
    for path in (run.lock, run.events):
        path.symlink_to(tmp_path / "new")
    with pytest.raises(Refused):
        lock.hold(run.lock)
    with pytest.raises(OSError):
        EventLog(run.events)
    assert not (tmp_path / "new").exists()


def test_pipes_hold_nobody_up(run):
    for path in (run.lock, run.events, run.history, run.commands / "1.json"):
        os.mkfifo(path)
    with pytest.raises(Refused, match="a pipe or a device"):
        run.hold_lock()
    assert not run.is_held()
    with pytest.raises(OSError):
        EventLog(run.events)
    with pytest.raises(OSError, match="a pipe or a device"):
        Follower(run).poll()
    assert Inbox(run).poll() == []


def test_a_run_may_be_a_link_itself(run, tmp_path):
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "20260101-000000-moved").symlink_to(run.path)
    (found,) = list_runs(tmp_path / "links")
    os.close(found.hold_lock())
    assert resolve(tmp_path / "links", "2026") == found


def test_directories_that_are_made_for_runs_are_private(tmp_path):
    before = os.umask(0)
    try:
        run = create(tmp_path / "a" / "b" / "runs", "x", "", {})
    finally:
        os.umask(before)
    made = [run.path, run.commands, run.checkpoints, *(run.path.parents[number] for number in range(3))]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}
    assert run.path.parents[2] == tmp_path / "a"


def test_a_runs_directory_that_cannot_be_listed_is_not_called_empty(tmp_path, run):
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match=r"file: the runs there cannot be listed \(Not a directory\)"):
        list_runs(tmp_path / "file")
    with pytest.raises(Refused, match="cannot be listed"):
        resolve(tmp_path / "file", None)
    assert resolve(tmp_path / "file", str(run.path)) == run


def test_entries_of_run_json_that_are_odd_are_left_out(run):
    run.info.write_text('{"host": ["a"], "device": {}, "threads": "x", "pid": 1e300, "started_at": "nan", "more": 1}')
    assert run.read_info() == {"more": 1}
    assert Follower(run).poll().state == "preparing"


def test_a_line_without_an_end_takes_no_memory_and_no_more_than_itself(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"x" * (3 * LONGEST_LINE + 7))
    reader = EventReader(path)
    while not reader.caught_up:
        assert reader.read() == []
    assert reader.skipped == 1
    log = EventLog(path)
    log.append(Heartbeat(step=1))
    log.append(Heartbeat(step=2))
    log.close()
    seen = []
    while not (reader.caught_up and reader.offset == path.stat().st_size):
        seen += reader.read()
    assert seen == [Heartbeat(step=1), Heartbeat(step=2)]
    assert reader.skipped == 1


def test_a_run_is_what_has_its_own_run_json(tmp_path, run):
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "run.json").symlink_to(run.info)
    assert not RunDirectory(tmp_path / "none").is_run()
    with pytest.raises(UnknownRun):
        resolve(tmp_path, "none")
