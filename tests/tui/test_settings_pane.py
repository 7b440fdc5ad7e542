"""What the settings say of an experiment, in the words of their rows."""

import pytest

from tuitrain.experiment import presets
from tuitrain.tui.editor import Editor
from tuitrain.tui.panes.settings import SettingsPane


def row(name, *sets, preset="digits-mlp"):
    """The lines of one section of a preset that was changed."""
    draft = Editor(presets.load(preset, None, sets)).draft
    rows = {row.text.plain.split()[0]: row.text.plain for row in SettingsPane(id="settings").rows(draft, 70)}
    return [line.strip() for line in rows[name].removeprefix(name).splitlines()]


@pytest.mark.parametrize("optimizer", ["nadam", "adamw", "sgd"])
def test_one_cycle_shows_the_top_rate_that_it_takes_from_the_optimizer(optimizer):
    sets = (f"optimizer={optimizer}", "schedule=one_cycle")
    rate = {"sgd": "0.01"}.get(optimizer, "0.001")
    assert row("optimizer", *sets) == [f"{optimizer} lr={rate}"]
    assert row("schedule", *sets) == ["one_cycle", f"from lr: max_lr={rate}"]
    assert row("schedule", *sets, "optimizer.lr=0.5") == ["one_cycle", "from lr: max_lr=0.5"]


def test_a_rate_of_its_own_is_shown_as_it_was_set():
    assert row("schedule", preset="practical-guide") == ["one_cycle max_lr=0.1"]
