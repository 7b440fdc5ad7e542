"""What is wrong with an experiment although every single value is within its limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tuitrain.errors import Refused
from tuitrain.model.activations import Linear
from tuitrain.model.freezing import first_layers
from tuitrain.model.plan import MOST_LAYERS, crowd
from tuitrain.model.pretrained import Pretrained
from tuitrain.optim.callbacks import Checkpoint
from tuitrain.spec import Path, Problem, dotted

if TYPE_CHECKING:
    from tuitrain.experiment.experiment import Experiment


def find_problems(experiment: Experiment) -> tuple[Problem, ...]:
    """Every problem once, with its path."""
    found = [
        *experiment.data.problems(),
        *_of_layers(experiment),
        *_of_pretrained(experiment),
        *_of_sizes(experiment),
        *_of_the_loss(experiment),
        *_of_monitors(experiment),
        *_of_callbacks(experiment),
        *_of_freezing(experiment),
    ]
    return tuple(dict.fromkeys(found))


def _of_layers(experiment: Experiment) -> Iterator[Problem]:
    layers = experiment.plan()
    if too_many := crowd(experiment.model):
        path, count = too_many
        yield Problem(("model", *path), f"makes {count:,} layers; at most {MOST_LAYERS:,}")
        layers = layers[:-1]  # the output says the same once more
    yield from (Problem(("model", *layer.path), layer.problem) for layer in layers if layer.problem)


def _of_sizes(experiment: Experiment) -> Iterator[Problem]:
    """What no data set of this size or a smaller one can give; its files can hold less than its facts say."""
    total = experiment.data.facts().train
    if total is None:
        return
    size = experiment.batch_size
    try:
        samples = experiment.data.training_size(total)
    except Refused as error:
        path: Path = ("data", "validation", "size")
        yield Problem(path, str(error).removeprefix(f"{dotted(path)}: "))
        return
    if size != "full" and size > samples:
        message = f"{size} is more than the {samples} samples that are trained on; at most {samples}, or 'full'"
        yield Problem(("batch_size",), message)


def _of_the_loss(experiment: Experiment) -> Iterator[Problem]:
    loss, data, facts = experiment.loss, experiment.data, experiment.data.facts()
    if loss.squashes and not isinstance(experiment.model.output.activation, Linear):
        message = f"must be linear: {loss.type} applies {loss.squashes} itself"
        yield Problem(("model", "output", "activation"), message)
    if loss.needs_classes and facts.shape is not None and facts.classes is None:
        yield Problem(("loss",), f"{loss.type} needs classes, and {data.type} has none: use mse")


def _of_pretrained(experiment: Experiment) -> Iterator[Problem]:
    how = experiment.data.standardize
    for layer in experiment.plan():
        if isinstance(layer.spec, Pretrained) and layer.spec.normalize and how != "scale":
            message = f'expects inputs from 0 to 1, and data.standardize is {how}: take "scale", or set this to false'
            yield Problem(("model", *layer.path, "normalize"), message)


def _of_monitors(experiment: Experiment) -> Iterator[Problem]:
    if experiment.data.facts().shape is None:
        return
    monitored: list[tuple[Path, str | None]] = [(("schedule", "monitor"), experiment.schedule.monitors())]
    monitored += [(("callbacks", index, "monitor"), one.monitors()) for index, one in enumerate(experiment.callbacks)]
    known = experiment.figures()
    for path, monitor in monitored:
        if monitor is not None and monitor not in known:
            yield Problem(path, f"{monitor} is not measured here; known: {', '.join(known)}")


def _of_callbacks(experiment: Experiment) -> Iterator[Problem]:
    best = [
        index
        for index, callback in enumerate(experiment.callbacks)
        if isinstance(callback, Checkpoint) and callback.save_best_only
    ]
    for index in best[1:]:
        message = f"would write best.pt as callbacks[{best[0]}] does; keep one of the two"
        yield Problem(("callbacks", index), message)


def _of_freezing(experiment: Experiment) -> Iterator[Problem]:
    layers = experiment.plan()
    if experiment.freeze is None or any(layer.output_shape is None for layer in layers):
        return
    weighty = sum(1 for layer in layers if layer.parameters)
    if len(first_layers(experiment.freeze.layers, layers)) >= weighty:
        message = f"freezes all {weighty} layers with weights, so nothing is left to train; at most {weighty - 1}"
        yield Problem(("freeze", "layers"), message)
