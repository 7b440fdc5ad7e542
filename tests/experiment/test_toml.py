import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.errors import Refused
from tuitrain.experiment import presets, toml
from tuitrain.spec import Invalid

COMMENTED = """\
# what this is for
epochs = 10  # enough

[optimizer]
type = "sgd"
# too large?
lr = 0.1

[[model.layers]]
type = "flatten"
"""


def test_comments_and_order_stay_where_the_keys_stay() -> None:
    document = toml.loads(COMMENTED, "x")
    document["optimizer"]["lr"] = 0.2
    document["model"]["layers"].append({"type": "dense", "activation": {"type": "relu"}})
    written = toml.dumps(document, COMMENTED)
    assert written.startswith("# what this is for\nepochs = 10  # enough\n")
    assert "# too large?\nlr = 0.2" in written
    assert toml.loads(written, "y") == document


LAYERS = """\
epochs = 1_000  # a thousand
batch_size = 0x10
callbacks = [
    "early_stopping",  # not too long
    "terminate_on_nan",
]

# rows
[[model.layers]]
type = "flatten"  # to a vector

# the first
[[model.layers]]
type = "dense"
units = 3_0  # wide

# the last
[[model.layers]]
type = 'dense'
units = 10
"""


def test_what_is_not_changed_is_not_rewritten() -> None:
    document = toml.loads(LAYERS, "x")
    assert toml.dumps(document, LAYERS) == LAYERS
    document["seed"] = 4
    document["batch_size"] = 17
    written = toml.dumps(document, LAYERS)
    assert toml.loads(written, "y") == document
    lines = [line for line in written.splitlines() if line and line not in ("seed = 4", "batch_size = 17")]
    assert lines == [line for line in LAYERS.splitlines() if line and line != "batch_size = 0x10"]


def test_the_layers_beside_the_one_that_changes_keep_their_comments() -> None:
    document = toml.loads(LAYERS, "x")
    document["model"]["layers"][1]["units"] = 40
    assert toml.dumps(document, LAYERS) == LAYERS.replace("3_0", "40")


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_layer_that_goes_or_comes_leaves_the_others_as_they_are(index: int) -> None:
    document = toml.loads(LAYERS, "x")
    gone = document["model"]["layers"].pop(index)
    without = toml.dumps(document, LAYERS)
    assert toml.loads(without, "y") == document
    kept = {0: ["units = 3_0  # wide", "type = 'dense'"], 1: ["# to a vector", "type = 'dense'"]}
    for words in [*kept.get(index, ["# to a vector", "units = 3_0  # wide"]), "epochs = 1_000", "# not too long"]:
        assert words in without
    document["model"]["layers"].insert(index, {**gone, "name": "new"})
    again = toml.dumps(document, without)
    assert toml.loads(again, "y") == document
    assert "epochs = 1_000" in again


def test_a_key_that_went_away_is_gone() -> None:
    document = toml.loads(COMMENTED, "x")
    del document["optimizer"]
    assert "optimizer" not in toml.loads(toml.dumps(document, COMMENTED), "y")


MIXED = 'model.layers = ["flatten"]\noptimizer = { type = "sgd" }\n# which\n[data]\ntype = "digits"\n'


def test_a_new_table_does_not_swallow_the_keys_behind_it() -> None:
    document = toml.loads(MIXED, "x")
    document["model"]["output"] = {"activation": "linear"}
    assert tomllib.loads(toml.dumps(document, MIXED)) == document


def test_a_table_within_an_inline_table_is_inline() -> None:
    document = toml.loads(MIXED, "x")
    document["optimizer"] = {"type": "sgd", "more": {"type": "a"}}
    written = toml.dumps(document, MIXED)
    assert "# which" in written
    assert tomllib.loads(written) == document


KEYS = st.sampled_from(["model", "layers", "optimizer", "data", "type"])
VALUES = st.recursive(
    st.one_of(st.integers(0, 9), st.sampled_from(["sgd", "flatten"])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=2)),
    max_leaves=6,
)


@given(st.dictionaries(KEYS, VALUES), st.sampled_from(["", COMMENTED, MIXED]))
def test_what_is_written_reads_back_whatever_the_layout_was(document: dict[str, Any], original: str) -> None:
    assert tomllib.loads(toml.dumps(document, original)) == document


def test_broken_toml_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("epochs = 10\nbatch_size = = 3\n")
    with pytest.raises(Refused, match=r"broken\.toml: .*line 2"):
        toml.read(path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(Refused, match="not text in UTF-8"):
        presets.find(str(path))


def test_a_missing_file_and_an_unknown_preset_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read: No such file"):
        presets.find(str(tmp_path / "none.toml"))
    with pytest.raises(Refused, match="unknown preset 'digit-mlp'; did you mean 'digits-mlp'"):
        presets.find("digit-mlp")


def test_a_file_without_a_name_is_called_after_itself(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[[model.layers]]\ntype = "flatten"\n')
    assert presets.load(str(path)).name == "mine"
    assert presets.load(str(path), sets=["epochs=3"]).epochs == 3


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(Refused, match=r"nielsen has no variant '4-hiden'; .*4-hidden"):
        presets.load("nielsen", "4-hiden")


@pytest.mark.parametrize("suffix", ["", ".toml"])
@pytest.mark.parametrize("text", ["a" * 300, "~nosuchuser/x", "a\0b", "\ud800", "", ".", "/"])
def test_a_strange_path_is_refused(text: str, suffix: str) -> None:
    with pytest.raises(Refused, match=r"unknown preset|cannot be read"):
        presets.find(text + suffix)


def test_a_directory_is_no_experiment(tmp_path: Path) -> None:
    (tmp_path / "x.toml").mkdir()
    with pytest.raises(Refused, match=r"x\.toml: cannot be read: Is a directory"):
        presets.find(str(tmp_path / "x.toml"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("variants = 3", "variants: must be a list, got 3"),
        ('variants = ["a"]', "variants[0]: must be a table, got 'a'"),
        ('variants = [{ name = "a", set = 3 }]', "variants[0].set: must be a table, got 3"),
        ("lesson = 3", "lesson: must be a table, got 3"),
        ("lesson = { title = 3, why = '' }", "lesson.title: must be text, got 3"),
    ],
)
def test_a_wrong_lesson_or_variant_is_refused_wherever_it_is_read(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    source = presets.find(str(path))
    for read in (
        lambda: source.title,
        lambda: source.why,
        lambda: source.variants,
        lambda: presets.load(str(path), "a"),
    ):
        with pytest.raises(Invalid) as caught:
            read()
        assert str(caught.value) == f"{path}: {problem}"


def test_a_source_knows_what_its_file_says_about_itself() -> None:
    source = presets.find("nielsen")
    assert source.title == "Why deep networks are hard to train"
    assert source.why.startswith("Sigmoid layers of 30")
    assert source.variants == ("1-hidden", "2-hidden", "3-hidden", "4-hidden")
