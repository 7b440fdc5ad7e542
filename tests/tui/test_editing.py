import copy

from hypothesis import given
from hypothesis import strategies as st

from tuitrain.experiment.document import with_value
from tuitrain.experiment.experiment import Experiment
from tuitrain.spec import parse
from tuitrain.tui.editing import added, deleted, moved

from ..narrow import present

dense = st.builds(lambda units: {"type": "dense", "units": units}, st.integers(1, 10**5))
leaves = dense | st.just({"type": "flatten"})
layers = st.recursive(
    leaves,
    lambda inner: st.builds(
        lambda repeat, layers: {"type": "block", "repeat": repeat, "layers": layers},
        st.integers(1, 3),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)
documents = st.lists(layers, min_size=1, max_size=5).map(
    lambda layers: {"name": "x", "model": {"layers": layers, "defaults": {"init": "he_normal"}}}
)


def paths(layers, at=("model", "layers")):
    for index, layer in enumerate(layers):
        yield (*at, index)
        yield from paths(layer.get("layers", ()), (*at, index, "layers"))


def at(document, path):
    for part in path:
        document = document[part]
    return document


def places(document):
    return st.sampled_from(list(paths(document["model"]["layers"])))


@given(st.data(), documents, layers)
def test_an_added_layer_stands_there_and_deleting_it_undoes_it(data, document, layer):
    before = copy.deepcopy(document)
    path = data.draw(places(document))
    path = (*path[:-1], path[-1] + data.draw(st.integers(0, 1)))
    longer = added(document, path, layer)
    assert at(longer, path) == layer
    assert deleted(longer, path) == before == document
    assert parse(Experiment, longer)


@given(st.data(), documents)
def test_deleting_takes_that_layer_and_no_other(data, document):
    path = data.draw(places(document))
    before = copy.deepcopy(document)
    shorter = deleted(document, path)
    assert document == before
    assert parse(Experiment, shorter)
    neighbours = at(document, path[:-1])
    if len(neighbours) > 1 or len(path) == 3:
        assert at(shorter, path[:-1]) == [*neighbours[: path[-1]], *neighbours[path[-1] + 1 :]]


def test_a_block_that_is_left_empty_goes_too():
    inner = {"type": "block", "layers": [{"type": "dense"}]}
    document = {"model": {"layers": [{"type": "flatten"}, {"type": "block", "layers": [inner]}]}}
    shorter = deleted(document, ("model", "layers", 1, "layers", 0, "layers", 0))
    assert shorter == {"model": {"layers": [{"type": "flatten"}]}}


def test_the_last_layer_of_a_network_can_go():
    assert deleted({"model": {"layers": [{"type": "flatten"}]}}, ("model", "layers", 0)) == {"model": {"layers": []}}


@given(st.data(), documents, st.sampled_from([-1, 1]))
def test_moving_there_and_back_changes_nothing(data, document, by):
    path = data.draw(places(document))
    before = copy.deepcopy(document)
    swapped, there = moved(document, path, by)
    assert document == before
    assert at(swapped, there) == at(document, path)
    if there == path:
        assert swapped == document
        assert not 0 <= path[-1] + by < len(at(document, path[:-1]))
    else:
        assert there == (*path[:-1], path[-1] + by)
        assert moved(swapped, there, -by) == (document, path)


def test_a_layer_is_added_where_there_is_no_model_yet():
    assert added({}, ("model", "layers", 0), {"type": "flatten"}) == {"model": {"layers": [{"type": "flatten"}]}}


@given(st.lists(st.integers(1, 9), max_size=3), st.integers(0, 3))
def test_an_added_extra_is_the_last_of_its_list_and_deleting_it_undoes_it(patiences, position):
    callbacks = [{"type": "early_stopping", "patience": patience} for patience in patiences]
    document = {"epochs": 3, **({"callbacks": callbacks} if callbacks else {})}
    before = copy.deepcopy(document)
    longer = added(document, ("callbacks", len(callbacks)), {"type": "checkpoint"})
    assert longer["callbacks"] == [*callbacks, {"type": "checkpoint"}] and parse(Experiment, longer)
    assert deleted(longer, ("callbacks", len(callbacks))) == before == document
    if position < len(callbacks):
        shorter = deleted(document, ("callbacks", position))
        assert shorter.get("callbacks", []) == [*callbacks[:position], *callbacks[position + 1 :]]
        assert ("callbacks" in shorter) == (len(callbacks) > 1)


def test_an_extra_of_which_there_is_one_is_a_table_of_its_own():
    document = {"name": "x"}
    frozen = added(document, ("freeze",), {"epochs": 4})
    assert present(parse(Experiment, frozen).freeze).epochs == 4
    assert deleted(frozen, ("freeze",)) == document == {"name": "x"}


@given(st.data(), documents, layers)
def test_a_replaced_layer_is_the_new_one_and_nothing_else_changes(data, document, layer):
    path = data.draw(places(document))
    old = copy.deepcopy(at(document, path))
    changed = with_value(document, path, layer)
    assert at(changed, path) == layer
    assert with_value(changed, path, old) == document


def test_a_section_that_was_not_written_is_made():
    assert with_value({"name": "x"}, ("optimizer",), {"type": "adam"}) == {"name": "x", "optimizer": {"type": "adam"}}
