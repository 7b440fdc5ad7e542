import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.errors import Refused
from tuitrain.experiment import presets, toml
from tuitrain.experiment.document import parse_path, parse_value, to_document, to_experiment, with_sets, with_value
from tuitrain.experiment.problems import examine
from tuitrain.optim.clipping import ByNorm
from tuitrain.spec import Invalid

NETWORK = {"model": {"layers": ["flatten", {"type": "dense", "units": 8}]}}


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_comes_back_from_its_document_and_from_toml(name: str) -> None:
    experiment = presets.load(name)
    document = to_document(experiment)
    assert to_experiment(document) == experiment
    assert to_document(to_experiment(tomllib.loads(toml.dumps(document)))) == document


@pytest.mark.parametrize("name", presets.names())
def test_a_frozen_experiment_is_complete_and_trains_the_same(name: str) -> None:
    experiment = presets.load(name)
    frozen = to_document(experiment.completed(), complete=True)
    again = to_experiment(tomllib.loads(toml.dumps(frozen)))
    assert [layer.spec for layer in again.plan()] == [layer.spec for layer in experiment.plan()]
    assert to_document(again.completed(), complete=True) == frozen
    assert again.trains_as(experiment)
    assert again.model.defaults == experiment.model.defaults
    assert again.data == experiment.data.settled()
    assert again.schedule == experiment.schedule.settled(experiment.optimizer.lr)
    for key in ("seed", "epochs", "batch_size", "loss", "optimizer", "observe"):
        assert getattr(again, key) == getattr(experiment, key)
    assert frozen.keys() >= {"seed", "epochs", "batch_size", "data", "loss", "optimizer", "schedule", "observe"}


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_says_what_it_teaches_and_every_variant_is_valid(name: str) -> None:
    experiment = presets.load(name)
    assert experiment.lesson
    assert experiment.lesson.title
    assert experiment.lesson.why
    for variant in experiment.variants:
        assert presets.load(name, variant.name).name == f"{name}-{variant.name}"


def test_sets_address_lists_and_the_short_form_of_a_type() -> None:
    document = with_sets(
        NETWORK, ["model.layers.1.units=5", "model.layers[0]=dropout", "optimizer.lr=1e-3", "loss=mse", "name=a b"]
    )
    assert document["model"]["layers"] == ["dropout", {"type": "dense", "units": 5}]
    assert document["optimizer"] == {"lr": 0.001}
    assert (document["loss"], document["name"]) == ("mse", "a b")
    nested = with_value({"schedule": "exponential"}, ("schedule", "decay"), 0.5)
    assert nested == {"schedule": {"type": "exponential", "decay": 0.5}}


def test_none_leaves_out_what_an_experiment_has_on_the_command_line_and_in_a_variant(tmp_path: Path) -> None:
    path = tmp_path / "switched.toml"
    path.write_text(
        """
        clipping = "by_norm"
        freeze = { layers = 1 }
        data = "spirals"
        [[model.layers]]
        type = "dense"
        [[variants]]
        name = "free"
        set = { freeze = "none" }
        """
    )
    experiment = presets.load(str(path), "free", ["clipping=none"])
    assert (experiment.clipping, experiment.freeze) == (None, None)
    assert presets.load(str(path)).clipping == ByNorm()


def test_a_change_leaves_the_document_as_it_was() -> None:
    before = {"a": {"b": [1, {"c": 2}]}}
    with_value(before, ("a", "b", 1, "c"), 3)
    assert before == {"a": {"b": [1, {"c": 2}]}}


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (["lr"], "--set lr: write path=value"),
        (["model.layers.7.units=3"], "model.layers[7] (layer 8): there is no such entry: the list has 2"),
        (["epochs=3", "epochs.y=3"], "epochs: is a single value, so epochs.y leads nowhere"),
        (["a..b=3"], "'a..b' is not a path"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(sets: list[str], message: str) -> None:
    with pytest.raises(Refused) as caught:
        with_sets({**NETWORK}, [*sets])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ("optimizer.lr=[1, 2", "--set optimizer.lr: line 1: a list has no closing ]"),
        ("data={type=", "--set data: line 1: there is no value"),
        ("name='mine", "--set name: line 1: a text has no closing quote"),
        ("optimizer.lr=" + "[" * 101 + "]" * 101, "--set optimizer.lr: is nested more than 100 levels deep"),
        ("model" + ".a" * 100 + "=1", "is not a path"),
        ("a\ud800=1", "is not text in UTF-8"),
    ],
)
def test_a_set_that_cannot_be_meant_as_a_bare_word_has_to_be_whole(sets: str, message: str) -> None:
    with pytest.raises(Refused) as caught:
        with_sets({**NETWORK}, [sets])
    assert message in str(caught.value)


