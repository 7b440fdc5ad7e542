"""Names and texts from anywhere on the command line: what steers a terminal never reaches it."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tuitrain.runs import events as e
from tuitrain.runs.codec import encode

from .conftest import SMALL
from .raw import on_terminal
from .test_odd_runs import STARTED, line, make

HOSTILE = "a\x1b]0;owned\x07\x1b[2J\x9b31m\x08\rb\u202ec\u2028"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")
FEW = (*SMALL, "--epochs", "1")


@pytest.fixture
def written(tuitrain):
    """Runs a command on a terminal and says what it wrote there, which is checked."""

    def run(*words, **variables):
        found = on_terminal([*tuitrain.command, *words], {**tuitrain.environment, **variables}, tuitrain.home)
        assert not STEERING.search(found.text), repr(found.text)
        assert "Traceback" not in found.text
        return found

    return run


COMMANDS = [
    ("--" + HOSTILE,),
    ("run", HOSTILE),
    ("run", "digits-mlp", "--set", f"{HOSTILE}=1"),
    ("run", "digits-mlp", "--set", HOSTILE),
    ("run", "digits-mlp", "--set", f"optimizer.{HOSTILE}=1"),
    ("run", "digits-mlp", "--set", f"loss={HOSTILE!r}"),
    ("run", "digits-mlp", "--variant", HOSTILE),
    ("run", "digits-mlp", "--epochs", HOSTILE),
    ("run", "digits-mlp", "--" + HOSTILE),
    ("show", HOSTILE),
    ("show", "digits-mlp", "--variant", HOSTILE),
    ("runs", "--runs-dir", HOSTILE),
    ("stop", HOSTILE),
    ("resume", HOSTILE),
    ("check", HOSTILE),
    ("check", "digits-mlp", "--jobs", HOSTILE),
    ("check", "digits-mlp", "--seeds", HOSTILE),
    ("presets", HOSTILE),
    ("run", "\udcff\udcfe"),
    ("show", "\udcff"),
    ("runs", "--runs-dir", "\udcff"),
]

IN_ONE_PROCESS = """
import json, sys
from tuitrain.cli import main
def decoded(word):  # as Python would have decoded an argument here
    return word.encode(errors="surrogateescape").decode(sys.getfilesystemencoding(), "surrogateescape")
for words in json.loads(sys.argv[1]):
    try:
        main([decoded(word) for word in words])
    except SystemExit:
        pass
    print("NEXT", flush=True)
