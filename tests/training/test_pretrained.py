"""A pretrained backbone in training: frozen with all that it holds, then trained; and weights that are not there."""

import pytest
import torch
from torchvision.models import get_model

from tuitrain.errors import Refused
from tuitrain.experiment import toml
from tuitrain.experiment.document import to_experiment
from tuitrain.model.pretrained import Pretrained
from tuitrain.runs import events as e
from tuitrain.training.control import Control
from tuitrain.training.prepare import prepare
from tuitrain.training.process import begin
from tuitrain.training.run import take_up
from tuitrain.training.trainer import Trainer

from ..narrow import of_type, present

BACKBONE = {"type": "pretrained", "backbone": "mobilenet_v3_small", "size": 32}


@pytest.fixture
def experiment():
    def make(**changes):
        return to_experiment(
            {
                "epochs": 2,
                "batch_size": 8,
                "threads": 1,
                "data": {"type": "digits", "standardize": "scale", "limit": 24},
                "model": {"layers": [{**BACKBONE, **changes.pop("backbone", {})}]},
                "optimizer": {"type": "adam", "lr": 0.01},
                **changes,
            }
        )

    return make


def test_a_frozen_backbone_keeps_weights_and_statistics_and_learns_once_it_is_free(experiment):
    prepared = prepare(experiment(freeze={"epochs": 1}, observe={"every": 1}), "cpu")
    backbone = prepared.network.layers[0].modules[0]
    drawn = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}

    def changed():
        return {name for name, tensor in backbone.state_dict().items() if not torch.equal(tensor, drawn[name])}

    epochs, norms = [], []
    for event in Trainer(prepared).run(Control()):
        match event:
            case e.LayersFrozen() | e.LayersUnfrozen():
                assert event.layers == ("pretrained_1",)
            case e.EpochCompleted():
                epochs.append(changed())
            case e.LayersObserved():
                norms.append(event.gradient_norm[0])
    assert epochs == [set(), drawn.keys()]
    assert norms[:3] == [None] * 3 and all(present(norm) > 0 for norm in norms[3:]) and len(norms) == 6


def test_two_runs_of_one_seed_are_equal_also_where_blocks_are_skipped_at_random(experiment):
    def trained():
        prepared = prepare(experiment(epochs=1, backbone={"backbone": "efficientnet_b0"}), "cpu")
        list(Trainer(prepared).run(Control()))
        return prepared.network.module.state_dict()

    first, again = trained(), trained()
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_weights_that_are_not_there_are_refused_when_training_is_prepared(experiment, tmp_path):
    with pytest.raises(Refused, match=r"^model\.layers\[0\]\.weights \(layer 1\): there is no file .*absent\.pth"):
        prepare(experiment(backbone={"weights": str(tmp_path / "absent.pth")}), "cpu", tmp_path)


def test_a_run_goes_on_and_is_taken_over_from_anywhere_without_the_file_it_began_with(
    experiment, tmp_path, monkeypatch
):
    torch.save(get_model(BACKBONE["backbone"], weights=None).state_dict(), tmp_path / "weights.pth")
    monkeypatch.chdir(tmp_path)
    begun = experiment(epochs=1, backbone={"weights": "weights.pth"})
    directory, hosted = begin(prepare(begun, "cpu", tmp_path / "runs"), tmp_path / "runs")
    for _ in hosted:
        pass
    frozen = to_experiment(toml.read(directory.experiment))
    assert of_type(Pretrained, frozen.model.layers[0]).weights == str(tmp_path / "weights.pth")
    (tmp_path / "weights.pth").unlink()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    kept = torch.load(directory.checkpoints / "last.pt", weights_only=True)["model"]
    resumed = take_up(directory, "cpu").prepared
    target = prepare(experiment(transfer={"source": str(directory.path)}), "cpu", tmp_path / "runs")
    for prepared in (resumed, target):
        own = prepared.network.layers[0].modules[0].state_dict()
        assert all(torch.equal(tensor, kept[f"0.{name}"]) for name, tensor in own.items())


def test_a_refused_run_is_one_sentence_and_leaves_nothing_behind(tuitrain):
    sets = ("data.standardize=scale", "model.layers.0.type=pretrained", "model.layers.0.weights=absent.pth")
    done = tuitrain("run", "digits-mlp", *(word for one in sets for word in ("--set", one)))
    assert done.returncode == 2
    assert "model.layers[0].weights (layer 1): there is no file" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tuitrain.runs.glob("*"))
