"""The editor without a terminal: drafts, what follows from them, and how often it is worked out."""

from collections import Counter

import pytest

from tuitrain.data.base import Data
from tuitrain.errors import Refused
from tuitrain.experiment import presets
from tuitrain.experiment.experiment import Experiment
from tuitrain.tui.charts import learning_rate_plan
from tuitrain.tui.editing import deleted
from tuitrain.tui.editor import Editor
from tuitrain.tui.panes.model import ModelPane
from tuitrain.tui.panes.settings import SettingsPane

from .driving import FIRST_DENSE, driven

FIRST = ("model", "layers", 1)


@pytest.fixture
def editor():
    return Editor(presets.load("digits-mlp"), presets.find("digits-mlp"))


def test_every_edit_makes_a_draft_of_its_own_and_leaves_the_one_before(editor):
    drafts = [editor.draft]
    for epochs in (7, 7, 8):
        editor.apply({**editor.draft.document, "epochs": epochs})
        drafts.append(editor.draft)
    assert [draft.experiment.epochs for draft in drafts] == [400, 7, 7, 8]
    assert [draft.is_edited for draft in drafts] == [False, True, True, True]
    assert [draft.title for draft in drafts[:2]] == ["digits-mlp", "digits-mlp, edited"]
    assert drafts[1] != drafts[2]
    editor.apply(drafts[0].document)
    assert not editor.draft.is_edited and editor.draft.document == drafts[0].document


def test_what_describes_no_experiment_is_refused_and_what_cannot_be_trained_is_not(editor):
    before = editor.draft
    with pytest.raises(Refused, match="epochs: must be at least 1"):
        editor.apply({**before.document, "epochs": 0})
    assert editor.draft is before
    editor.apply(deleted(before.document, ("model", "layers", 0)))
    assert [problem.path for problem in editor.draft.examination.problems] == [("model", "output")]


def test_a_run_of_an_edited_experiment_has_another_name(editor):
    assert editor.draft.to_run == (editor.draft.experiment, editor.draft.document)
    editor.apply({**editor.draft.document, "seed": 9})
    experiment, document = editor.draft.to_run
    assert experiment.name == document["name"] == "digits-mlp-edited"
    assert {**document, "name": "digits-mlp"} == editor.draft.document
    assert editor.draft.differs_from(presets.load("digits-mlp")) and editor.draft.differs_from(None)
    assert not editor.draft.differs_from(experiment)


def test_files_are_remembered_the_latest_first_and_presets_are_not(editor, tmp_path):
    for name, dropped in (("one", ("lesson",)), ("two", ()), ("one", ())):
        assert editor.save(tmp_path / f"{name}.toml") == (name, dropped)
    assert editor.recent == [tmp_path / "one.toml", tmp_path / "two.toml"]
    editor.load(presets.load("spirals-mlp"), presets.find("spirals-mlp"))
    assert len(editor.recent) == 2


def test_a_file_of_the_data_that_has_come_is_found_once_it_is_looked_for_anew(editor, tmp_path):
    table = tmp_path / "table.csv"
    data = {"type": "csv", "path": str(table), "target": "y"}
    editor.apply({**editor.draft.document, "data": data, "model": {}})
    (problem,) = editor.draft.examination.problems
    assert problem.path[0] == "data"
    table.write_text("x,y\n" + "".join(f"{index},{index % 2}\n" for index in range(100)))
    assert editor.draft.examination.problems == (problem,)
    editor.examine_anew()
    assert problem not in editor.draft.examination.problems


@pytest.fixture
def counted(monkeypatch):
    """How often the parts of an experiment are worked out."""
    counts = Counter[str]()

    def count(owner, name):
        original = getattr(owner, name)

        def counting(self, *arguments):
            counts[f"{owner.__name__}.{name}"] += 1
            return original(self, *arguments)

        monkeypatch.setattr(owner, name, counting)

    for owner, name in ((Data, "examine"), (Data, "facts"), (Experiment, "plan")):
        count(owner, name)
    return counts


ONCE = {"Data.examine": 1, "Experiment.plan": 1}


def test_all_that_is_shown_of_a_draft_examines_it_once(editor, counted):
    draft = editor.draft
    for _ in range(2):
        ModelPane(id="model").rows(draft, 40)
        SettingsPane(id="settings").rows(draft, 40)
        learning_rate_plan(draft.experiment, None, draft.examination.facts)
    assert counted == ONCE


def test_an_edit_on_the_dashboard_examines_the_experiment_once(tmp_path, counted):
    @driven()
    async def scenario(driver):
        await driver.row(FIRST_DENSE)
        counted.clear()
        await driver.press("d")
        await driver.until(lambda: driver.draft.is_edited)
        await driver.sees("digits-mlp, edited")
        assert counted == ONCE

    scenario(tmp_path)