"""


@pytest.mark.parametrize(
    "variables",
    [{}, {"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}],
    ids=" ".join,
)
def test_hostile_words_are_answered_harmlessly(tuitrain, variables):
    command = [sys.executable, "-c", IN_ONE_PROCESS, json.dumps(COMMANDS)]
    found = on_terminal(command, {**tuitrain.environment, **variables}, tuitrain.home)
    *answers, rest = found.text.split("NEXT\n")
    assert rest == "" and len(answers) == len(COMMANDS)
    for words, answer in zip(COMMANDS, answers, strict=True):
        assert not STEERING.search(answer), (words, answer)
        assert "Traceback" not in answer
        assert "\\x1b" in answer or "\\udcff" in answer, (words, answer)


def test_a_hostile_file_is_refused_or_shown_harmlessly(written, tuitrain):
    for text in (
        '"k\\u001b]0;owned" = 1',
        '[loss]\ntype = "\\u001b[2J\\u009b"',
        '[[variants]]\nname = "\\u001b"\nset = {}\n[[variants]]\nname = "\\u001b"\nset = {}',
        "= =",
    ):
        (tuitrain.home / f"{HOSTILE}.toml").write_text(text)
        assert written("show", f"{HOSTILE}.toml").status == 2
    (tuitrain.home / f"{HOSTILE}.toml").write_text('# \x9b31m \u202e\nname = "x"\n[data]\ntype = "spirals"\n')
    assert "\\x9b31m \\u202e" in written("show", f"{HOSTILE}.toml").text


def test_a_shown_file_is_exactly_that_in_a_pipe(tuitrain):
    text = '# a comment: \x9b \u202e é\nname = "x"\n[data]\ntype = "spirals"'
    (tuitrain.home / "odd.toml").write_text(text, encoding="utf-8")
    assert tuitrain("show", "odd.toml").stdout.startswith(text + "\n")


def test_hostile_runs_are_listed_harmlessly(written, tuitrain):
    odd = e.RunFinished(status="failed", step=1, reason=HOSTILE, traceback=HOSTILE, at=1.0)
    run = make(tuitrain.runs, "x", line(STARTED), encode(odd).encode())
    run.path.rename(tuitrain.runs / HOSTILE)
    (tuitrain.runs / f"{HOSTILE}2").mkdir()
    (tuitrain.runs / f"{HOSTILE}2" / "run.json").write_text("{}")
    os.mkfifo(tuitrain.runs / f"{HOSTILE}2" / "events.jsonl")
    assert "failed" in written("runs", COLUMNS="300").text
    assert "a pipe or a device" in written("stop", f"{HOSTILE}2").text
    assert "is not running: failed" in written("stop", HOSTILE).text
    for command in ("stop", "resume"):
        assert "There is: " in written(command, "none").text


def write_images(folder):
    """Two classes; an image of each cannot be read, and names are hostile or no text at all."""
    pixels = np.zeros((16, 16, 3), dtype=np.uint8)
    for one in (HOSTILE, "dogs"):
        place = os.fsencode(folder / one)
        os.makedirs(place)
        for number in range(6):
            Image.fromarray(pixels).save(os.fsdecode(place) + f"/{number}.png")
        for name in (b"broken\x1b]0;owned\x07.png", b"undecodable\xff\xfe.png"):
            with open(os.path.join(place, name), "wb") as file:
                file.write(b"no image")


@pytest.fixture
def images(tuitrain):
    write_images(tuitrain.home / "images")
    path = tuitrain.home / "images.toml"
    path.write_text(
        'epochs = 1\nbatch_size = 4\nthreads = 1\n[data]\ntype = "image_folder"\nsize = [8, 8]\n'
        f'path = {json.dumps(str(tuitrain.home / "images"))}\n[[model.layers]]\ntype = "flatten"\n'
    )
    return path


@pytest.mark.parametrize("option", ["--plain", "--json"])
def test_undecodable_image_names_do_not_silence_the_console(tuitrain, written, images, option):
    found = written("run", str(images), option)
    assert found.status == 0, found.text
    last = found.text.splitlines()[-1]
    assert "checkpoint" in last if option == "--plain" else json.loads(last)["status"] == "finished"
    said = found.text if option == "--plain" else found.text.replace("\\\\", "\\")  # JSON escapes a backslash
    assert "\\udcff\\udcfe" in said


CODES = re.compile("\x1b\\[[0-9;?]*[A-Za-z]|\r")


def test_the_progress_bar_steers_the_terminal_and_its_texts_do_not(tuitrain, images):
    found = on_terminal([*tuitrain.command, "run", str(images)], tuitrain.environment, tuitrain.home)
    assert found.status == 0, found.text
    assert "\x1b[2J" not in found.text and "\x1b]" not in found.text and "\x9b" not in found.text
    assert not STEERING.search(CODES.sub("", found.text))
    assert "\\udcff\\udcfe" in found.text and "\\x1b]0;owned" in found.text
    assert "checkpoint" in found.text.splitlines()[-1]


def test_a_path_is_no_markup_for_the_progress_bar(tuitrain):
    place = tuitrain.home / "[red]runs[/nothing] :smile:"
    words = ["run", "spirals-mlp", *FEW, "--runs-dir", str(place)]
    found = on_terminal([*tuitrain.command, *words], tuitrain.environment, tuitrain.home)
    assert found.status == 0, found.text
    assert f"run {place}/" in found.text


def test_a_full_disk_under_the_output_is_told_and_is_no_success(tuitrain):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*tuitrain.command, "run", "spirals-mlp", *FEW, "--plain"],
            stdout=full, stderr=subprocess.PIPE, text=True, env=tuitrain.environment, cwd=tuitrain.home,
        )  # fmt: skip
    assert done.returncode == 1
    assert "could not be printed" in done.stderr and "No space left" in done.stderr
    assert "checkpoint" in done.stderr and "Traceback" not in done.stderr


def test_a_run_whose_directory_is_no_text_is_checked(tuitrain):
    preset = tuitrain.home / "promise.toml"
    preset.write_text(
        'epochs = 1\nbatch_size = 50\nthreads = 1\n[data]\ntype = "spirals"\nsamples = 100\n'
        '[lesson]\ntitle = "t"\nwhy = "w"\nminutes = 1\nexpect = ["train.loss > 0"]\n'
    )
    done = tuitrain("check", str(preset), "--runs-dir", str(tuitrain.home / "runs\udcff\x1b"))
    assert (done.returncode, "1 hold" in done.stdout) == (0, True), done.stderr
