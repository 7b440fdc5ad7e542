"""A newcomer adds a metric, macro F1, by an entry and a score class, and its plot by an entry: in three files."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ENTRY = """\
    Metric("f1", "classification", "macro F1", "the mean F1 of the classes", higher_is_better=True, is_share=True),
"""
SCORE = '''
def macro_f1(classes: int) -> Score:
    """The mean over the classes of 2·TP / (2·TP + FP + FN), 0 for a class that neither is nor is predicted."""

    def terms(answers: Tensor, labels: Tensor) -> Sequence[Tensor]:
        pairs = [(answers == one, labels == one) for one in range(classes)]
        return [term for predicted, true in pairs for term in (predicted & true, predicted, true)]

    def value(sums: Sequence[float], samples: int) -> float | None:
        triples = list(zip(sums[::3], sums[1::3], sums[2::3], strict=True))
        return sum(2 * hits / max(predicted + true, 1) for hits, predicted, true in triples) / len(triples)

    return Score(terms, value, size=3 * classes, exact=True)


'''
PLOT = """\
    Plot("f1", "F1", "# Macro F1\\n\\nIt goes up when the network learns all classes.", ("f1",)),
"""
FORMULA = """\
    "f1": lambda answers, labels: torch.tensor(
        __import__("sklearn.metrics").metrics.f1_score(
            labels, answers, labels=range(CLASSES), average="macro", zero_division=0
        )
    ),
"""
EDITS = {
    "metrics.py": [('    Metric("mae"', ENTRY)],
    "training/score.py": [
        ("SCORES: Mapping[", SCORE),
        ('    "mae": lambda', '    "f1": lambda labels: macro_f1(labels.classes or 0),\n'),
    ],
    "tui/plots.py": [('    Plot("rate"', PLOT)],
}
EXPERIMENT = """
name = "new"
epochs = 4
batch_size = 16
data = { type = "iris" }

[[model.layers]]
type = "dense"
units = 8

[[callbacks]]
type = "early_stopping"
monitor = "validation.f1"
patience = 50
restore_best = true

[schedule]
type = "performance"
monitor = "train.f1"

[lesson]
title = "F1"
why = "It is new."
expect = ["best.validation.f1 > 0", "validation.f1 <= 1"]
"""
INSPECTION = """
import asyncio, json, sys
from pathlib import Path
from sklearn.metrics import f1_score
import torch
from tuitrain.experiment import presets
from tuitrain.listing import run_table
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.follow import Follower
from tuitrain.training.checkpoint import load
from tuitrain.training.prepare import prepare
from tuitrain.tui.app import TuitrainApp
from tuitrain.tui.dashboard import CELLS

experiment = presets.load("new.toml")
run = RunDirectory(next(Path("runs").iterdir()))
snapshot = Follower(run).poll()
prepared = prepare(experiment, "cpu")
prepared.network.module.load_state_dict(load(run.path / "checkpoints" / "last.pt")["model"])
(inputs, _, labels), = prepared.validation.chunks(10_000)
with torch.no_grad():
    answers = prepared.network.module.eval()(inputs).argmax(1)

async def drawn():
    app = TuitrainApp(experiment, Path("runs"), run=run)
    async with app.run_test(size=(120, 40)) as pilot:
        for _ in range(100):
            await pilot.press(CELLS["f1"].key)
            rows = [strip.text for strip in app.screen._compositor.render_strips()]
            if any("train 0." in row for row in rows):
                break
            await pilot.pause(0.05)
        return app.screen.focused.id, rows

focused, rows = asyncio.run(drawn())
print(json.dumps({
    "summary": json.loads(run.summary.read_text()),
    "sklearn": f1_score(labels, answers, average="macro"),
    "curves": {name: len(curve.last) for name, curve in snapshot.curves.items()},
    "table": run_table([run]),
    "key": CELLS["f1"].key, "focused": focused, "rows": rows,
}))
"""


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """A copy of the project in which the three files are edited."""
    home = tmp_path_factory.mktemp("copy")
    for name in ("tuitrain", "presets", "tests"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", home)
    for name, insertions in EDITS.items():
        path = home / "tuitrain" / name
        text = path.read_text(encoding="utf-8")
        for before, inserted in insertions:
            assert text.count(f"\n{before}") == 1
            text = text.replace(f"\n{before}", f"\n{inserted.lstrip() if before[0] != ' ' else inserted}{before}")
        path.write_text(text, encoding="utf-8")
    (home / "new.toml").write_text(EXPERIMENT)
    return home


def run(home, *words):
    environment = {**os.environ, "PYTHONPATH": str(home), "TUITRAIN_RUNS": str(home / "runs")}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=150)


def test_it_is_measured_steered_by_listed_and_drawn_in_a_cell_of_its_own(edited):
    done = run(edited, "-m", "tuitrain.cli", "run", "new.toml", "--plain")
    assert done.returncode == 0, done.stderr
    assert " f1 0." in done.stdout.splitlines()[1].partition("validation")[2]
    found = run(edited, "-c", INSPECTION)
    assert found.returncode == 0, found.stderr
    seen = json.loads(found.stdout)
    assert seen["summary"]["validation"]["f1"] == pytest.approx(seen["sklearn"], rel=1e-12)
    assert seen["curves"]["validation.f1"] == 4 and seen["curves"]["train.f1"] >= 1
    assert "val. f1" in seen["table"][0] and f"{seen['summary']['train']['f1']:.4f}" in seen["table"][1]
    assert (seen["key"], seen["focused"]) == ("5", "f1")
    rows = "\n".join(seen["rows"])
    assert "─ Macro F1 ─" in rows and "─ Learning rate ─" in rows
    assert f"f1 {seen['summary']['validation']['f1']:.4f}" in rows


def test_a_lesson_can_promise_it(edited):
    done = run(edited, "-m", "tuitrain.cli", "check", "new.toml", "--json")
    assert done.returncode == 0, done.stderr
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [verdict["holds"] for verdict in verdicts] == [True, True]


def test_its_formula_is_all_that_the_contract_test_asks_for(edited):
    tests = edited / "tests" / "training" / "test_score.py"
    text = tests.read_text(encoding="utf-8")
    assert text.count("\nFORMULAS = {\n") == 1
    tests.write_text(text.replace("\nFORMULAS = {\n", f"\nFORMULAS = {{\n{FORMULA}"), encoding="utf-8")
    done = run(edited, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rp", "tests/training/test_score.py")
    assert done.returncode == 0, done.stdout
    assert "test_a_score_is_its_formula_however_the_samples_are_cut[f1]" in done.stdout
