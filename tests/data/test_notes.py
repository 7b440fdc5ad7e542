"""What is said of the samples: classes that a part lacks or has too few of, and targets that are large numbers."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tuitrain.data import notes
from tuitrain.data.bundled import Diabetes, Digits
from tuitrain.data.generated import Sine
from tuitrain.data.tabular import Csv
from tuitrain.spec import parse

from ..narrow import of_type

NAMES = ("oak", "elm", "ash")


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    """A CSV file of 90 rows that is sorted by class, 30 each; the first column counts the rows."""
    file = tmp_path / "trees.csv"
    rows = (f"{row},{row % 7},{NAMES[row // 30]}" for row in range(90))
    file.write_text("\n".join(["row,leaves,kind", *rows]))
    return file


def spec(file: Path, **fields: Any) -> Csv:
    return parse(Csv, {"path": str(file), "target": "kind", "standardize": "none", **fields})


def counts(labels: Tensor) -> list[int]:
    return labels.bincount(minlength=3).tolist()


@pytest.mark.parametrize("fields", [{"limit": 45}, {"validation": {"size": 30, "take": "last"}}])
def test_a_sorted_file_gives_parts_of_every_class(trees: Path, fields: dict[str, Any]) -> None:
    for seed in range(5):
        loaded = spec(trees, **fields).load(seed)
        assert min(counts(loaded.train_y)) > 5
        assert loaded.validation_y is not None and min(counts(loaded.validation_y)) > 1
        assert loaded.notes == ()


def test_rows_keep_their_labels_and_their_order_follows_from_the_seed(trees: Path) -> None:
    loaded = [spec(trees, validation="none").load(seed) for seed in (3, 3, 4)]
    one, again, other = (of_type(Tensor, each.train_x) for each in loaded)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    rows = one[:, 0].long()
    assert sorted(rows.tolist()) == list(range(90)) != rows.tolist()
    ordered = sorted(NAMES)
    assert [ordered[label] for label in loaded[0].train_y.tolist()] == [NAMES[row // 30] for row in rows.tolist()]


def test_a_time_series_can_keep_its_order(trees: Path) -> None:
    loaded = spec(trees, shuffle=False, validation={"size": 20, "take": "last"}).load(0)
    assert of_type(Tensor, loaded.validation_x)[:, 0].tolist() == list(range(70, 90))


def test_what_a_part_lacks_is_said_with_the_counts(trees: Path) -> None:
    loaded = spec(trees, shuffle=False, validation={"size": 30, "take": "last"}, limit=50).load(0)
    assert loaded.notes == (
        "the training part has no samples of 'ash' (1 of 3 classes): oak 30, elm 20",
        "the validation part has no samples of 'elm', 'oak' (2 of 3 classes): ash 30",
    )


def test_a_part_out_of_proportion_is_said(trees: Path) -> None:
    loaded = spec(trees, shuffle=False, validation={"size": 58, "take": "last"}).load(0)
    assert loaded.notes == (
        "the training part has no samples of 'ash' (1 of 3 classes): oak 30, elm 2",
        "the validation part has no samples of 'oak' (1 of 3 classes): ash 30, elm 28",
    )
    whole, part = torch.arange(3000) % 3, torch.arange(900) % 3
    part[(part == 1) & (torch.arange(900) % 5 > 0)] = 0
    assert list(notes.of_classes(NAMES, whole, part, None)) == [
        "the training part is out of proportion: oak 540, ash 300, elm 60; "
        "of all samples oak 1,000, elm 1,000, ash 1,000"
    ]


def test_stratified_parts_have_the_same_share_of_every_class(trees: Path) -> None:
    loaded = spec(trees, validation={"size": 0.2, "take": "stratified"}).load(0)
    assert loaded.validation_y is not None
    assert (counts(loaded.train_y), counts(loaded.validation_y)) == ([24] * 3, [6] * 3)


def test_an_accuracy_that_is_had_for_nothing_is_said() -> None:
    rare = (torch.arange(1000) % 50 == 0).long()
    (note,) = notes.of_classes(("sound", "faulty"), rare, rare, None)
    assert note == (
        "98.0% of the training part are of the class 'sound': an accuracy of 0.980 is had by always saying that"
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("take", ["random", "stratified"])
def test_chance_is_not_mentioned(seed: int, take: str) -> None:
    loaded = parse(Digits, {"validation": {"size": 0.1, "take": take}, "limit": 500}).load(seed)
    assert loaded.notes == ()


def test_stratified_needs_classes() -> None:
    stratified = {"size": 0.2, "take": "stratified"}
    (problem,) = parse(Diabetes, {"validation": stratified}).problems()
    assert str(problem) == (
        "data.validation.take: stratified needs classes, and the target of diabetes is a number: take random"
    )
    assert parse(Digits, {"validation": stratified}).problems() == ()


def test_targets_that_are_large_numbers_are_said_with_their_range() -> None:
    (note,) = Diabetes().load(0).notes
    y = Diabetes().load(0).train_y
    assert note.startswith(f"the targets go from {y.min():g} to {y.max():g} (mean {y.mean():.4g}, ")
    assert Sine().load(0).notes == ()


@pytest.mark.parametrize(("factor", "shift", "said"), [(1, 0, 0), (3, 5, 0), (50, 0, 1), (1, 1000, 1), (1e-4, 0, 1)])
def test_only_targets_far_from_the_order_of_1_are_mentioned(factor: float, shift: float, said: int) -> None:
    targets = factor * torch.randn(500, generator=torch.Generator().manual_seed(0)) + shift
    assert len(list(notes.of_numbers(targets))) == said
