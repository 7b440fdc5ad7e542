import os
import re
import socket
import stat
import string
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.errors import Refused, UnknownRun
from tuitrain.runs import directory as directories
from tuitrain.runs.directory import RunDirectory, create, list_runs, resolve, runs_root
from tuitrain.runs.files import write_json


def make(root: Path, name: str) -> RunDirectory:
    (root / name).mkdir(parents=True)
    run = RunDirectory(root / name)
    write_json(run.info, {})
    return run


def test_the_root_is_the_variable_or_in_the_users_data(monkeypatch, tmp_path):
    monkeypatch.setenv("TUITRAIN_RUNS", str(tmp_path))
    assert runs_root() == tmp_path
    monkeypatch.setenv("TUITRAIN_RUNS", "~/runs")
    assert runs_root() == Path.home() / "runs"
    monkeypatch.delenv("TUITRAIN_RUNS")
    assert runs_root().parts[-2:] == ("tuitrain", "runs") and runs_root().is_absolute()


def test_a_new_run_has_a_private_directory_with_what_was_trained(run):
    assert re.fullmatch(r"\d{8}-\d{6}-digits-mlp", run.name)
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    assert run.experiment.read_text() == 'name = "digits mlp"\n'
    assert run.commands.is_dir() and run.checkpoints.is_dir() and not run.lock.exists()
    info = run.read_info()
    assert info["host"] == socket.gethostname() and info["pid"] == os.getpid()
    assert info["device"] == "cpu" and info["threads"] == 1 and info["parent"] is None
    assert info["started_at"] > 0


def test_runs_of_the_same_second_get_suffixes(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1e9)
    names = [create(tmp_path, "a", "", {}).name for _ in range(11)]
    assert [name[15:] for name in names[:3]] == ["-a", "-a-2", "-a-3"]
    assert [run.name for run in list_runs(tmp_path)] == names[::-1]


@given(st.text())
def test_any_name_gives_a_plain_directory_name(name):
    slug = directories._slug(name)
    assert 0 < len(slug) <= 60 and set(slug) <= set(string.ascii_lowercase + string.digits + "_-")
    assert directories._slug(slug) == slug


def test_a_failure_leaves_nothing_behind(tmp_path):
    with pytest.raises(TypeError):
        create(tmp_path, "a", "", {"device": object()})
    with pytest.raises(UnicodeEncodeError):
        create(tmp_path, "a", "\ud800", {})
    assert os.listdir(tmp_path) == []


def test_a_root_that_cannot_be_written_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match=r"file: cannot make a run there \(.+\)\. .*TUITRAIN_RUNS"):
        create(tmp_path / "file", "a", "", {})


def test_info_can_be_changed_and_may_be_broken(run):
    run.update_info(host="elsewhere")
    assert run.read_info()["host"] == "elsewhere" and run.read_info()["device"] == "cpu"
    run.info.write_text("{")
    assert run.read_info() == {}


def test_runs_are_listed_newest_first_and_nothing_else_is(tmp_path):
    names = ["renamed", "20250101-000000-b", "20260101-000000-a", "20260101-000000-a-2"]
    for name in names:
        make(tmp_path, name)
    (tmp_path / "20270101-000000-half-written").mkdir()
    (tmp_path / "notes.txt").touch()
    assert [run.name for run in list_runs(tmp_path)] == names[::-1]
    assert list_runs(tmp_path / "missing") == []


def test_a_run_is_found_by_name_beginning_path_and_as_the_latest(tmp_path, monkeypatch):
    root = tmp_path / "runs"
    old, new = make(root, "20250101-000000-a"), make(root, "20260101-000000-b")
    assert resolve(root, None) == new
    assert resolve(root, old.name) == old
    assert resolve(root, "2025") == old
    assert resolve(tmp_path / "empty", str(old.path)) == old
    monkeypatch.chdir(root)
    assert resolve(tmp_path / "empty", f"./{old.name}/").path.samefile(old.path)


def test_a_name_goes_before_what_it_is_the_beginning_of(tmp_path):
    first = make(tmp_path, "20260101-000000-a")
    make(tmp_path, "20260101-000000-a-2")
    assert resolve(tmp_path, first.name) == first


@pytest.mark.parametrize("text", ["~nobody-of-that-name", "x" * 5000, "a\0b", "/", "..", "*"])
def test_any_other_text_is_an_unknown_run(tmp_path, text):
    with pytest.raises(UnknownRun, match="is no run in"):
        resolve(tmp_path, text)


def test_an_unknown_run_is_told_what_there_is(tmp_path):
    with pytest.raises(UnknownRun, match="no runs yet"):
        resolve(tmp_path, None)
    for name in ("20260101-000000-digits", "20260102-000000-iris"):
        make(tmp_path, name)
    with pytest.raises(UnknownRun, match="beginning of 2 runs: 20260102-000000-iris, 20260101-000000-digits"):
        resolve(tmp_path, "2026")
    with pytest.raises(UnknownRun, match=r"There is: 20260101-000000-digits$"):
        resolve(tmp_path, "digits")
    with pytest.raises(UnknownRun, match="20260102-000000-iris"):
        resolve(tmp_path, "20260102-000000-irsi")


@pytest.mark.parametrize("name", ["last.pt", "previous.pt"])
def test_a_run_can_go_on_from_either_of_its_two_generations(run, name):
    assert not run.has_checkpoint
    (run.checkpoints / "best.pt").touch()
    assert not run.has_checkpoint
    (run.checkpoints / name).touch()
    assert run.has_checkpoint
