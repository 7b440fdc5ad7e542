import contextlib
import errno
import os
import random

import pytest
import torch

from tuitrain.errors import Refused
from tuitrain.runs import commands as c
from tuitrain.runs.events import LogEmitted, RunContinued, RunPaused
from tuitrain.training import checkpoint
from tuitrain.training.control import Control
from tuitrain.training.prepare import prepare
from tuitrain.training.trainer import Trainer


class Planted:
    def __reduce__(self):
        return os.mkdir, ("planted",)


def test_a_checkpoint_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"format": 1, "step": Planted()}, tmp_path / "last.pt")
    with pytest.raises(Refused, match="damaged, or no checkpoint"):
        checkpoint.load(tmp_path / "last.pt")
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text", bytes(1000)])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "last.pt").write_bytes(content)
    with pytest.raises(Refused, match=r"last\.pt: is damaged"):
        checkpoint.load(tmp_path / "last.pt")


def test_a_missing_or_foreign_checkpoint_is_refused(tmp_path, spirals):
    trainer = Trainer(prepare(spirals(), "cpu"))
    with pytest.raises(Refused, match="cannot be read"):
        trainer.restore(tmp_path / "last.pt")
    checkpoint.save(tmp_path / "last.pt", {"model": {"0.weight": torch.zeros(1)}})
    with pytest.raises(Refused, match="does not fit"):
        trainer.restore(tmp_path / "last.pt")


def test_a_failed_save_leaves_the_old_checkpoint_and_nothing_else(tmp_path):
    checkpoint.save(tmp_path / "last.pt", {"step": 1})
    with pytest.raises(AttributeError):
        checkpoint.save(tmp_path / "last.pt", {"step": lambda: 2})
    assert checkpoint.load(tmp_path / "last.pt")["step"] == 1
    assert os.listdir(tmp_path) == ["last.pt"]


@pytest.mark.parametrize(("found", "age"), [(2, "an older"), (99, "a newer")])
def test_another_format_is_told_from_another_network_and_from_damage(tmp_path, spirals, found, age):
    torch.save({"format": found, "model": {}}, tmp_path / "last.pt")
    with pytest.raises(Refused) as refused:
        Trainer(prepare(spirals(), "cpu")).restore(tmp_path / "last.pt")
    assert f"written by {age} version of tuitrain (checkpoint format {found}, this one reads" in str(refused.value)
    assert "run.json" in str(refused.value) and "damaged" not in str(refused.value)


@pytest.fixture(scope="module")
def written(spirals, tmp_path_factory):
    """A checkpoint of a real training, and the one before it."""
    directory = tmp_path_factory.mktemp("checkpoints")
    control = Control()
    control.send(c.Step(7))
    for event in Trainer(prepare(spirals(optimizer="adam"), "cpu"), directory).run(control):
        if isinstance(event, RunPaused):
            control.send(c.Resume())
    assert sorted(os.listdir(directory)) == ["last.pt", "previous.pt"]
    return directory


def copied(written, directory):
    for name in ("last.pt", "previous.pt"):
        (directory / name).write_bytes((written / name).read_bytes())
    return directory / "last.pt"


def test_torch_reads_a_checkpoint_too(written):
    model = torch.load(written / "last.pt", weights_only=True)["model"]
    assert all(torch.equal(one, model[name]) for name, one in checkpoint.load(written / "last.pt")["model"].items())


def test_the_generation_before_the_last_is_kept(written):
    assert checkpoint.load(written / "last.pt")["step"] == 33
    assert checkpoint.load(written / "previous.pt")["step"] == 7


def test_every_flipped_bit_is_found(written, tmp_path):
    """A few anywhere, and one in each byte of the checksum and of the archive's end before it."""
    whole = (written / "last.pt").read_bytes()
    source, path = random.Random(0), tmp_path / "last.pt"
    places = [[source.randrange(8 * len(whole)) for _ in range(1 + turn % 3)] for turn in range(120)]
    places += [[8 * (len(whole) - 1 - back) + source.randrange(8)] for back in range(100)]
    for bits in places:
        damaged = bytearray(whole)
        for bit in set(bits):
            damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(checkpoint.Damaged, match="damaged"):
            checkpoint.load(path)


