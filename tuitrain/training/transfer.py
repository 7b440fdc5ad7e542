"""Transfer: finds the run whose weights a network begins with, and takes them over layer by layer."""

import contextlib
from pathlib import Path

from torch import Tensor

from tuitrain.errors import Refused, TuitrainError
from tuitrain.experiment import presets, toml
from tuitrain.experiment.document import to_experiment
from tuitrain.experiment.experiment import Experiment
from tuitrain.model.base import show_shape
from tuitrain.model.freezing import FirstLayers, first_layers
from tuitrain.model.network import BuiltLayer, Network, build
from tuitrain.runs.directory import LAST, PREVIOUS, RunDirectory, list_runs, resolve
from tuitrain.runs.files import read_json
from tuitrain.training import checkpoint
from tuitrain.training.checkpoint import Loaded

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
        is_experiment = name in presets.names() or name.endswith(".toml")
        experiment = presets.load(name, variant or None) if is_experiment else None
        run = _finished_run(experiment, runs) if experiment else resolve(runs, source)
    except TuitrainError as error:
        raise Refused(f"{PLACE}: {error}") from None
    if experiment and run is None:
        raise Untrained(source, experiment)
    assert run is not None
    names = ("best.pt", LAST, PREVIOUS)
    found = next((run.checkpoints / name for name in names if (run.checkpoints / name).is_file()), None)
    if found is None:
        raise Refused(f"{PLACE}: the run {run.name} has no checkpoint; train it, or name another")
    return found


def _finished_run(experiment: Experiment, runs: Path) -> RunDirectory | None:
    """The latest; on how many threads it was trained does not matter."""
    wanted = _on_any_threads(experiment)
    for run in list_runs(runs):
        try:
            if read_json(run.summary).get("status") != "finished":
                continue
            if _on_any_threads(to_experiment(toml.read(run.experiment))).trains_as(wanted):
                return run
        except (OSError, ValueError, TuitrainError):  # not over, or damaged, or of another version
            continue
    return None


def _on_any_threads(experiment: Experiment) -> Experiment:
    return experiment.model_copy(update={"threads": "auto"})


def load_source(path: Path) -> Loaded:
    """What is in a checkpoint or, where that is damaged, in the next best of its run. Raises Refused."""
    try:
        return Loaded(path, checkpoint.load(path))
    except checkpoint.Damaged as error:
        for name in (LAST, PREVIOUS):
            with contextlib.suppress(Refused):
                state = checkpoint.load(path.with_name(name))
                return Loaded(path.with_name(name), state, f"{error} {name} is taken instead.")
        raise


def take_over(network: Network, loaded: Loaded, keep: FirstLayers) -> tuple[str, ...]:
    """Copy the weights of the first layers from a checkpoint; the names of the layers that have them now.

    Raises:
        Refused: if a layer of it does not fit, which is said.
    """
    state, path = loaded.state, loaded.path
    try:
        experiment = to_experiment(state["experiment"])
        source = build(experiment.plan(), experiment.seed, restored=True)
        source.module.load_state_dict(state["model"])
    except (TuitrainError, RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{PLACE}: {path} cannot be used: {error}") from None
    chosen = _chosen(keep, source, path)
    theirs = [layer for layer in source.layers if layer.planned.name in chosen]
    ours = [layer for layer in network.layers if layer.planned.parameters]
    if len(theirs) > len(ours):
        raise Refused(
            f"transfer.keep: {len(theirs)} layers with weights are to be taken over, and the network has {len(ours)}"
        )
    for old, new in zip(theirs, ours, strict=False):
        _copy(old, new, path)
    return tuple(new.planned.name for _, new in zip(theirs, ours, strict=False))


def _chosen(keep: FirstLayers, source: Network, path: Path) -> set[str]:
    """The names of the layers of the source that are to be taken over: at least one, and as many as were asked for."""
    layers = tuple(layer.planned for layer in source.layers)
    weighty = sum(1 for layer in layers if layer.parameters)
    has = f"{path} has {weighty} layer{'s' if weighty != 1 else ''} with weights"
    if keep != "all_but_last" and keep > weighty:
        raise Refused(f"transfer.keep: is {keep}, and {has}; at most {weighty}, or all_but_last")
    if keep == "all_but_last" and weighty == 1:
        raise Refused(f"transfer.keep: all_but_last takes nothing over, for {has}; set it to 1")
    return {layer.name for layer in first_layers(keep, layers)}


def _copy(old: BuiltLayer, new: BuiltLayer, path: Path) -> None:
    had, has = _tensors(old), _tensors(new)
    misfit = f"{PLACE}: {old.planned.name} of {path} does not fit: "
    if old.planned.type != new.planned.type:
        raise Refused(f"{misfit}here stands {new.planned.name}")
    if lacking := [name for name in had if name not in has]:
        raise Refused(f"{misfit}its {_some(lacking)} is missing here")
    if wanted := [name for name in has if name not in had]:
        raise Refused(f"{misfit}it has no {_some(wanted)}, as {new.planned.name} here has")
    for name, tensor in has.items():
        if had[name].shape != tensor.shape:
            raise Refused(
                f"{misfit}its {_in_words(name)} is "
                f"{show_shape(tuple(had[name].shape))}, here it is {show_shape(tuple(tensor.shape))}"
            )
        tensor.copy_(had[name])


def _some(names: list[str]) -> str:
    """The first of them, and how many more there are."""
    return _in_words(names[0]) + (f" (and {len(names) - 1} more)" if names[1:] else "")


def _in_words(name: str) -> str:
    """What people call a tensor of `_tensors`: behind its first module, a layer has but its activation."""
    number, _, tensor = name.partition(".")
    return tensor if number == "0" else f"activation's {tensor}"


def _tensors(layer: BuiltLayer) -> dict[str, Tensor]:
    """Weights and statistics of a layer by the number of their module and their name."""
    return {
        f"{number}.{name}": tensor
        for number, module in enumerate(layer.modules)
        for name, tensor in module.state_dict().items()
    }
