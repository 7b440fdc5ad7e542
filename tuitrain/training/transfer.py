"""Transfer: finds the run whose weights a network begins with, and takes them over layer by layer."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from tuitrain.errors import Refused, TuitrainError
from tuitrain.experiment import presets, toml
from tuitrain.experiment.document import to_document, to_experiment
from tuitrain.experiment.experiment import Experiment
from tuitrain.model.base import show_shape
from tuitrain.model.freezing import FirstLayers, first_layers
from tuitrain.model.network import BuiltLayer, Network, build
from tuitrain.runs.directory import RunDirectory, list_runs, resolve
from tuitrain.runs.files import read_json
from tuitrain.training import checkpoint
from tuitrain.training.saver import LAST

PLACE = "transfer.source"


class Untrained(Refused):
    """The source is an experiment that no finished run has trained; ``experiment`` is to be trained first."""

    def __init__(self, source: str, experiment: Experiment) -> None:
        self.source = source
        self.experiment = experiment
        name, _, variant = source.partition(":")
        command = f"tuitrain run {name}" + (f" --variant {variant}" if variant else "")
        super().__init__(f"{PLACE}: {source} has not been trained to its end yet; train it first: {command}")


def find_checkpoint(source: str, runs: Path) -> Path:
    """The checkpoint of ``source``: of the latest finished run of that experiment in ``runs``, or of that run.

    Raises:
        Untrained: if it is an experiment without a finished run.
        Refused: if there is no such preset, file or run, or the run has no checkpoint.
    """
    if not source:
        raise Refused(f"{PLACE}: is empty; name a preset, PRESET:VARIANT, a file or a run")
    name, _, variant = source.partition(":")
    try:
        if name in presets.names() or name.endswith(".toml"):
            experiment = presets.load(name, variant or None)
            run = _finished_run(experiment, runs)
            if run is None:
                raise Untrained(source, experiment)
        else:
            run = resolve(runs, source)
    except Untrained:
        raise
    except TuitrainError as error:
        raise Refused(f"{PLACE}: {error}") from None
    found = next((path for path in (run.checkpoints / "best.pt", run.checkpoints / LAST) if path.is_file()), None)
    if found is None:
        raise Refused(f"{PLACE}: the run {run.name} has no checkpoint; train it, or name another")
    return found


def _finished_run(experiment: Experiment, runs: Path) -> RunDirectory | None:
    wanted = to_document(experiment.completed(), complete=True)
    for run in list_runs(runs):
        try:
            if read_json(run.summary).get("status") == "finished" and toml.read(run.experiment) == wanted:
                return run
        except (OSError, ValueError, TuitrainError):
            continue
    return None


def take_over(network: Network, path: Path, keep: FirstLayers) -> tuple[str, ...]:
    """Copy the weights of the first layers from a checkpoint; the names of the layers that have them now.

    Raises:
        Refused: if it is no checkpoint, or a layer of it does not fit, which is said.
    """
    state = checkpoint.load(path)
    try:
        experiment = to_experiment(state["experiment"])
        source = build(experiment.plan(), experiment.seed)
        source.module.load_state_dict(state["model"])
    except (TuitrainError, RuntimeError, ValueError, KeyError) as error:
        raise Refused(f"{PLACE}: {path} cannot be used: {error}") from None
    chosen = {layer.name for layer in first_layers(keep, tuple(layer.planned for layer in source.layers))}
    theirs = [layer for layer in source.layers if layer.planned.name in chosen]
    ours = [layer for layer in network.layers if layer.planned.parameters]
    if len(theirs) > len(ours):
        raise Refused(
            f"transfer.keep: {len(theirs)} layers with weights are to be taken over, and the network has {len(ours)}"
        )
    for old, new in zip(theirs, ours, strict=False):
        _copy(old, new, path)
    return tuple(new.planned.name for _, new in zip(theirs, ours, strict=False))


def _copy(old: BuiltLayer, new: BuiltLayer, path: Path) -> None:
    had, has = _tensors(old), _tensors(new)
    if old.planned.type != new.planned.type or had.keys() != has.keys():
        raise Refused(f"{PLACE}: {old.planned.name} of {path} does not fit: here stands {new.planned.name}")
    for name, tensor in has.items():
        if had[name].shape != tensor.shape:
            raise Refused(
                f"{PLACE}: {old.planned.name} of {path} does not fit: its {name.rpartition('.')[2]} is "
                f"{show_shape(tuple(had[name].shape))}, here it is {show_shape(tuple(tensor.shape))}"
            )
        tensor.copy_(had[name])


def _tensors(layer: BuiltLayer) -> dict[str, Tensor]:
    """Weights and statistics of a layer by the number of their module and their name."""
    return {
        f"{number}.{name}": tensor
        for number, module in enumerate(layer.modules)
        for name, tensor in module.state_dict().items()
    }
