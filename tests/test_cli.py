"""The command line as a user has it: what is refused, in which words and with which status; and the listings."""

import os
import subprocess
from subprocess import PIPE

import pytest

from tuitrain.experiment import presets

from .narrow import present

BAD_INPUT = 2


def write(tmp_path, text):
    path = tmp_path / "my.toml"
    path.write_text(text)
    return str(path)


def assert_refused(done, *words):
    """One or a few clear lines on stderr, no traceback, nothing on stdout."""
    assert done.returncode == BAD_INPUT, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("tuitrain: ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 4
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("command", ["run", "show"])
def test_an_unknown_preset_is_refused_with_the_nearest(tuitrain, command):
    assert_refused(tuitrain(command, "digit-mlp"), "unknown preset 'digit-mlp'", "did you mean 'digits-mlp'?")
    assert not tuitrain.runs.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epochs = 10\nbatch_size = = 3\n", ["my.toml", "line 2"]),
        ("epoch = 3\n", ["my.toml: epoch: unknown key", "did you mean 'epochs'?"]),
        ('[optimizer]\ntype = "sgd"\nlr = -1\n', ["my.toml: optimizer.lr: must be greater than 0"]),
        ('[optimizer]\ntype = "adm"\n', ["my.toml: optimizer: unknown type 'adm'", "did you mean 'adam'?"]),
        (
            '[[model.layers]]\ntype = "dense"\nunits = 0\n',
            ["my.toml: model.layers[0].units (layer 1): must be at least 1, got 0"],
        ),
        ('[[model.layers]]\ntype = "dense"\n', ["my.toml: model.output: needs one axis", "flatten"]),
        ('epochs = 0\nseed = "x"\n', ["epochs: must be at least 1, got 0", "seed: must be a whole number, got 'x'"]),
    ],
)
def test_a_bad_file_is_refused_with_its_path_and_what_is_allowed(tuitrain, tmp_path, text, words):
    assert_refused(tuitrain("run", write(tmp_path, text)), *words)
    assert not tuitrain.runs.exists()


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--set", "optimizer.lr", ["write path=value"]),
        ("--set", "optimizr.lr=1", ["optimizr: unknown key; did you mean 'optimizer'?"]),
        ("--set", "model.layers.9.units=1", ["model.layers[9] (layer 10): there is no such entry: the list has 3"]),
        ("--epochs", "0", ["epochs: must be at least 1, got 0"]),
        ("--variant", "deep", ["digits-mlp has no variant 'deep'"]),
        ("--set", "lr=0.1", ["digits-mlp: lr: unknown key; did you mean 'optimizer.lr'?"]),
        ("--set", "optimizer.learning_rate=0.1", ["optimizer.learning_rate: unknown key; did you mean 'lr'?"]),
        ("--set", "optimizer.lr=" + "[" * 3000, ["--set optimizer.lr: is nested more than 100 levels deep"]),
        ("--set", "model.layers.².units=3", ["model.layers.²: there is no such entry: the list has 3"]),
        ("--set", "model.layers." + "9" * 5000 + ".units=3", ["there is no such entry: the list has 3"]),
        ("--set", "seed=0x" + "f" * 5000, ["seed: must be a whole number, got '0xfff"]),
        ("--set", "data.type=0x" + "f" * 5000, ["data: unknown type '0xfff"]),
        ("--set", "optimizer.lr=1e999", ["optimizer.lr: must be a number, got inf"]),
        ("--set", ".".join("a" * 5000) + "=1", ["is not a path"]),
        ("--set", "epochs=1979-05-27", ["epochs: must be a whole number, got 1979-05-27"]),
        ("--set", "name=a\nb", ["name: must be one line without control characters"]),
        ("--set", "name=\udcff", ["is not text in UTF-8"]),
        ("--epochs", "-1", ["epochs: must be at least 1, got -1"]),
    ],
)
def test_a_bad_option_is_refused(tuitrain, option, value, words):
    assert_refused(tuitrain("run", "digits-mlp", option, value), *words)
    assert not tuitrain.runs.exists()


def test_a_missing_file_is_refused(tuitrain):
    assert_refused(tuitrain("run", "none.toml"), "none.toml: cannot be read: No such file or directory")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("nielsen", "--variant", "3hidden"), "nielsen has no variant '3hidden'; did you mean '3-hidden'?"),
        (("nielsen:3-hidden",), "unknown preset 'nielsen:3-hidden'; write: nielsen --variant 3-hidden"),
        (("nielsen:3hidden",), "nielsen has no variant '3hidden'; did you mean '3-hidden'?"),
        (("digits-mlp:x",), "digits-mlp has no variant 'x': it has none"),
    ],
)
def test_a_misspelt_variant_is_refused_with_the_nearest(tuitrain, words, hint):
    assert_refused(tuitrain("run", *words), hint)


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tuitrain, tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "endless.toml").symlink_to("/dev/zero")
    for name in ("pipe.toml", "endless.toml"):
        assert_refused(tuitrain("show", name), f"{name}: cannot be read: it is a pipe or a device, not a file")
    with (tmp_path / "large.toml").open("wb") as file:
        file.truncate(100_000_000)
    assert_refused(tuitrain("show", "large.toml"), "large.toml: cannot be read: it is larger than 8,388,608 bytes")


