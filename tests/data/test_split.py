from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from tuitrain.data import ValidationSpec
from tuitrain.data.split import HeldOut, NoValidation, OwnTestSet
from tuitrain.errors import Refused
from tuitrain.spec import Invalid, Spec, parse

TAKES: st.SearchStrategy[Any] = st.sampled_from(["first", "last", "random", "stratified"])


def unlabelled(total: int) -> torch.Tensor:
    """As many samples, of one class."""
    return torch.zeros(total, dtype=torch.int64)


class Holder(Spec):
    validation: ValidationSpec


@given(st.data(), TAKES, st.integers(2, 300), st.integers())
def test_a_count_parts_the_samples(data: st.DataObject, take: Any, total: int, seed: int) -> None:
    size = data.draw(st.integers(1, total - 1))
    training, held_out = HeldOut(size=size, take=take).split(unlabelled(total), seed)
    assert len(held_out) == size
    assert sorted(training.tolist() + held_out.tolist()) == list(range(total))
    for part in (training, held_out):
        assert part.tolist() == sorted(part.tolist())


@given(TAKES, st.floats(0, 1, exclude_min=True, exclude_max=True), st.integers(2, 300))
def test_a_share_is_rounded_and_never_nothing(take: Any, share: float, total: int) -> None:
    spec = HeldOut(size=share, take=take)
    if round(share * total) >= total:
        with pytest.raises(Refused, match=r"^data\.validation\.size: .* leaves none"):
            spec.split(unlabelled(total), 0)
    else:
        held_out = spec.split(unlabelled(total), 0)[1]
        assert len(held_out) == spec.held_out(total) >= 1
        assert len(held_out) == 1 or abs(len(held_out) - share * total) <= 0.5


@given(st.integers(2, 100), st.integers(1, 99))
def test_first_and_last_are_the_ends(total: int, size: int) -> None:
    size = min(size, total - 1)
    assert HeldOut(size=size, take="first").split(unlabelled(total), 0)[1].tolist() == list(range(size))
    assert HeldOut(size=size, take="last").split(unlabelled(total), 0)[1].tolist() == list(range(total - size, total))


def test_random_depends_on_the_seed_alone() -> None:
    spec = HeldOut(size=0.3, take="random")
    one = spec.split(unlabelled(500), 7)[1]
    torch.manual_seed(99)
    before = torch.get_rng_state()
    assert torch.equal(spec.split(unlabelled(500), 7)[1], one)
    assert not torch.equal(spec.split(unlabelled(500), 8)[1], one)
    assert torch.equal(torch.get_rng_state(), before)


@given(st.lists(st.integers(0, 5), min_size=2, max_size=200), st.floats(0.01, 0.99), st.integers(0, 9))
def test_stratified_takes_the_same_share_of_every_class(classes: list[int], share: float, seed: int) -> None:
    labels, spec = torch.tensor(classes), HeldOut(size=share, take="stratified")
    assume(max(1, round(share * len(labels))) < len(labels))
    training, held_out = spec.split(labels, seed)
    assert len(held_out) == spec.held_out(len(labels))
    assert sorted(training.tolist() + held_out.tolist()) == list(range(len(labels)))
    for one in set(classes):
        fair = classes.count(one) * len(held_out) / len(labels)
        assert abs(int((labels[held_out] == one).sum()) - fair) < 1


def test_stratified_samples_are_chosen_at_random_by_the_seed() -> None:
    labels, spec = torch.arange(300) // 100, HeldOut(size=0.2, take="stratified")
    one, again, other = (spec.split(labels, seed)[1] for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert one.tolist() != sorted(labels.argsort()[: len(one)].tolist())


@pytest.mark.parametrize("spec", [OwnTestSet(), NoValidation()])
def test_the_others_hold_nothing_out(spec: OwnTestSet | NoValidation) -> None:
    training, held_out = spec.split(unlabelled(5), 0)
    assert training.tolist() == [0, 1, 2, 3, 4]
    assert held_out.tolist() == []


def test_a_part_that_leaves_nothing_is_refused_with_its_numbers() -> None:
    with pytest.raises(Refused, match=r"^data\.validation\.size: holding out 5000 of 1797 .* at most 1796, or a share"):
        HeldOut(size=5000, take="first").split(unlabelled(1797), 0)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"size": 5000, "take": "first"}, HeldOut(size=5000, take="first")),
        ({"size": 0.2, "take": "random"}, HeldOut(size=0.2, take="random")),
        ({"type": "held_out", "size": 3}, HeldOut(size=3)),
        ("test", OwnTestSet()),
        ({"type": "test"}, OwnTestSet()),
        ("none", NoValidation()),
    ],
)
def test_it_reads_as_it_is_written(written: object, meant: Spec) -> None:
    assert parse(Holder, {"validation": written}).validation == meant


def test_a_held_out_part_is_written_without_a_type() -> None:
    part = HeldOut(size=5000, take="first")
    assert Holder(validation=part).model_dump() == {"validation": {"size": 5000, "take": "first"}}


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("tset", r"validation: unknown type 'tset'; did you mean 'test'\?"),
        (5000, "validation: must be a table, got 5000"),
        ({"size": 0}, r"validation\.size: must be at least 1.* got 0"),
        ({"size": -0.5}, r"validation\.size: .*must be greater than 0"),
        ({"size": 1.5}, r"validation\.size: must be less than 1"),
        ({"size": "5"}, r"validation\.size: must be a whole number.* got '5'"),
        ({"take": "middle"}, r"validation\.take: must be 'first', 'last', 'random' or 'stratified', got 'middle'"),
        ({"type": "test", "size": 3}, r"validation\.size: unknown key"),
    ],
)
def test_what_cannot_be_meant_is_said_clearly(written: object, complaint: str) -> None:
    with pytest.raises(Invalid, match=f"^{complaint}"):
        parse(Holder, {"validation": written})


def test_specs_check_themselves() -> None:
    with pytest.raises(ValidationError):
        HeldOut(size=1.0)
