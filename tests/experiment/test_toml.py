from pathlib import Path

import pytest

from tuitrain.errors import Refused
from tuitrain.experiment import presets, toml

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


def test_a_key_that_went_away_is_gone() -> None:
    document = toml.loads(COMMENTED, "x")
    del document["optimizer"]
    assert "optimizer" not in toml.loads(toml.dumps(document, COMMENTED), "y")


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
    with pytest.raises(Refused, match=r"nielsen has no variant '4-hiden'; .*3-hidden"):
        presets.load("nielsen", "4-hiden")