def test_a_file_whose_name_is_no_text_is_found(tuitrain, tmp_path):
    name = b"\xff.toml"
    (tmp_path / os.fsdecode(name)).write_text("epochs = 0\n")
    done = subprocess.run(
        [*tuitrain.command, "show", name], env=tuitrain.environment, cwd=tmp_path, capture_output=True
    )
    assert done.returncode == BAD_INPUT
    assert b"\\udcff.toml: epochs: must be at least 1, got 0" in done.stderr


def test_a_missing_data_set_says_what_to_place_where(tuitrain):
    done = tuitrain("run", "nielsen")
    assert_refused(done, "MNIST is not on this machine", "Place train-images-idx3-ubyte", str(tuitrain.home / "cache"))
    assert not tuitrain.runs.exists()
    assert not (tuitrain.home / "cache" / "tuitrain" / "data" / "MNIST").exists()


def test_a_device_that_is_not_there_is_refused_with_those_that_are(tuitrain):
    assert_refused(tuitrain("run", "spirals-mlp", "--device", "cuda:7"), "'cuda:7' is not on this machine", "cpu")
    assert not tuitrain.runs.exists()


def test_a_runs_directory_that_cannot_be_written_is_refused(tuitrain):
    tuitrain.runs.write_text("a file in its place")
    assert_refused(tuitrain("run", "spirals-mlp"), f"{tuitrain.runs}: cannot make a run there", "TUITRAIN_RUNS")
    assert tuitrain.runs.read_text() == "a file in its place"
    tuitrain.runs.unlink()  # so that the fixture finds no runs to end


@pytest.mark.parametrize("words", [(), ("spirals-mlp",), ("attach",)])
def test_without_a_terminal_the_dashboard_names_what_to_do_instead(tuitrain, words):
    assert_refused(tuitrain(*words), "needs a terminal", "tuitrain run")


def test_the_presets_are_listed_with_title_reason_and_variants(tuitrain):
    done = tuitrain("presets")
    assert done.returncode == 0
    assert done.stdout.startswith("digits-mlp ")
    for words in ("spirals-mlp", "fashion-mlp", "nielsen", "(variants: 1-hidden, 2-", "Two hidden layers learn"):
        assert words in done.stdout


def test_a_preset_is_shown_with_its_comments_and_layers(tuitrain):
    done = tuitrain("show", "nielsen", "--variant", "3-hidden")
    assert done.returncode == 0
    assert done.stdout.startswith("# Michael Nielsen")
    lines = [line.split() for line in done.stdout.splitlines()]
    for row in (["dense_1", "30", "23,550"], ["dense_3", "30", "930"], ["output", "10", "310"], ["total", "25,720"]):
        assert row in lines


def test_what_is_shown_is_what_a_run_would_train(tuitrain, tmp_path):
    done = tuitrain("show", "digits-mlp", "--set", "optimizer.lr=0.25", "--set", "model.layers.1.units=7")
    assert done.returncode == 0, done.stderr
    text, _, layers = done.stdout.partition("\nlayer ")
    assert ["dense_1", "7", "455"] in [line.split() for line in layers.splitlines()]
    (tmp_path / "shown.toml").write_text(text)
    expected = presets.load("digits-mlp", sets=["optimizer.lr=0.25", "model.layers.1.units=7"])
    assert presets.load(str(tmp_path / "shown.toml")) == expected.model_copy(update={"lesson": None, "variants": ()})
    assert_refused(tuitrain("show", "digits-mlp", "--set", "lr=1"), "did you mean 'optimizer.lr'?")


def test_without_runs_the_listings_say_so(tuitrain):
    done = tuitrain("runs")
    assert (done.returncode, done.stdout) == (0, f"{tuitrain.runs} has no runs yet.\n")
    assert_refused(tuitrain("stop", "digits"), "'digits' is no run")


def test_a_reader_that_goes_away_is_no_traceback(tuitrain):
    command = [*tuitrain.command, "presets"]
    with subprocess.Popen(command, env=tuitrain.environment, stdout=PIPE, stderr=PIPE, text=True) as listing:
        present(listing.stdout).close()
        assert "Traceback" not in present(listing.stderr).read()
