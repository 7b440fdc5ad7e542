"""How a run's directory comes to be, and how a run is taken up again."""

import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from tuitrain.experiment import toml
from tuitrain.experiment.document import to_document, to_experiment
from tuitrain.experiment.experiment import Experiment
from tuitrain.runs.directory import LAST, RunDirectory, create
from tuitrain.training.device import describe_devices, device_name
from tuitrain.training.prepare import Prepared, prepare
from tuitrain.training.trainer import Trainer


def open_run(prepared: Prepared, experiment: Experiment, root: Path, parent: str | None = None) -> RunDirectory:
    """The directory of a new run in ``root``, complete or not at all; ``parent`` is the run it was forked from.

    Raises:
        Refused: if it cannot be made.
    """
    frozen = toml.dumps(to_document(experiment.completed(), complete=True))
    return create(root, experiment.name, frozen, {**circumstances(prepared), "parent": parent})


def take_up(directory: RunDirectory, device: str | None = None) -> Trainer:
    """A trainer that goes on from the run's last checkpoint; on the device it had, or else the best there is.

    Who is to train holds the lock of the run already: see `process.go_on`.

    Raises:
        Refused: if there is none, or it cannot be trained here.
    """
    experiment = to_experiment(toml.read(directory.experiment), str(directory.experiment))
    had = directory.read_info().get("device")
    prepared = prepare(experiment, device or (had if had in describe_devices() else "auto"))
    trainer = Trainer(prepared, directory.checkpoints)
    trainer.restore(directory.checkpoints / LAST)
    return trainer


def circumstances(prepared: Prepared) -> dict[str, Any]:
    """Where and by what it is trained, for run.json."""
    return {
        "device": str(prepared.device),
        "device_name": device_name(prepared.device),
        "threads": prepared.threads,
        "versions": {
            "tuitrain": _version("tuitrain"),
            "torch": torch.__version__,
            "python": ".".join(map(str, sys.version_info[:3])),
        },
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:  # a checkout that was not installed
        return None
