"""What is wrong with an experiment although every single value is within its limits."""

from collections.abc import Iterator
from dataclasses import dataclass

from tuitrain.data.base import DataFacts
from tuitrain.errors import Refused
from tuitrain.experiment.experiment import Experiment
from tuitrain.model.activations import Linear
from tuitrain.model.freezing import first_layers
from tuitrain.model.plan import MOST_LAYERS, PlannedLayer, too_many_layers
from tuitrain.model.pretrained import Pretrained
from tuitrain.spec import Path, Problem, dotted

Layers = tuple[PlannedLayer, ...]


@dataclass(frozen=True)
class Examination:
    """What is known of an experiment before its data is loaded; ``problems`` has every problem once, with its path."""

    facts: DataFacts
    layers: Layers
    problems: tuple[Problem, ...]


def examine(experiment: Experiment) -> Examination:
    """Look at the files of the data once, and plan the network once."""
    facts, of_the_data = experiment.data.examine()
    layers = experiment.plan(facts)
    found = [
        *of_the_data,
        *_of_layers(experiment, layers),
        *_of_pretrained(experiment, layers),
        *_of_sizes(experiment, facts),
        *_of_the_loss(experiment, facts),
        *_of_the_schedule(experiment),
        *_of_monitors(experiment, facts),
        *_of_callbacks(experiment),
        *_of_freezing(experiment, layers),
    ]
    return Examination(facts, layers, tuple(dict.fromkeys(found)))


def _of_layers(experiment: Experiment, layers: Layers) -> Iterator[Problem]:
    if too_many := too_many_layers(experiment.model):
        path, count = too_many
        yield Problem(("model", *path), f"makes {count:,} layers; at most {MOST_LAYERS:,}")
        layers = layers[:-1]  # the output says the same once more
    yield from (Problem(("model", *layer.path), layer.problem) for layer in layers if layer.problem)


def _of_sizes(experiment: Experiment, facts: DataFacts) -> Iterator[Problem]:
    """What no data set of this size or a smaller one can give; its files can hold less than its facts say."""
    if facts.train is None:
        return
    size = experiment.batch_size
    try:
        samples = experiment.data.training_size(facts.train)
    except Refused as error:
        path: Path = ("data", "validation", "size")
        yield Problem(path, str(error).removeprefix(f"{dotted(path)}: "))
        return
    if size != "full" and size > samples:
        message = f"{size} is more than the {samples} samples that are trained on; at most {samples}, or 'full'"
        yield Problem(("batch_size",), message)


def _of_the_loss(experiment: Experiment, facts: DataFacts) -> Iterator[Problem]:
    loss = experiment.loss
    if loss.squashes and not isinstance(experiment.model.output.activation, Linear):
        message = f"must be linear: {loss.type} applies {loss.squashes} itself"
        yield Problem(("model", "output", "activation"), message)
    if loss.needs_classes and facts.shape is not None and facts.classes is None:
        yield Problem(("loss",), f"{loss.type} needs classes, and {experiment.data.type} has none: use mse")
    if not loss.needs_classes and experiment.data.guesses_classes():
        message = (
            f'its {facts.classes} numbers are taken as classes, and {loss.type} is for numbers too: say "regression"'
        )
        yield Problem(("data", "task"), f'{message}, or "classes" if they are')


def _of_pretrained(experiment: Experiment, layers: Layers) -> Iterator[Problem]:
    how = experiment.data.standardization
    for layer in layers:
        if isinstance(layer.spec, Pretrained) and layer.spec.normalize and how != "scale":
            message = f'expects inputs from 0 to 1, and data.standardize is {how}: take "scale", or set this to false'
            yield Problem(("model", *layer.path, "normalize"), message)


def _of_the_schedule(experiment: Experiment) -> Iterator[Problem]:
    schedule, freeze = experiment.schedule, experiment.freeze
    thawed = freeze.lr if freeze else None
    for lr in (experiment.optimizer.lr, thawed):
        found = schedule.problems(lr) if lr is not None else ()
        yield from (Problem(("schedule", *one.path), one.message) for one in found)
    if thawed is not None and not schedule.uses_lr0:
        yield Problem(("freeze", "lr"), f"has no effect: {schedule.type} has rates of its own; leave it out")


def _of_monitors(experiment: Experiment, facts: DataFacts) -> Iterator[Problem]:
    if facts.shape is None:
        return
    monitored: list[tuple[Path, str | None]] = [(("schedule", "monitor"), experiment.schedule.monitors())]
    monitored += [(("callbacks", index, "monitor"), one.monitors()) for index, one in enumerate(experiment.callbacks)]
    known = experiment.figures(facts)
    for path, monitor in monitored:
        if monitor is not None and monitor not in known:
            yield Problem(path, f"{monitor} is not measured here; known: {', '.join(known)}")


def _of_callbacks(experiment: Experiment) -> Iterator[Problem]:
    for index, callback in enumerate(experiment.callbacks):
        for problem in callback.problems(experiment.epochs):
            yield Problem(("callbacks", index, *problem.path), problem.message)
        for place, other in enumerate(experiment.callbacks[:index]):
            why = callback.excludes(other, f"callbacks[{place}]") or other.excludes(callback, f"callbacks[{index}]")
            if why:
                yield Problem(("callbacks", index), why)
                break


def _of_freezing(experiment: Experiment, layers: Layers) -> Iterator[Problem]:
    if experiment.freeze is None or any(layer.output_shape is None for layer in layers):
        return
    weighty = sum(1 for layer in layers if layer.parameters)
    if weighty < 2:
        message = "needs two layers with weights, one to freeze and one to train; the output is the only one"
        yield Problem(("freeze", "layers"), message)
    elif len(first_layers(experiment.freeze.layers, layers)) >= weighty:
        message = f"freezes all {weighty} layers with weights, so nothing is left to train; at most {weighty - 1}"
        yield Problem(("freeze", "layers"), message)
