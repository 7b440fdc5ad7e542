"""What an experiment and its file are called, by where it comes from."""

from pathlib import Path

import pytest

from tuitrain.experiment import presets, toml
from tuitrain.experiment.document import to_document
from tuitrain.tui.origin import MOST_LETTERS, Origin

PLACE = Path("/somewhere/my-net.toml")
MINE = """# Of my own.
epochs = 7  # few

# What I use.
[data]
type = "wine"

[lesson]
title = "Mine"
why = "Because."

[[variants]]
name = "long"
set = { epochs = 70 }
"""


def preset(name):
    return Origin(to_document(presets.load(name)), presets.find(name))


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "wines.toml"
    path.write_text(MINE)
    return Origin(to_document(presets.load(str(path))), presets.find(str(path)))


@pytest.mark.parametrize("name", presets.names())
def test_a_file_that_is_saved_from_an_edited_preset_does_not_claim_to_be_it(name):
    origin = preset(name)
    edited = {**origin.document, "seed": 12345}
    document = origin.saved(edited, PLACE)
    assert document == {key: edited[key] for key in edited if key not in ("lesson", "variants")} | {"name": "my-net"}
    assert set(origin.dropped(edited)) == {"lesson", "variants"} & edited.keys()
    text = origin.text(document)
    assert toml.loads(text, "") == document
    heading = origin.file.text.splitlines()[0]
    assert not heading.startswith("#") or heading not in text
    assert origin.proposed_path(edited) == f"my-{name}.toml"


def test_a_file_of_the_users_own_keeps_its_comments_lesson_and_variants(mine):
    edited = {**mine.document, "epochs": 8}
    document = mine.saved(edited, mine.file.path)
    assert document == {**edited, "name": "wines"} and mine.dropped(edited) == ()
    text = mine.text(document)
    assert "# Of my own." in text and "# What I use." in text and toml.loads(text, "") == document
    assert mine.proposed_path(edited) == str(mine.file.path)


def test_a_name_that_was_chosen_stays_and_one_of_the_file_follows_it(mine):
    assert mine.saved(mine.document, PLACE)["name"] == "my-net"
    assert mine.saved({**mine.document, "name": "reds"}, PLACE)["name"] == "reds"
    assert preset("nielsen").saved({**preset("nielsen").document, "name": "reds"}, PLACE)["name"] == "reds"
    named = Origin({**mine.document, "name": "whites"}, mine.file)
    assert named.saved({**mine.document, "name": "whites"}, PLACE)["name"] == "whites"


def test_a_variant_is_not_proposed_to_replace_the_file_that_it_is_of(mine):
    variant = presets.load(str(mine.file.path), "long")
    assert Origin(to_document(variant), mine.file).proposed_path(to_document(variant)) == "my-wines-long.toml"


def test_runs_of_an_edited_experiment_are_told_apart_from_those_of_the_original(mine):
    for origin in (mine, Origin(mine.document)):
        assert origin.run_name(mine.document) == "wines"
        assert origin.run_name({**mine.document, "epochs": 8}) == "wines-edited"
        assert origin.run_name({**mine.document, "epochs": 8, "name": "reds"}) == "reds"
    again = Origin({**mine.document, "name": "wines-edited"})
    assert again.run_name({**again.document, "epochs": 9}) == "wines-edited"
    long = Origin({**mine.document, "name": "x" * MOST_LETTERS})
    assert long.run_name({**long.document, "epochs": 9}) == f"{'x' * (MOST_LETTERS - 7)}-edited"
