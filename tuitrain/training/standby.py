"""Stand-by: a trainer that has torch loaded and answers JSON lines until it is told to start.

``{"id": 1, "do": "prepare", "experiment": {...}, "device": "auto", "runs": "/..."}`` is answered by
``{"id": 1, "ok": {...}}`` or, for what a user can mend, ``{"id": 1, "error": "<sentence>"}``, with ``first`` where
another experiment is to be trained before. After ``start`` or ``resume`` nothing is read any more.
"""

import contextlib
import faulthandler
import gc
import json
import traceback
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import torch

from tuitrain.errors import TuitrainError
from tuitrain.experiment.document import to_document, to_experiment
from tuitrain.experiment.experiment import Experiment
from tuitrain.experiment.problems import examine
from tuitrain.model.network import build
from tuitrain.runs.commands import Step
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.values import parse_object
from tuitrain.spec import Invalid
from tuitrain.training.output import close_stdin, to_log
from tuitrain.training.prepare import Prepared, prepare
from tuitrain.training.process import Host, begin, go_on
from tuitrain.training.transfer import Untrained

Answer = dict[str, Any]


class StandbyServer:
    """One session over a pair of streams."""

    def __init__(self, requests: BinaryIO, answers: TextIO) -> None:
        self._requests = requests
        self._answers = answers
        self._prepared: Prepared | None = None
        self._host: Host | None = None
        self._log: Path | None = None

    def serve(self) -> int:
        """Answer until stdin ends or a run starts, then train it. Gives the exit status."""
        while line := self._requests.readline():
            self._reply(line)
            if self._host and self._log:
                return self._train(self._host, self._log)
        return 0

    def _reply(self, line: bytes) -> None:
        identity: object = None
        try:
            request = parse_object(line)
            identity = request.get("id")
            answer: Answer = {"ok": self._do(request)}
        except Untrained as error:
            first = to_document(error.experiment, complete=True)
            answer = {"error": str(error), "first": {"source": error.source, "experiment": first}}
        except TuitrainError as error:
            answer = {"error": str(error)}
        except Exception as error:  # a fault of ours: the one who asked is told, the traceback stays on stderr
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        # Once a run is started it goes on, whether or not somebody is left to hear of it.
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps({"id": identity, **answer}), file=self._answers, flush=True)

    def _do(self, request: Answer) -> Answer:
        match request:
            case {"do": "probe", "experiment": dict(document)}:
                return probe(to_experiment(document))
            case {"do": "prepare", "experiment": dict(document), "device": str(device), "runs": str(runs)}:
                return self._prepare(document, device, Path(runs))
            case {"do": "start", "runs": str(root), **options}:
                return self._start(Path(root), options.get("steps"))
            case {"do": "resume", "path": str(path)}:
                return self._resume(RunDirectory(Path(path)))
        raise ValueError(f"not understood: {request!r:.200}")

    def _prepare(self, document: Answer, device: str, runs: Path) -> Answer:
        # The last one may fill the device, and its tensors know each other.
        self._prepared = None
        gc.collect()
        self._prepared = prepared = prepare(to_experiment(document), device, runs)
        return {
            "device": str(prepared.device),
            "parameters": prepared.parameters,
            "steps_per_epoch": prepared.steps_per_epoch,
            "total_steps": prepared.total_steps,
            "train": len(prepared.train),
            "validation": len(prepared.validation) if prepared.validation else 0,
        }

    def _start(self, root: Path, steps: int | None) -> Answer:
        """With ``steps`` the run pauses behind so many."""
        if self._prepared is None:
            raise ValueError("start: nothing is prepared")
        directory, hosted = begin(self._prepared, root)
        if steps is not None:
            hosted.control.send(Step(steps))
        return self._hold(hosted, directory)

    def _resume(self, directory: RunDirectory) -> Answer:
        self._prepared = None
        return self._hold(go_on(directory), directory)

    def _hold(self, hosted: Host, directory: RunDirectory) -> Answer:
        self._host = hosted
        self._log = directory.log
        return {"path": str(directory.path)}

    def _train(self, hosted: Host, log: Path) -> int:
        with contextlib.suppress(BrokenPipeError):
            self._answers.close()
        with contextlib.suppress(OSError):  # a full disk: the run will say so itself
            to_log(log)
        close_stdin()
        faulthandler.enable()
        for _ in hosted:
            pass
        return hosted.exit_status


def probe(experiment: Experiment) -> dict[str, Any]:
    """The facts of the data, and of each layer its name, the shape behind it and its number of parameters.

    The shapes are those of a batch that goes through the network on torch's meta device, where tensors have no values:
    no weight is drawn or read from a file, whatever its size.

    Raises:
        Invalid: with every problem of the experiment.
    """
    examined = examine(experiment)
    if examined.problems or examined.facts.shape is None:
        raise Invalid(examined.problems)
    shapes: dict[str, tuple[int, ...]] = {}
    with torch.device("meta"), torch.inference_mode():
        network = build(examined.layers, experiment.seed, restored=True)
        for layer in network.layers:
            name = layer.planned.name
            layer.modules[-1].register_forward_hook(
                lambda _, inputs, outputs, name=name: shapes.update({name: tuple(outputs.shape[1:])})
            )
        network.module.eval()(torch.empty(1, *examined.facts.shape))
    facts = examined.facts
    return {
        "where": experiment.data.where(),
        "shape": facts.shape,
        "classes": facts.classes,
        "class_names": facts.class_names,
        "train": facts.train,
        "test": facts.test,
        "layers": [
            {
                "name": layer.planned.name,
                "output_shape": shapes[layer.planned.name],
                "parameters": sum(one.numel() for module in layer.modules for one in module.parameters()),
            }
            for layer in network.layers
        ],
    }
