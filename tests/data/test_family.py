"""The contract of every data set, and that the family can be used without torch."""

import csv
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tuitrain.data import Data
from tuitrain.data.split import HeldOut, NoValidation, OwnTestSet
from tuitrain.data.vision import CifarImages, IdxImages, Images
from tuitrain.errors import Refused
from tuitrain.spec import Invalid, Spec, members, parse

MEMBERS = members(Data)
Make = Callable[..., Any]


class Holder(Spec):
    data: Data


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file of 240 rows: two numbers, a category, and a target of three classes."""
    file = tmp_path_factory.mktemp("table") / "table.csv"
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["length", "width", "colour", "kind"])
        for row in range(240):
            colour = ("red", "green", "blue")[row * row % 7 % 3]
            writer.writerow([row * 37 % 101 / 10, -row * 0.5 % 13, colour, ("a", "b", "c")[row % 3]])
    return file


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory, write_images: Callable[..., Path]) -> Path:
    """A folder of 240 images in three classes, and a test set of 30."""
    folder = tmp_path_factory.mktemp("pictures")
    write_images(folder / "train", {"cats": 120, "dogs": 80, "emus": 40})
    write_images(folder / "test", {"cats": 10, "dogs": 10, "emus": 10}, seed=1)
    return folder


@pytest.fixture(params=list(MEMBERS))
def name(request: pytest.FixtureRequest) -> str:
    """The type of each member of the family."""
    return str(request.param)


@pytest.fixture
def member(name: str) -> Any:
    """Each class of the family."""
    return MEMBERS[name]


@pytest.fixture
def needs(request: pytest.FixtureRequest, member: Any) -> dict[str, Any]:
    """What a member cannot be made without; the files that it reads are there, or the test is skipped."""
    if issubclass(member, IdxImages):
        request.getfixturevalue("real_data")
    if issubclass(member, CifarImages):
        root = request.getfixturevalue("tmp_path")
        request.getfixturevalue("write_cifar")(root / member.source.folder, member)
        request.getfixturevalue("monkeypatch").setenv("TUITRAIN_DATA", str(root))
    if member is MEMBERS["csv"]:
        return {"path": str(request.getfixturevalue("table")), "target": "kind"}
    if member is MEMBERS["image_folder"]:
        return {"path": str(request.getfixturevalue("pictures")), "size": (18, 15)}
    return {}


@pytest.fixture
def make(member: Any, needs: dict[str, Any]) -> Make:
    """Makes a spec of the member with these fields set; its inputs are left as they are stored unless they say more."""
    return lambda **fields: member(**{"standardize": "none", **needs, **fields})


def test_facts_are_what_is_loaded(make: Make, member: Any) -> None:
    spec = make(validation=NoValidation())
    facts, loaded = spec.facts(), spec.load(0)
    assert spec.where()
    assert spec.problems() == ()
    assert replace(loaded.facts, train=facts.train) == facts
    assert loaded.facts.train == len(loaded.train_x) == len(loaded.train_y)
    # The files of a machine may hold a part of the set only.
    assert facts.train == loaded.facts.train or issubclass(member, Images)
    assert loaded.train_x.shape[1:] == facts.shape
    assert loaded.train_x.dtype == torch.float32
    assert len(facts.class_names) in (0, facts.classes)
    assert loaded.validation_x is loaded.validation_y is None
    if spec.value_range:
        assert (loaded.train_x.min(), loaded.train_x.max()) == spec.value_range


def test_by_default_inputs_are_of_the_order_of_1(make: Make) -> None:
    spec = make(standardize="auto", limit=2000)
    assert spec.settled().standardize == spec.standardization != "auto"
    x = spec.load(0).train_x
    assert 0.25 <= x.abs().max() <= 100
    assert 0.1 < x.std() < 3
    spread = x.flatten(1).std(0)
    if spec.standardization == "per_pixel":
        assert (spread[spread > 0] - 1).abs().max() < 0.01
    assert torch.equal(spec.settled().load(0).train_x, x)


def test_labels_are_all_classes_or_numbers(make: Make) -> None:
    spec = make(validation=NoValidation())
    labels, classes, counts = spec.load(0).train_y, spec.facts().classes, spec.class_counts()
    assert labels.dim() == 1
    if classes is None:
        assert (labels.dtype, counts) == (torch.float32, None)
        assert len(labels.unique()) > 100
    else:
        assert labels.dtype == torch.int64
        assert labels.unique().tolist() == list(range(classes))
        assert counts is None or sum(counts) == spec.facts().train
        if counts and len(labels) == spec.facts().train:
            assert labels.bincount().tolist() == list(counts)


def test_a_subset_of_the_classes_is_what_filtering_leaves(make: Make, member: Any) -> None:
    whole = make(validation=NoValidation())
    facts = whole.facts()
    if facts.classes is None:
        spec = make(only_classes=(1, 0))
        assert [str(problem) for problem in spec.problems()] == [
            f"data.only_classes: {spec.type} has no classes: its target is a number"
        ]
        with pytest.raises(Refused, match=r"^data\.only_classes: "):
            spec.load(0)
        return
    chosen = (1, 0) if facts.classes == 2 else (2, 0)
    spec = make(validation=NoValidation(), only_classes=chosen)
    everything, loaded = whole.load(0), spec.load(0)
    kept = (everything.train_y == chosen[0]) | (everything.train_y == chosen[1])
    assert torch.equal(loaded.train_x, everything.train_x[kept])
    assert torch.equal(loaded.train_y == 0, everything.train_y[kept] == chosen[0])
    assert set(loaded.train_y.tolist()) == {0, 1}
    known = spec.facts()
    assert (known.shape, known.classes) == (facts.shape, 2)
    assert known.class_names == tuple(facts.class_names[one] for one in chosen if facts.class_names)
    assert known.train is None or known.train == int(kept.sum()) or issubclass(member, Images)
    assert loaded.facts == replace(known, train=int(kept.sum()))


def test_the_limit_and_the_validation_part_count_after_the_subset(make: Make) -> None:
    if make().facts().classes is None:
        pytest.skip("it has no classes")
    subset = make(validation=NoValidation(), only_classes=(1, 0)).load(0)
    spec = make(validation=HeldOut(size=3, take="first"), only_classes=(1, 0), limit=2)
    loaded = spec.load(0)
    assert loaded.validation_x is not None and loaded.validation_y is not None
    assert torch.equal(loaded.validation_x, subset.train_x[:3])
    assert torch.equal(loaded.validation_y, subset.train_y[:3])
    assert torch.equal(loaded.train_x, subset.train_x[3:5])


def test_the_same_seed_gives_the_same_data(make: Make) -> None:
    spec = make(standardize="scale", validation=HeldOut(size=0.2, take="random"), limit=100)
    one, two, other = spec.load(1), spec.load(1), spec.load(2)
    assert one.validation_x is not None
    assert two.validation_x is not None
    assert torch.equal(one.train_x, two.train_x)
    assert torch.equal(one.validation_x, two.validation_x)
    assert not torch.equal(one.train_x, other.train_x)


def test_the_limit_keeps_the_first_after_the_validation_part(make: Make) -> None:
    spec = make(validation=HeldOut(size=7, take="first"), limit=11)
    everything = make(validation=NoValidation()).load(0)
    loaded = spec.load(0)
    assert loaded.validation_x is not None
    assert torch.equal(loaded.validation_x, everything.train_x[:7])
    assert torch.equal(loaded.train_x, everything.train_x[7:18])
    assert torch.equal(loaded.train_y, everything.train_y[7:18])


def test_statistics_are_those_of_the_training_part(make: Make) -> None:
    loaded = make(standardize="per_pixel", validation=HeldOut(size=0.5, take="last"), limit=200).load(0)
    assert loaded.validation_x is not None
    train = loaded.train_x.double()
    spread = train.std(0, correction=0)
    assert train.mean(0).abs().max() < 1e-5
    assert torch.allclose(spread, (spread > 0.5).double(), atol=1e-5)
    assert loaded.validation_x.double().mean(0).abs().max() > 1e-3


@pytest.mark.parametrize("limit", [None, 50, 10**9])
def test_the_number_trained_on_is_known_before(make: Make, limit: int | None) -> None:
    spec = make(limit=limit)
    loaded = spec.load(0)
    assert loaded.facts.train is not None
    assert spec.training_size(loaded.facts.train) == len(loaded.train_x)


def test_a_part_that_leaves_nothing_is_refused(make: Make) -> None:
    with pytest.raises(Refused, match=r"^data\.validation\.size: "):
        make(validation=HeldOut(size=100_000)).load(0)


def test_the_test_set_is_refused_where_there_is_none(make: Make, name: str, needs: dict[str, Any]) -> None:
    if make().facts().test is None:
        with pytest.raises(Invalid, match=rf"^data\.validation: {name} has no test set .* size = 0\.2"):
            parse(Holder, {"data": {"type": name, "validation": "test", **needs}})
    else:
        loaded = make(validation=OwnTestSet()).load(0)
        assert loaded.validation_y is not None
        assert len(loaded.validation_y) == loaded.facts.test


@pytest.mark.parametrize("validation", [{"size": 5, "take": "first"}, {"size": 0.5, "take": "last"}, "none"])
def test_a_round_trip_through_a_document_is_the_identity(
    member: Any, name: str, needs: dict[str, Any], validation: object
) -> None:
    fields = {"standardize": "global", "validation": validation, "limit": 9, "only_classes": [3, "cat"]}
    for document in ({"type": name, **needs, **fields}, {"type": name, **needs} if needs else name):
        spec = parse(Holder, {"data": document})
        assert isinstance(spec.data, member)
        assert parse(Holder, spec.model_dump()) == spec
        assert parse(Holder, spec.model_dump(exclude_none=True)) == spec


def test_every_field_has_its_help(member: Any) -> None:
    assert member.__doc__
    assert all(field.description for name, field in member.model_fields.items() if name != "type")


def test_nothing_heavy_is_imported_before_loading(table: Path, pictures: Path) -> None:
    program = """
import sys
from tuitrain.data import Data
from tuitrain.spec import members
needs = {"csv": {"path": sys.argv[1], "target": "kind"}, "image_folder": {"path": sys.argv[2]}}
for name, member in members(Data).items():
    spec = member(**needs.get(name, {}))
    spec.facts(), spec.problems(), spec.where(), spec.training_size(1000)
print(sorted({"torch", "torchvision", "sklearn", "numpy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program, table, pictures], capture_output=True, text=True, check=True)
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