def test_a_second_line_of_a_value_is_not_lost() -> None:
    assert with_sets({}, ["name=3\nseed = 4"]) == {"name": "3\nseed = 4"}


def test_other_digits_than_ascii_are_no_number() -> None:
    assert parse_path("layers.²") == ("layers", "²")
    assert parse_path("layers.١") == ("layers", "١")
    assert parse_path("layers[²]") == ("layers[²]",)
    assert parse_value("٣") == "٣"


@given(st.lists(st.one_of(st.integers(0, 99), st.from_regex(r"[a-z_]{1,8}", fullmatch=True)), min_size=1, max_size=6))
def test_paths_are_read_back_from_both_spellings(path: list[int | str]) -> None:
    assert parse_path(".".join(map(str, path))) == tuple(path)
    spelled = "".join(f"[{part}]" if isinstance(part, int) and index else f".{part}" for index, part in enumerate(path))
    assert parse_path(spelled[1:]) == tuple(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("3", 3), ("1e-3", 1e-3), ("1_000", 1000), (".5", 0.5), ("5.", 5.0), ("-.1", -0.1), ("007", 7)],
        *[("true", True), ("relu", "relu"), ("infinity", "infinity"), ("", "")],
        *[("[1, 2]", [1, 2]), ("{ a = 1 }", {"a": 1})],
    ],
)
def test_values_are_toml_and_bare_words_are_strings(text: str, value: object) -> None:
    assert parse_value(text) == value


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_every_number_is_read_back(number: float) -> None:
    assert parse_value(repr(number)) == number


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "infinity", "9" * 5000])
def test_a_number_that_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match=r"optimizer\.lr: must be a number"):
        to_experiment(with_sets({"optimizer": "sgd"}, [f"optimizer.lr={text}"]))


FLAT = {"model": {"layers": ["flatten"]}}
HELD_OUT = (
    "holding out {0} of {1} training samples leaves none to train on; hold out at most {2}, or a share such as 0.2"
)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"batch_size": 1439}, "batch_size: 1439 is more than the 1438 samples that are trained on; at most 1438, or"),
        (
            {"data": {"type": "digits", "limit": 20}},
            "batch_size: 32 is more than the 20 samples that are trained on; at most 20, or 'full'",
        ),
        (
            {"data": {"type": "digits", "validation": {"size": 1797}}},
            f"data.validation.size: {HELD_OUT.format(1797, 1797, 1796)}",
        ),
        (
            {"data": {"type": "mnist", "validation": {"size": 60_000}}},
            f"data.validation.size: {HELD_OUT.format(60000, 60000, 59999)}",
        ),
        (
            {"data": {"type": "spirals", "samples": 20, "validation": {"size": 0.99}}},
            f"data.validation.size: {HELD_OUT.format('20 (a share of 0.99)', 20, 19)}",
        ),
    ],
)
def test_sizes_that_the_data_cannot_give_are_refused(document: dict[str, Any], problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        to_experiment({**FLAT, **document})
    assert len(caught.value.problems) == 1
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    "document",
    [
        {"batch_size": 1438},
        {"batch_size": "full", "data": {"type": "digits", "limit": 20}},
        {"data": {"type": "mnist", "validation": {"size": 59_968}}},
    ],
)
def test_sizes_that_just_fit_are_taken(document: dict[str, Any]) -> None:
    assert examine(to_experiment({**FLAT, **document})).problems == ()


def blocks(*repeats: int) -> dict[str, Any]:
    layer: dict[str, Any] = {"type": "dense"}
    for repeat in repeats:
        layer = {"type": "block", "repeat": repeat, "layers": [layer]}
    return layer


@pytest.mark.parametrize(
    ("layers", "problem"),
    [
        ([blocks(1000, 1000)], "model.layers[1] (layer 2): makes 1,000,000 layers; at most 10,000"),
        ([blocks(*[1000] * 9)], f"model.layers[1] (layer 2): makes {1000**9:,} layers; at most 10,000"),
        ([blocks(1000, 6), blocks(5, 1000)], "model.layers: makes 11,001 layers; at most 10,000"),
    ],
)
def test_more_layers_than_there_can_be_are_refused_uncounted(layers: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        to_experiment({"model": {"layers": ["flatten", *layers]}})
    assert str(caught.value) == problem


def test_what_spans_several_values_is_checked_too() -> None:
    with pytest.raises(Invalid) as caught:
        to_experiment({"model": {"output": {"activation": "sigmoid"}}}, "my.toml")
    assert str(caught.value).splitlines() == [
        "my.toml: model.output: needs one axis, got 1×8×8: put a flatten layer before it",
        "my.toml: model.output.activation: must be linear: cross_entropy applies softmax itself",
    ]
