import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tuitrain.data.split import HeldOut, OwnTestSet
from tuitrain.data.vision import Cifar10, Cifar100, FashionMnist, Mnist
from tuitrain.errors import Refused

from ..narrow import of_type

WriteSet = Callable[..., Path]


@pytest.fixture
def raw(tmp_path: Path, cache: Path, write_set: WriteSet, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a tiny MNIST that is found."""
    monkeypatch.setenv("TUITRAIN_DATA", str(tmp_path))
    return write_set(tmp_path / "MNIST" / "raw")


@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize("spec", [Mnist(standardize="scale"), FashionMnist(standardize="scale")])
def test_the_real_images_are_what_torchvision_reads(spec: Mnist | FashionMnist) -> None:
    from torchvision import datasets

    found = spec.where()
    assert found is not None
    loaded = spec.model_copy(update={"validation": OwnTestSet()}).load(0)
    assert loaded.validation_x is not None
    images = of_type(Tensor, loaded.train_x)
    assert images.min() == 0
    assert images.max() == 1
    assert loaded.train_y.bincount().min() > len(loaded.train_y) / 20
    assert len(loaded.train_x) == loaded.facts.train
    assert len(loaded.validation_x) == loaded.facts.test
    names = getattr(datasets, spec.source.torchvision).classes
    assert all(ours in theirs for ours, theirs in zip(spec.class_names, names, strict=True))


@pytest.mark.usefixtures("real_data")
def test_fashion_mnist_as_the_lesson_has_it() -> None:
    loaded = FashionMnist(standardize="per_pixel", validation=HeldOut(size=5000, take="first")).load(0)
    images = of_type(Tensor, loaded.train_x)
    assert images.shape == (55000, 1, 28, 28)
    assert images.mean((0, 1), dtype=torch.float64).abs().max() < 1e-4
    assert loaded.validation_y is not None
    assert loaded.validation_y[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]


@pytest.mark.usefixtures("real_data")
def test_a_part_larger_than_the_real_files_is_refused() -> None:
    with pytest.raises(Refused, match=r"^data\.validation\.size: holding out 60000 of \d+ "):
        Mnist(validation=HeldOut(size=60_000)).load(0)


def test_plain_and_gzipped_files_give_the_same_tensors(raw: Path, tmp_path: Path, write_set: WriteSet) -> None:
    plain = Mnist().load(0)
    for file in raw.iterdir():
        file.unlink()
    write_set(raw, ".gz")
    packed = Mnist().load(0)
    assert torch.equal(of_type(Tensor, plain.train_x), of_type(Tensor, packed.train_x))
    assert torch.equal(plain.train_y, packed.train_y)


@pytest.mark.usefixtures("raw")
def test_the_test_set_is_read_from_its_own_files() -> None:
    loaded = Mnist(validation=OwnTestSet()).load(0)
    assert loaded.validation_y is not None
    assert (len(loaded.train_y), len(loaded.validation_y)) == (30, 10)
    assert (loaded.facts.train, loaded.facts.test) == (30, 10)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("train-images-idx3-ubyte", torch.zeros(30, 14, 28), r"images of 14 x 28 pixels, not 28 x 28"),
        ("train-labels-idx1-ubyte", torch.zeros(29), r"29 labels for the 30 images of train-images-idx3-ubyte"),
        ("train-labels-idx1-ubyte", torch.full((30,), 10), r"has the label 10, the highest can be 9"),
    ],
)
def test_files_that_do_not_belong_together_are_refused_by_name(
    raw: Path, write: Callable[[Path, Tensor], None], name: str, content: Tensor, complaint: str
) -> None:
    write(raw / name, content)
    with pytest.raises(Refused, match=f"{raw / name}: {complaint}"):
        Mnist().load(0)


def test_a_truncated_file_is_refused_by_name(raw: Path) -> None:
    labels = raw / "train-labels-idx1-ubyte"
    labels.write_bytes(labels.read_bytes()[:-3])
    with pytest.raises(Refused, match=f"{labels}: is cut short"):
        Mnist().load(0)


@pytest.fixture(params=[Cifar10, Cifar100])
def cifar(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def batches(tmp_path: Path, cache: Path, cifar: Any, write_cifar: WriteSet, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a tiny CIFAR that is found."""
    monkeypatch.setenv("TUITRAIN_DATA", str(tmp_path))
    return write_cifar(tmp_path / cifar.source.folder, cifar)


def test_colour_images_are_what_torchvision_reads(
    cifar: Any, batches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision import datasets

    theirs = getattr(datasets, cifar.source.torchvision)
    assert theirs.base_folder == cifar.source.folder
    assert tuple(name for name, _ in (*theirs.train_list, *theirs.test_list)) == cifar.source.files

    def sums(listed: list[list[str]]) -> list[list[str]]:
        return [[name, hashlib.md5((batches / name).read_bytes()).hexdigest()] for name, _ in listed]

    monkeypatch.setattr(theirs, "train_list", sums(theirs.train_list))
    monkeypatch.setattr(theirs, "test_list", sums(theirs.test_list))
    ((_, meta),) = sums([[theirs.meta["filename"], ""]])
    monkeypatch.setitem(theirs.meta, "md5", meta)
    loaded = cifar(standardize="none", validation=OwnTestSet()).load(0)
    for train, x, y in ((True, loaded.train_x, loaded.train_y), (False, loaded.validation_x, loaded.validation_y)):
        expected = theirs(tmp_path, train=train)
        assert torch.equal(x.byte().permute(0, 2, 3, 1), torch.from_numpy(expected.data))
        assert y.tolist() == expected.targets
        assert tuple(expected.classes) == cifar.class_names


def test_a_batch_that_is_damaged_or_of_another_set_is_refused_by_name(cifar: Any, batches: Path) -> None:
    file = batches / cifar.source.files[0]
    stored = pickle.loads(file.read_bytes(), encoding="latin1")
    labels = stored[cifar.labels_key]
    for label in (len(cifar.class_names), -1):
        file.write_bytes(pickle.dumps({**stored, cifar.labels_key: [*labels[1:], label]}, protocol=2))
        with pytest.raises(Refused, match=f"{file}: has the label {label}, the highest can be"):
            cifar().load(0)
    file.write_bytes(b"<html>not found</html>")
    with pytest.raises(Refused, match=f"{file}: is cut short or damaged"):
        cifar().load(0)


def test_the_names_of_the_hundred_classes_are_in_order() -> None:
    assert len(set(Cifar100.class_names)) == 100
    assert list(Cifar100.class_names) == sorted(Cifar100.class_names)
