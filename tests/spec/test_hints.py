"""Where a key that is not known could stand: in the words of other programs, elsewhere, or in another type."""

from collections.abc import Iterator
from typing import Any

import pytest

from tuitrain.experiment.document import to_experiment
from tuitrain.experiment.experiment import Experiment
from tuitrain.spec import Invalid, members, nearest
from tuitrain.spec.families import alternatives
from tuitrain.spec.hints import _types
from tuitrain.spec.problems import place
from tuitrain.spec.spelling import OURS

NETWORK = {"model": {"layers": ["flatten", {"type": "dense", "units": 8}, {"type": "block", "layers": ["dense"]}]}}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"lr": 0.1}, "lr: unknown key; did you mean 'optimizer.lr'?"),
        ({"learning_rate": 0.1}, "learning_rate: unknown key; did you mean 'optimizer.lr'?"),
        (
            {"optimizer": {"type": "adam", "learning_rate": 1}},
            "optimizer.learning_rate: unknown key; did you mean 'lr'?",
        ),
        (
            {"optimizer": {"type": "adam", "momentum": 1}},
            "optimizer.momentum: unknown key; 'momentum' is a key of sgd or rmsprop",
        ),
        ({"optimizer": {"type": "adam"}, "nesterov": True}, "nesterov: unknown key; 'nesterov' is a key of sgd"),
        ({"nesterov": True}, "nesterov: unknown key; did you mean 'optimizer.nesterov'?"),
        ({"optim": "adam"}, "optim: unknown key; did you mean 'optimizer'?"),
        ({"batchsize": 8}, "batchsize: unknown key; did you mean 'batch_size'?"),
        ({"Batch-Size": 8}, "Batch-Size: unknown key; did you mean 'batch_size'?"),
        ({"num_epochs": 8}, "num_epochs: unknown key; did you mean 'epochs'?"),
        (
            {"neurons": 8},
            "neurons: unknown key; did you mean 'model.layers[1].units' or 'model.layers[2].layers[0].units'?",
        ),
        ({"dropout_rate": 0.5}, "dropout_rate: unknown key; 'rate' is a key of dropout or alpha_dropout"),
        ({"test_size": 0.5}, "test_size: unknown key; did you mean 'data.validation'?"),
        ({"keep": 1}, "keep: unknown key; did you mean 'transfer.keep'?"),
        ({"loss": "bce"}, "loss: unknown type 'bce'; did you mean 'binary_cross_entropy'?"),
        ({"optimizer": "SGD"}, "optimizer: unknown type 'SGD'; did you mean 'sgd'?"),
        ({"schedule": "cosine-annealing"}, "schedule: unknown type 'cosine-annealing'; did you mean 'cosine'?"),
    ],
)
def test_an_unknown_key_is_answered_with_where_it_belongs(document: dict[str, Any], problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        to_experiment({**NETWORK, **document})
    assert str(caught.value) == problem


def words_here() -> Iterator[str]:
    """Every key and every type of an experiment."""
    yield from Experiment.model_fields
    for name, spec in _types(Experiment):
        yield name
        yield from spec.model_fields
    for field in Experiment.model_fields.values():
        for one in alternatives(field.annotation):
            yield from getattr(one, "model_fields", ())


def test_every_word_of_the_vocabulary_leads_to_one_of_ours_and_is_looked_up_as_it_is_written() -> None:
    ours = set(words_here())
    for word, names in OURS.items():
        assert set(names) <= ours, word
        assert word == word.lower() and "-" not in word


def test_the_types_of_all_families_are_searched() -> None:
    found = dict(_types(Experiment))
    for field in ("optimizer", "schedule", "loss", "data"):
        assert members(Experiment.model_fields[field].annotation).keys() <= found.keys()
    assert {"dense", "block", "relu", "he_normal", "l2", "early_stopping", "held_out", "by_norm"} <= found.keys()


def test_words_that_are_as_like_are_named_together_and_no_word_that_is_less_like() -> None:
    hidden = ("1-hidden", "2-hidden", "relu", "hid")
    assert nearest("hidden", hidden) == "did you mean '1-hidden' or '2-hidden'?"
    assert nearest("2hidden", hidden) == "did you mean '2-hidden'?"
    assert nearest("xyz", ("a", "b")) == "known: a, b"


def test_a_layer_is_named_as_its_row_is() -> None:
    assert place(("model", "layers", 2, "units")) == "model.layers[2].units (layer 3)"
    assert place(("model", "layers", 0, "layers", 1)) == "model.layers[0].layers[1] (layer 1.2)"
    assert place(("callbacks", 0)) == "callbacks[0]"
    assert place(("model", "layers")) == "model.layers"


def test_many_problems_are_written_out_in_part_and_all_kept() -> None:
    with pytest.raises(Invalid) as caught:
        to_experiment({"model": {"layers": [{"type": "dense", "units": 0}] * 500}}, "my.toml")
    *_, last_but_one, last = str(caught.value).splitlines()
    assert len(caught.value.problems) == 500
    assert last_but_one.startswith("my.toml: model.layers[9].units (layer 10): must be at least 1")
    assert last == "my.toml: and 490 more problems"
