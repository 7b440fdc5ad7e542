"""Any words on the command line, any text in a file or a log: one sentence, and nothing that steers a terminal."""

import contextlib
import io
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.cli import main
from tuitrain.runs import events as e
from tuitrain.runs.codec import encode
from tuitrain.runs.directory import RunDirectory

from .strategies import TEXTS

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")

COMMANDS = st.sampled_from(
    [
        ("run", "{}"),
        ("run", "digits-mlp", "--set", "zz{}=1"),
        ("run", "digits-mlp", "--set", "optimizer.zz{}=1"),
        ("run", "digits-mlp", "--set", "loss='zz{}'"),
        ("run", "digits-mlp", "--variant", "zz{}"),
        ("run", "digits-mlp", "--epochs", "zz{}"),
        ("show", "{}"),
        ("show", "digits-mlp", "--variant", "zz{}"),
        ("runs", "--runs-dir", "zz{}"),
        ("stop", "zz{}"),
        ("resume", "zz{}"),
        ("check", "zz{}"),
        ("check", "digits-mlp", "--jobs", "zz{}"),
        ("check", "digits-mlp", "--seeds", "zz{}"),
        ("zz{}",),
        ("--zz{}",),
    ]
)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """An empty directory to be in, with no runs."""
    path = tmp_path_factory.mktemp("home")
    before = os.getcwd(), os.environ.get("TUITRAIN_RUNS")
    os.chdir(path)
    os.environ["TUITRAIN_RUNS"] = str(path / "runs")
    yield path
    os.chdir(before[0])
    if before[1] is None:
        del os.environ["TUITRAIN_RUNS"]


def said(*words):
    """What the command writes, and its exit status."""
    written = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
        status: str | int | None
        try:
            status = main(words)
        except SystemExit as end:
            status = end.code
    text = written.buffer.getvalue().decode()
    assert not STEERING.search(text), text
    assert "Traceback" not in text, text
    return text, status


@given(COMMANDS, TEXTS.map(lambda text: text.replace("\0", "")))  # which no argument can hold
def test_any_word_is_answered_in_a_sentence(command, text):
    answer, status = said(*(word.format(text) if "{}" in word else word for word in command))
    assert answer and status in (0, 2)


@given(TEXTS, TEXTS)
def test_any_file_is_answered_in_a_sentence(home, name, text):
    path = home / "any.toml"
    path.write_bytes(f'name = "x"\n"{name}" = "{text}"\n# {text}\n'.encode(errors="replace"))
    answer, status = said("show", str(path))
    assert answer and status in (0, 2)


@given(TEXTS, TEXTS)
def test_any_run_is_listed_in_its_row(home, name, text):
    name = "".join(one for one in name if one not in "/\0\n").encode(errors="replace")[:200].decode(errors="replace")
    run = RunDirectory(home / "listed" / f"zz{name}")
    run.path.mkdir(parents=True, exist_ok=True)
    run.info.write_text("{}")
    lines = [e.LogEmitted(level="error", text=text), e.RunFinished(status="failed", step=1, reason=text)]
    run.events.write_text("".join(encode(line) + "\n" for line in lines))
    answer, status = said("runs", "--runs-dir", str(run.path.parent))
    assert status == 0 and "failed" in answer
    answer, status = said("stop", "--runs-dir", str(run.path.parent), run.name)
    assert status == 0 and "is not running: failed" in answer
    run.info.unlink()
    run.events.unlink()
    run.path.rmdir()
