import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from tuitrain.data import folder as folder_module
from tuitrain.data.folder import ImageFolder, available_memory
from tuitrain.data.images import ImageFiles, ImageStream
from tuitrain.data.standardize import fit
from tuitrain.errors import Refused
from tuitrain.spec import Invalid, parse

from ..narrow import of_type, present

WriteImages = Callable[..., Path]
COUNTS = {"cats": 12, "dogs": 6, "emus": 3}


@pytest.fixture
def pets(tmp_path: Path, write_images: WriteImages) -> Path:
    return write_images(tmp_path / "pets", COUNTS)


def spec(path: Path, **fields: Any) -> ImageFolder:
    return parse(
        ImageFolder, {"path": str(path), "size": [16, 12], "standardize": "none", "validation": "none", **fields}
    )


def paths_of(folder: Path) -> tuple[str, ...]:
    return of_type(ImageFiles, spec(folder).read(0).x).paths


def decoded(path: Path, size: tuple[int, int], channels: int = 3) -> Tensor:
    return torch.from_numpy(ImageFiles((str(path),), (channels, *size)).decode(0).copy())


def damage(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:200])
    return path


def test_the_folders_say_what_the_classes_are(pets: Path) -> None:
    (pets / ".cache").mkdir()
    (pets / "notes.txt").touch()
    (pets / "cats" / "notes.txt").touch()
    facts = spec(pets).facts()
    assert (facts.shape, facts.classes, facts.class_names) == ((3, 16, 12), 3, ("cats", "dogs", "emus"))
    assert (facts.train, facts.test) == (21, None)
    assert spec(pets, only_classes=["emus", "cats"]).facts().train == 15


def test_facts_follow_the_folders(pets: Path, write_images: WriteImages) -> None:
    assert spec(pets).facts().train == 21
    write_images(pets, {"cats": 14, "gnus": 1})
    assert spec(pets).facts().train == 24
    assert spec(pets).facts().class_names == ("cats", "dogs", "emus", "gnus")


def test_facts_open_no_image_and_import_nothing_heavy(pets: Path) -> None:
    program = """
import sys
from tuitrain.data.folder import ImageFolder
spec = ImageFolder(path=sys.argv[1])
print(spec.facts().train, spec.problems(), sorted({"torch", "torchvision", "numpy", "PIL"} & set(sys.modules)))
"""
    for file in pets.glob("*/*"):
        file.chmod(0)
    done = subprocess.run([sys.executable, "-c", program, str(pets)], capture_output=True, text=True, check=True)
    assert done.stdout == "21 () []\n"


def test_any_beginning_has_a_fair_share_of_every_class(pets: Path) -> None:
    labels = spec(pets).read(0).y
    assert labels.bincount().tolist() == list(COUNTS.values())
    assert labels[:7].bincount().tolist() == [4, 2, 1]
    assert labels[-7:].bincount().tolist() == [4, 2, 1]


def test_every_image_has_the_label_of_its_folder(pets: Path) -> None:
    loaded = spec(pets, limit=9).load(0)
    names = [Path(path) for path in paths_of(pets)]
    for image, label, path in zip(of_type(Tensor, loaded.train_x), loaded.train_y, names[:9], strict=True):
        assert path.parent.name == ("cats", "dogs", "emus")[label]
        assert torch.equal(image, decoded(path, (16, 12)).float())


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        *((suffix, mode) for suffix in (".png", ".bmp", ".webp") for mode in ("L", "RGB", "RGBA", "P")),
        *((suffix, mode) for suffix in (".jpg", ".JPEG") for mode in ("L", "RGB", "CMYK")),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_formats_and_modes(tmp_path: Path, suffix: str, mode: str, channels: int) -> None:
    ramp = np.add.outer(np.arange(30), np.arange(20)) * 5
    image = Image.fromarray(ramp.astype(np.uint8)).convert(mode)
    image.save(tmp_path / f"image{suffix}", lossless=True)
    found = decoded(tmp_path / f"image{suffix}", (30, 20), channels)
    assert found.shape == (channels, 30, 20)
    assert (found - torch.from_numpy(ramp)).abs().max() <= (8 if suffix in (".jpg", ".JPEG") or mode == "P" else 2)


