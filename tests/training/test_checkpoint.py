import os

import pytest
import torch

from tuitrain.errors import Refused
from tuitrain.training import checkpoint
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
    torch.save({"format": 99}, tmp_path / "last.pt")
    with pytest.raises(Refused, match="this version"):
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
