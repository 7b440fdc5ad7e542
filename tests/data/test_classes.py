"""Subsets of classes: what is refused, and that nothing is read to know what one has."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.data import Data
from tuitrain.data.bundled import Iris
from tuitrain.data.classes import relabelled
from tuitrain.data.generated import Moons
from tuitrain.data.vision import Cifar100, FashionMnist, Mnist
from tuitrain.errors import Refused
from tuitrain.spec import Invalid, Spec, parse


class Holder(Spec):
    data: Data


@given(st.data(), st.integers(2, 8))
def test_labels_are_renumbered_in_the_order_chosen(data: st.DataObject, classes: int) -> None:
    labels = data.draw(st.lists(st.integers(0, classes - 1), max_size=30))
    chosen = data.draw(st.lists(st.integers(0, classes - 1), min_size=1, unique=True))
    kept, numbers = relabelled(torch.tensor(labels, dtype=torch.int64), chosen, classes)
    expected = [(index, chosen.index(label)) for index, label in enumerate(labels) if label in chosen]
    assert list(zip(kept.tolist(), numbers.tolist(), strict=True)) == expected


def test_facts_of_a_subset_are_known_on_a_machine_without_the_files(cache: Path) -> None:
    sandal_and_shirt = FashionMnist(only_classes=("Shirt", 5)).facts()
    assert (sandal_and_shirt.classes, sandal_and_shirt.class_names) == (2, ("Shirt", "Sandal"))
    assert (sandal_and_shirt.train, sandal_and_shirt.shape) == (12_000, (1, 28, 28))
    assert Mnist(only_classes=(0, "1")).facts().train == 5923 + 6742
    assert Iris(only_classes=(2, 0)).facts().class_names == ("virginica", "setosa")
    assert not cache.exists()


@pytest.mark.usefixtures("real_data")
def test_the_two_classes_of_the_transfer_lesson() -> None:
    loaded = FashionMnist(only_classes=("Sandal", "Shirt"), limit=200).load(0)
    assert len(loaded.train_y) == 200
    assert loaded.facts.train == 12_000
    everything = FashionMnist().load(0)
    assert everything.facts.train == 60_000


def test_the_test_set_has_the_same_classes(
    tmp_path: Path, cache: Path, write_set: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(write_set)
    monkeypatch.setenv("TUITRAIN_DATA", str(tmp_path))
    write_set(tmp_path / "MNIST" / "raw")
    spec = parse(Holder, {"data": {"type": "mnist", "validation": "test", "only_classes": [7, 2, 3]}}).data
    loaded = spec.load(0)
    assert loaded.validation_y is not None
    assert sorted(loaded.validation_y.tolist()) == [0, 1, 2]
    assert (loaded.facts.train, loaded.facts.test) == (9, 3)


def test_files_without_a_sample_of_the_classes_are_refused(
    tmp_path: Path, cache: Path, write: object, write_set: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(write) and callable(write_set)
    monkeypatch.setenv("TUITRAIN_DATA", str(tmp_path))
    raw = write_set(tmp_path / "MNIST" / "raw")
    write(raw / "train-labels-idx1-ubyte", torch.zeros(30))
    with pytest.raises(Refused, match=rf"^data\.only_classes: {raw} has no samples of these classes"):
        Mnist(only_classes=(1, 2)).load(0)


@pytest.mark.parametrize(
    ("only", "complaint"),
    [
        ([], "data.only_classes: needs at least 2"),
        ([4], "data.only_classes: needs at least 2"),
        ([1, 2, 1], "data.only_classes: names 1 twice"),
        (["a", 2, "a"], "data.only_classes: names 'a' twice"),
        ([1, True], "data.only_classes[1]: must be a whole number, or must be text, got true"),
        ([1, 2.5], "data.only_classes[1]: must be a whole number, or must be text, got 2.5"),
        ("Shirt", "data.only_classes: must be a list, got 'Shirt'"),
    ],
)
def test_what_cannot_be_meant_is_said_clearly(only: object, complaint: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse(Holder, {"data": {"type": "fashion_mnist", "only_classes": only}})
    assert str(raised.value).startswith(complaint)


@pytest.mark.parametrize(
    ("spec", "complaints"),
    [
        (
            FashionMnist(only_classes=("Sandal", "Shrt", 10, -1)),
            [
                "data.only_classes[1]: fashion_mnist has no class 'Shrt'; did you mean 'Shirt'?",
                "data.only_classes[2]: fashion_mnist has no class 10; its classes are the numbers 0 to 9",
                "data.only_classes[3]: fashion_mnist has no class -1; its classes are the numbers 0 to 9",
            ],
        ),
        (
            FashionMnist(only_classes=("Sandal", 5)),
            ["data.only_classes[1]: 5 is the same class as 'Sandal'"],
        ),
        (
            Iris(only_classes=("tulip", "setosa")),
            ["data.only_classes[0]: iris has no class 'tulip'; known: setosa, versicolor, virginica"],
        ),
        (
            Moons(only_classes=(0, "left")),
            ["data.only_classes[1]: moons has no class 'left'; its classes are the numbers 0 to 1"],
        ),
    ],
)
def test_a_class_that_the_data_has_not_is_refused_before_anything_is_read(
    spec: FashionMnist | Iris | Moons, complaints: list[str]
) -> None:
    assert list(map(str, spec.problems())) == complaints
    assert spec.facts().shape is None
    with pytest.raises(Invalid) as raised:
        spec.load(0)
    assert str(raised.value).splitlines() == complaints


def test_a_long_list_of_names_stays_one_sentence() -> None:
    (problem,) = Cifar100(only_classes=("apple", "zzz")).problems()
    assert len(str(problem)) < 400
