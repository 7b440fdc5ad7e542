"""The contract of every data set, and that the family can be used without torch."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import torch

from tuitrain.data import Data
from tuitrain.data.split import HeldOut, NoValidation
from tuitrain.data.vision import IdxImages
from tuitrain.errors import Refused
from tuitrain.spec import Invalid, Spec, members, parse

MEMBERS = members(Data)


class Holder(Spec):
    data: Data


@pytest.fixture(params=list(MEMBERS.values()), ids=list(MEMBERS))
def member(request: pytest.FixtureRequest) -> Any:
    """Each class of the family; those that need files are skipped where there are none."""
    if issubclass(request.param, IdxImages):
        request.getfixturevalue("real_data")
    return request.param


def test_the_family() -> None:
    assert list(MEMBERS) == ["digits", "spirals", "mnist", "fashion_mnist"]


def test_facts_are_what_is_loaded(member: Any) -> None:
    spec = member(validation=NoValidation())
    facts, loaded = spec.facts(), spec.load(0)
    assert spec.where()
    assert replace(loaded.facts, train=facts.train) == facts
    assert loaded.facts.train == len(loaded.train_x) == len(loaded.train_y)
    # The files of a machine may hold a part of the set only.
    assert facts.train == loaded.facts.train or issubclass(member, IdxImages)
    assert loaded.train_x.shape[1:] == facts.shape
    assert (loaded.train_x.dtype, loaded.train_y.dtype) == (torch.float32, torch.int64)
    assert loaded.train_y.unique().tolist() == list(range(facts.classes or 0))
    assert len(facts.class_names) in (0, facts.classes)
    assert loaded.validation_x is loaded.validation_y is None
    if spec.value_range:
        assert (loaded.train_x.min(), loaded.train_x.max()) == spec.value_range


def test_the_same_seed_gives_the_same_data(member: Any) -> None:
    spec = member(standardize="scale", validation=HeldOut(size=0.2, take="random"), limit=100)
    one, two, other = spec.load(1), spec.load(1), spec.load(2)
    assert one.validation_x is not None
    assert two.validation_x is not None
    assert torch.equal(one.train_x, two.train_x)
    assert torch.equal(one.validation_x, two.validation_x)
    assert not torch.equal(one.train_x, other.train_x)


def test_the_limit_keeps_the_first_after_the_validation_part(member: Any) -> None:
    spec = member(validation=HeldOut(size=7, take="first"), limit=11)
    everything = spec.model_copy(update={"validation": NoValidation(), "limit": None}).load(0)
    loaded = spec.load(0)
    assert loaded.validation_x is not None
    assert torch.equal(loaded.validation_x, everything.train_x[:7])
    assert torch.equal(loaded.train_x, everything.train_x[7:18])
    assert torch.equal(loaded.train_y, everything.train_y[7:18])


def test_statistics_are_those_of_the_training_part(member: Any) -> None:
    loaded = member(standardize="per_pixel", validation=HeldOut(size=0.5, take="last"), limit=200).load(0)
    assert loaded.validation_x is not None
    train = loaded.train_x.double()
    spread = train.std(0, correction=0)
    assert train.mean(0).abs().max() < 1e-5
    assert torch.allclose(spread, (spread > 0.5).double(), atol=1e-5)
    assert loaded.validation_x.double().mean(0).abs().max() > 1e-3


@pytest.mark.parametrize("limit", [None, 50, 10**9])
def test_the_number_trained_on_is_known_before(member: Any, limit: int | None) -> None:
    spec = member(limit=limit)
    loaded = spec.load(0)
    assert loaded.facts.train is not None
    assert spec.training_size(loaded.facts.train) == len(loaded.train_x)


def test_a_part_that_leaves_nothing_is_refused(member: Any) -> None:
    with pytest.raises(Refused, match=r"^data\.validation\.size: "):
        member(validation=HeldOut(size=100_000)).load(0)


def test_the_test_set_is_refused_where_there_is_none(member: Any) -> None:
    name = member.model_fields["type"].default
    document = {"data": {"type": name, "validation": "test"}}
    if member().facts().test is None:
        with pytest.raises(Invalid, match=rf"^data\.validation: {name} has no test set .* size = 0\.2"):
            parse(Holder, document)
    else:
        loaded = parse(Holder, document).data.load(0)
        assert loaded.validation_y is not None
        assert len(loaded.validation_y) == loaded.facts.test


@pytest.mark.parametrize("validation", [{"size": 5, "take": "first"}, {"size": 0.5, "take": "last"}, "none"])
def test_a_round_trip_through_a_document_is_the_identity(member: Any, validation: object) -> None:
    name = member.model_fields["type"].default
    written = {"data": {"type": name, "standardize": "global", "validation": validation, "limit": 9}}
    for document in (written, {"data": name}):
        spec = parse(Holder, document)
        assert isinstance(spec.data, member)
        assert parse(Holder, spec.model_dump()) == spec
        assert parse(Holder, spec.model_dump(exclude_none=True)) == spec


def test_every_field_has_its_help(member: Any) -> None:
    assert member.__doc__
    assert all(field.description for name, field in member.model_fields.items() if name != "type")


def test_nothing_heavy_is_imported_before_loading() -> None:
    program = """
import sys
from tuitrain.data import Data
from tuitrain.spec import members
for member in members(Data).values():
    spec = member()
    spec.facts(), spec.where(), spec.training_size(1000)
print(sorted({"torch", "torchvision", "sklearn", "numpy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.usefixtures("real_data")
def test_files_that_are_found_need_no_torchvision() -> None:
    program = """
import sys
from tuitrain.data.vision import Mnist
Mnist().load(0)
print("torchvision" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
