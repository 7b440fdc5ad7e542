"""Every score is its formula, in 64 bits, over all samples at once, however they were cut into batches."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.metrics import METRIC, METRICS, MONITORS, MOST_METRICS
from tuitrain.training.score import SCORES, Labels, Scores

CLASSES = 4
FORMULAS = {
    "accuracy": lambda answers, labels: (answers == labels).double().mean(),
    "mae": lambda answers, labels: (answers - labels).abs().mean(),
    "r2": lambda answers, labels: 1 - (answers - labels).square().sum() / (labels - labels.mean()).square().sum(),
}
"""Of predicted classes or numbers and of labels."""


def test_every_score_has_a_formula_here():
    assert set(SCORES) == set(FORMULAS)


def test_every_metric_of_one_task_has_a_score_and_no_two_have_a_name():
    assert {metric.name for metric in METRICS if metric.task != "any"} <= set(SCORES) <= set(METRIC)
    assert len(METRIC) == len(METRICS) <= MOST_METRICS
    assert len(MONITORS) == len(set(MONITORS))


def scores(task, labels):
    """Those of a training with these labels, and the outputs that stand for an answer."""
    if task == "regression":
        return Scores(Labels(None, float(labels.mean())), lambda outputs: outputs), lambda answers: answers[:, None]
    one_hot = torch.eye(CLASSES)
    return Scores(Labels(CLASSES, 0.0), lambda outputs: outputs.argmax(-1)), lambda answers: one_hot[answers]


@pytest.mark.parametrize("name", SCORES)
@given(data=st.data())
def test_a_score_is_its_formula_however_the_samples_are_cut(name, data):
    task = METRIC[name].task
    values = st.floats(-100, 100) if task == "regression" else st.integers(0, CLASSES - 1)
    pairs = data.draw(st.lists(st.tuples(values, values), min_size=2, max_size=50))
    cut = data.draw(st.integers(1, len(pairs) - 1))
    kind = torch.float64 if task == "regression" else torch.int64
    answers, labels = (torch.tensor(column, dtype=kind) for column in zip(*pairs, strict=True))
    scored, outputs = scores(task, labels)
    parts = [scored.sums(outputs(answers[part]), labels[part]) for part in (slice(cut), slice(cut, None))]
    assert all(part.shape == (scored.size,) for part in parts)
    figures = scored.figures(torch.stack(parts).sum(0).tolist(), len(pairs), "validation")
    if name == "r2" and (labels - labels.mean()).square().sum() < 1e-3:
        return  # rounding, or a division by zero
    assert figures[name] == pytest.approx(FORMULAS[name](answers, labels).item(), rel=1e-6, abs=1e-6)
    assert all(METRIC[one].task == task for one in figures)