def test_the_shorter_side_fits_and_the_middle_of_the_longer_is_kept(tmp_path: Path) -> None:
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 19:41] = (255, 128, 0)  # and a little more, which the filter of the edges sees
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    found = decoded(tmp_path / "wide.png", (10, 10))
    assert torch.equal(found, torch.tensor([255, 128, 0], dtype=torch.uint8)[:, None, None].expand(3, 10, 10))


def test_a_large_jpeg_is_what_its_whole_is(tmp_path: Path) -> None:
    x = np.linspace(0, 6, 800)
    waves = 127 + 60 * np.sin(x) + 60 * np.sin(2 * x[:, None])
    Image.fromarray(waves.astype(np.uint8)).save(tmp_path / "large.jpg", quality=95)
    with Image.open(tmp_path / "large.jpg") as image:
        whole = np.asarray(image.resize((20, 20), Image.Resampling.BILINEAR)).astype(int)
    assert (decoded(tmp_path / "large.jpg", (20, 20), 1)[0] - torch.from_numpy(whole)).abs().max() <= 3


def test_a_photo_that_was_turned_stands_upright(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8), np.uint8)
    pixels[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    assert torch.equal(decoded(tmp_path / "turned.png", (8, 8), 1)[0], torch.from_numpy(np.rot90(pixels, -1).copy()))


@pytest.mark.parametrize("how", ["none", "scale", "global", "per_pixel"])
def test_figures_are_those_of_the_training_part(pets: Path, how: Any) -> None:
    held_out = {"size": 5, "take": "first"}
    raw, loaded = (spec(pets, standardize=one, validation=held_out).load(0) for one in ("none", how))
    before, before_held_out = (of_type(Tensor, x) for x in (raw.train_x, raw.validation_x))
    after, after_held_out = (of_type(Tensor, x) for x in (loaded.train_x, loaded.validation_x))
    by = fit(how, before.double(), (0.0, 255.0))
    assert torch.allclose(after, by(before.double()).float(), atol=1e-5)
    assert torch.allclose(after_held_out, by(before_held_out.double()).float(), atol=1e-5)
    assert after.dtype == torch.float32


def test_a_test_set_lies_beside_the_training_set(tmp_path: Path, write_images: WriteImages) -> None:
    write_images(tmp_path / "train", COUNTS)
    write_images(tmp_path / "val", {"cats": 2, "emus": 3}, seed=1)
    facts = spec(tmp_path, validation="test").facts()
    assert (facts.class_names, facts.train, facts.test) == (("cats", "dogs", "emus"), 21, 5)
    loaded = spec(tmp_path, validation="test").load(0)
    assert (len(loaded.train_y), present(loaded.validation_y).bincount().tolist()) == (21, [2, 0, 3])
    assert spec(tmp_path, validation={"size": 4}).load(0).facts.train == 21


@pytest.mark.parametrize("stream", [False, True])
def test_a_corrupt_image_is_named_skipped_and_counted(pets: Path, stream: bool) -> None:
    sound = spec(pets, validation={"size": 6, "take": "last"}, standardize="none").load(0)
    paths = paths_of(pets)
    damaged = [damage(Path(paths[index])) for index in (3, 19)]
    Path(paths[7]).write_text("no image at all")
    loaded = spec(pets, validation={"size": 6, "take": "last"}, stream=stream).load(0)
    kept = [index for index in range(15) if index not in (3, 7)]
    assert torch.equal(loaded.train_y, sound.train_y[kept])
    assert len(loaded.train_x) == len(kept)
    assert loaded.validation_x is not None and loaded.validation_y is not None
    assert len(loaded.validation_x) == len(loaded.validation_y) == 5
    if not stream:
        assert torch.equal(of_type(Tensor, loaded.train_x), of_type(Tensor, sound.train_x)[kept])
    assert all(any(str(path) in note for note in loaded.notes) for path in damaged)
    assert f"skipped, for it cannot be read: {paths[7]}: holds no image" in loaded.notes
    assert loaded.notes[-1] == "3 of 21 images were skipped"


def test_only_some_of_many_corrupt_images_are_named(pets: Path) -> None:
    for path in (pets / "cats").iterdir():
        damage(path)
    notes = spec(pets).load(0).notes
    assert sum(note.startswith("skipped, for it cannot be read") for note in notes) == folder_module.SHOWN
    assert notes[-1] == "12 of 21 images were skipped, 2 more than are named"


def test_nothing_but_corrupt_images_is_refused(pets: Path) -> None:
    for path in pets.glob("*/*"):
        damage(path)
    with pytest.raises(Refused, match=rf"^data\.path: none of the 21 images can be read, such as {pets}/"):
        spec(pets).load(0)


def test_whether_a_folder_is_streamed(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(spec(pets, stream=True).load(0).train_x, ImageStream)
    needed = 4 * 21 * 3 * 16 * 12
    for free, streamed in ((2 * needed, False), (2 * needed - 1, True)):
        monkeypatch.setattr(folder_module, "available_memory", lambda free=free: free)
        loaded = spec(pets, validation={"size": 6}).load(0)
        assert isinstance(loaded.train_x, ImageStream) is streamed
        assert isinstance(loaded.validation_x, ImageStream) is streamed
        assert isinstance(spec(pets, stream=False).load(0).train_x, Tensor)


def test_the_memory_of_this_machine() -> None:
    assert 1 << 20 < available_memory() < 1 << 50


def test_a_missing_folder(tmp_path: Path) -> None:
    missing = spec(tmp_path / "nothing")
    assert missing.where() is None
    assert missing.facts().shape is None
    with pytest.raises(Invalid, match=rf"^data\.path: {tmp_path}/nothing cannot be read \(No such file"):
        missing.load(0)


def test_a_path_that_no_folder_can_have() -> None:
    nowhere = spec(Path("a\0b"))
    assert nowhere.where() is None
    (problem,) = nowhere.problems()
    assert str(problem) == r"data.path: 'a\x00b' cannot be read (embedded null byte)"


def test_folders_that_hold_no_classes(tmp_path: Path, write_images: WriteImages) -> None:
    for counts, complaint in (
        ({}, "has no folders: it needs a folder of images for each of at least two classes"),
        ({"cats": 2}, "has one folder only, 'cats': it needs"),
    ):
        (problem,) = spec(write_images(tmp_path, counts)).problems()
        assert str(problem).startswith(f"data.path: {tmp_path} {complaint}")


def test_an_empty_class_folder_is_refused_by_name(pets: Path) -> None:
    (pets / "dodos").mkdir()
    (pets / "dodos" / "readme.txt").touch()
    with pytest.raises(Invalid, match=rf"^data\.path: the class folder {pets}/dodos has no images \(\.bmp"):
        spec(pets).load(0)


def test_a_test_set_with_a_class_that_is_not_trained(tmp_path: Path, write_images: WriteImages) -> None:
    write_images(tmp_path / "train", COUNTS)
    write_images(tmp_path / "test", {"cats": 2, "gnus": 3})
    (problem,) = spec(tmp_path).problems()
    assert str(problem) == f"data.path: {tmp_path}/test has a class 'gnus' that {tmp_path}/train has not"


def test_a_test_set_that_is_not_there(pets: Path) -> None:
    (problem,) = spec(pets, validation="test").problems()
    assert str(problem).startswith(f"data.validation: {pets} has no test set: folders train and test")


@pytest.mark.parametrize("field", [{"channels": 2}, {"size": [0, 4]}, {"size": [4]}, {"stream": "yes"}])
def test_limits(pets: Path, field: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match=rf"^{next(iter(field))}"):
        spec(pets, **field)
