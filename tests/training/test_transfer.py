"""Beginning with the weights of another run: which run, which layers, and what does not fit."""

import subprocess
import sys

import pytest
import torch

from tuitrain.errors import Refused
from tuitrain.experiment import toml
from tuitrain.experiment.document import to_document
from tuitrain.runs.directory import list_runs
from tuitrain.runs.files import read_json
from tuitrain.training.prepare import prepare
from tuitrain.training.process import begin
from tuitrain.training.transfer import Untrained, find_checkpoint


@pytest.fixture
def source(spirals, tmp_path):
    """A file with an experiment of three layers."""
    path = tmp_path / "source.toml"
    path.write_text(toml.dumps(to_document(spirals(epochs=1, name="source"))))
    return path


def run(experiment, runs, **changes):
    """Train it to its end, as ``tuitrain run`` does."""
    directory, hosted = begin(prepare(experiment.model_copy(update=changes), "cpu", runs), runs)
    for _ in hosted:
        pass
    return directory


def weights(prepared):
    return prepared.network.module.state_dict()


def transferred(spirals, source, keep="all_but_last", **changes):
    return spirals(transfer={"source": str(source), "keep": keep}, seed=5, **changes)


@pytest.mark.parametrize(("keep", "same"), [("all_but_last", 2), (1, 1), (2, 2), (3, 3)])
def test_the_first_layers_have_the_weights_of_the_source(spirals, source, tmp_path, keep, same):
    trained = run(spirals(epochs=1, name="source"), tmp_path / "runs")
    there = torch.load(trained.checkpoints / "last.pt", weights_only=True)["model"]
    here = weights(prepare(transferred(spirals, source, keep), "cpu", tmp_path / "runs"))
    drawn = weights(prepare(transferred(spirals, source, keep), "cpu"))
    for number, layer in enumerate((0, 3, 5)):
        name = f"{layer}.weight"
        assert torch.equal(here[name], there[name] if number < same else drawn[name])
        assert not torch.equal(drawn[name], there[name])


def test_a_source_that_was_not_trained_to_its_end_is_to_be_trained_first(spirals, source, tmp_path):
    runs = tmp_path / "runs"
    run(spirals(epochs=1, name="other", seed=3), runs)
    with pytest.raises(Untrained, match=r"transfer\.source: .*source\.toml has not been trained to its end") as missing:
        prepare(transferred(spirals, source), "cpu", runs)
    assert missing.value.experiment == spirals(epochs=1, name="source")
    wanted = run(missing.value.experiment, runs, threads=2)
    assert find_checkpoint(str(source), runs) == wanted.checkpoints / "last.pt"


def test_a_run_whose_layers_have_the_defaults_written_out_is_found(spirals, tmp_path):
    experiment = spirals(epochs=1, name="source", model={"defaults": {"init": "he_normal"}, "layers": ["dense"]})
    source = tmp_path / "source.toml"
    source.write_text(toml.dumps(to_document(experiment)))
    trained = run(experiment, tmp_path / "runs")
    document = toml.read(trained.experiment)
    assert document["model"].pop("defaults") == {"init": "he_normal"}
    trained.experiment.write_text(toml.dumps(document))
    assert find_checkpoint(str(source), tmp_path / "runs") == trained.checkpoints / "last.pt"


def test_a_run_is_found_by_its_name_and_its_best_weights_are_taken(spirals, tmp_path):
    trained = run(spirals(epochs=2, callbacks=["checkpoint"]), tmp_path)
    assert find_checkpoint(trained.name, tmp_path) == trained.checkpoints / "best.pt"


@pytest.mark.parametrize(
    ("layers", "keep", "message"),
    [
        ([{"type": "dense", "units": 9}], 1, r"dense_1 of .* does not fit: its weight is 8×2, here it is 9×2"),
        ([{"type": "batch_norm"}], 1, r"dense_1 of .* does not fit: here stands batch_norm_1"),
        (
            [{"type": "dense", "units": 8, "bias": False}],
            1,
            r"dense_1 of .* does not fit: its bias is missing here$",
        ),
        (
            [{"type": "dense", "units": 8, "activation": "prelu"}],
            1,
            r"dense_1 of .* does not fit: it has no activation's weight, as dense_1 here has$",
        ),
        ([], 50, r"^transfer\.keep: is 50, and .*last\.pt has 3 layers with weights; at most 3, or all_but_last$"),
        ([{"type": "dense", "units": 8}], 3, r"transfer\.keep: 3 layers .* taken over, and the network has 2"),
    ],
)
def test_a_layer_that_does_not_fit_is_named(spirals, source, tmp_path, layers, keep, message):
    run(spirals(epochs=1, name="source"), tmp_path / "runs")
    with pytest.raises(Refused, match=message):
        prepare(transferred(spirals, source, keep, model={"layers": layers}), "cpu", tmp_path / "runs")


def test_a_source_of_one_layer_has_none_but_the_last(spirals, tmp_path):
    trained = run(spirals(epochs=1, model={"layers": []}), tmp_path)
    target = spirals(transfer={"source": trained.name}, model={"layers": []})
    message = r"^transfer\.keep: all_but_last takes nothing over, for .*last\.pt has 1 layer with weights; set it to 1$"
    with pytest.raises(Refused, match=message):
        prepare(target, "cpu", tmp_path)


@pytest.mark.parametrize("text", ["", "no-such-preset", "missing.toml"])
def test_a_source_that_is_not_there_is_refused(spirals, tmp_path, text):
    with pytest.raises(Refused, match=r"^transfer\.source: "):
        prepare(spirals(transfer={"source": text}), "cpu", tmp_path)


def test_a_headless_run_trains_its_source_first(spirals, source, tmp_path):
    path = tmp_path / "target.toml"
    path.write_text(toml.dumps(to_document(transferred(spirals, source, name="target", epochs=1))))
    command = [sys.executable, "-m", "tuitrain.cli", "run", str(path), "--plain", "--runs-dir", str(tmp_path / "runs")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "is trained first" in done.stderr
    runs = list_runs(tmp_path / "runs")
    assert [directory.name.split("-", 2)[2] for directory in runs] == ["target", "source"]
    assert {read_json(directory.summary)["status"] for directory in runs} == {"finished"}
    assert find_checkpoint(str(source), tmp_path / "runs") == runs[1].checkpoints / "last.pt"
