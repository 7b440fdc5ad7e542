"""The rows of the builder."""

import pytest

from tuitrain.experiment.document import to_experiment
from tuitrain.tui.editor import Editor
from tuitrain.tui.panes.model import ModelPane

DENSE = {"type": "dense", "units": 30}


def texts(layers, width, **changes):
    """Each row's words, from the first layer to the output."""
    experiment = to_experiment({"model": {"layers": layers}, **changes})
    rows = ModelPane(id="model").rows(Editor(experiment).draft, width)
    assert all(row.text.cell_len == width for row in rows[2:])
    return [row.text.plain for row in rows[2:]]


def frozen(rows):
    return ["frozen" in row.split() for row in rows]


@pytest.mark.parametrize("width", [38, 48, 80])
def test_a_frozen_layer_says_so(width):
    layers = ["flatten", DENSE, "batch_norm", DENSE]
    assert frozen(texts(layers, width)) == [False] * 5
    assert frozen(texts(layers, width, freeze={"layers": 2})) == [False, True, True, False, False]
    assert frozen(texts(layers, width, freeze={})) == [False, True, True, True, False]


def test_it_says_so_in_a_letter_where_there_is_little_room():
    rows = texts(["flatten", DENSE], 30, freeze={})
    assert [" f " in row for row in rows] == [False, True, False]
    assert "dense" in rows[1] and "1,950" in rows[1]


def test_a_block_says_how_many_of_its_layers_are_frozen():
    block = {"type": "block", "repeat": 3, "layers": [DENSE, "batch_norm"]}
    rows = texts(["flatten", block, DENSE], 80, freeze={"layers": 3})
    assert ["3/6 frozen" in rows[1], "2/3 frozen" in rows[2], "1/3 frozen" in rows[3]] == [True] * 3
    assert frozen(rows) == [False, True, True, True, False, False]
    assert frozen(texts(["flatten", block, DENSE], 80, freeze={"layers": 6})) == [False, True, True, True, False, False]
    assert "/" not in texts(["flatten", block, DENSE], 80, freeze={"layers": 6})[1]
    rows = texts(["flatten", block, DENSE], 36, freeze={"layers": 3})
    assert ["block 3/6 f" in row.replace(" × 3", "") for row in rows] == [False, True, False, False, False, False]


def test_each_row_says_what_the_layer_is():
    rows = [row.split() for row in texts(["flatten", DENSE], 60)]
    assert rows == [["1", "flatten", "64", "0"], ["2", "dense", "30", "30", "1,950"], ["output", "10", "310"]]