@pytest.mark.parametrize("keep", [0, 1, 100, -1, -31, -61, -63, -64, -100])
def test_a_file_that_was_cut_off_is_found(written, tmp_path, keep):
    (tmp_path / "last.pt").write_bytes((written / "last.pt").read_bytes()[:keep])
    with pytest.raises(checkpoint.Damaged, match="damaged"):
        checkpoint.load(tmp_path / "last.pt")


@pytest.mark.parametrize("remove", [True, False], ids=["missing", "damaged"])
def test_a_run_goes_on_from_the_generation_before_a_damaged_one_and_says_so(written, spirals, tmp_path, remove):
    last = copied(written, tmp_path)
    if remove:
        last.unlink()
    else:
        last.write_bytes(last.read_bytes()[:-1000])
    trainer = Trainer(prepare(spirals(optimizer="adam"), "cpu"), tmp_path)
    trainer.restore(last)
    events = list(trainer.run(Control()))
    (told,) = [event for event in events if isinstance(event, LogEmitted)]
    assert told.level == "warning"
    assert str(last) in told.text and told.text.endswith("The one before it, previous.pt, is taken instead.")
    assert [event.from_step for event in events if isinstance(event, RunContinued)] == [7]
    assert checkpoint.load(last)["step"] == 33
    assert checkpoint.load(tmp_path / "previous.pt")["step"] == 7  # a damaged one replaces no good one
    whole, again = checkpoint.load(written / "last.pt")["model"], checkpoint.load(last)["model"]
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_where_both_generations_are_damaged_the_newest_is_named(written, spirals, tmp_path):
    last = copied(written, tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Refused, match=r"last\.pt: is damaged"):
        Trainer(prepare(spirals(optimizer="adam"), "cpu")).restore(last)


@pytest.mark.parametrize("call", ["link", "replace", "rename", "fsync", "unlink"])
@pytest.mark.parametrize("number", range(4))
def test_wherever_saving_stops_there_is_a_whole_generation(written, tmp_path, monkeypatch, call, number):
    """As if the process were killed at that call: nothing that it would have cleaned up is."""
    last = copied(written, tmp_path)

    class Killed(BaseException):
        pass

    real, calls = getattr(os, call), 0

    def killed_at(*arguments, **options):
        nonlocal calls
        calls += 1
        if calls > number:
            raise Killed
        return real(*arguments, **options)

    monkeypatch.setattr(os, call, killed_at)
    with contextlib.suppress(Killed):
        checkpoint.save(last, {"step": 50}, tmp_path / "previous.pt")
    monkeypatch.undo()
    assert checkpoint.load_last(last).state["step"] in (7, 33, 50)
    checkpoint.save(last, {"step": 60}, tmp_path / "previous.pt")
    assert checkpoint.load_last(last).state["step"] == 60
    assert sorted(os.listdir(tmp_path)) == ["last.pt", "previous.pt"]


def test_without_hard_links_a_generation_is_kept_all_the_same(written, tmp_path, monkeypatch):
    last = copied(written, tmp_path)

    def link(*arguments):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    checkpoint.save(last, {"step": 50}, tmp_path / "previous.pt")
    assert [checkpoint.load(tmp_path / name)["step"] for name in ("last.pt", "previous.pt")] == [50, 33]


@pytest.mark.parametrize("planted", ["last.pt", ".last.pt.part", "previous.pt", ".previous.pt.part"])
def test_no_link_is_followed(written, tmp_path, planted):
    directory, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    directory.mkdir()
    elsewhere.write_bytes((written / "last.pt").read_bytes())
    before = elsewhere.read_bytes()
    last = copied(written, directory)
    (directory / planted).unlink(missing_ok=True)
    (directory / planted).symlink_to(elsewhere)
    if planted == "last.pt":
        with pytest.raises(Refused, match="cannot be read"):
            checkpoint.load(last)
    checkpoint.save(last, {"step": 50}, directory / "previous.pt")
    assert elsewhere.read_bytes() == before
    assert checkpoint.load(last)["step"] == 50
