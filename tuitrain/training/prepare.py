"""From an experiment to everything that training needs, on the device; what cannot be trained is refused here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tuitrain.data.base import Dataset
from tuitrain.data.images import ImageStream
from tuitrain.data.transforms import Augmentation
from tuitrain.errors import Refused
from tuitrain.experiment.experiment import Experiment
from tuitrain.experiment.problems import examine
from tuitrain.model.freezing import first_layers
from tuitrain.model.network import Network, build
from tuitrain.runs.events import LayerInfo, RunStarted
from tuitrain.spec import Invalid
from tuitrain.training.batches import Samples
from tuitrain.training.device import choose, is_out_of_memory, set_threads
from tuitrain.training.optimizer_state import entries_of
from tuitrain.training.score import Labels, Scores
from tuitrain.training.streaming import Streamed
from tuitrain.training.transfer import find_checkpoint, load_source, take_over


@dataclass(frozen=True, eq=False)
class Prepared:
    """An experiment that can be trained, once: training changes the weights of its network."""

    experiment: Experiment
    device: torch.device
    threads: int
    network: Network
    train: Samples
    validation: Samples | None
    batch_size: int
    classes: int | None
    validation_chunk: int
    """How many samples are validated at once."""
    notes: tuple[str, ...] = ()
    """What was noticed in the data: for the log."""

    def close(self) -> None:
        """Let go of whatever fetches samples."""
        for samples in (self.train, self.validation):
            if samples is not None:
                samples.close()

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.train) // self.batch_size)

    @property
    def total_steps(self) -> int:
        return self.experiment.epochs * self.steps_per_epoch

    @property
    def scores(self) -> Scores:
        """What its outputs are measured by, beside the loss."""
        labels = Labels(self.classes, float(self.train.labels.cpu().double().mean()))
        return Scores(labels, self.experiment.loss.predictions)

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def layers(self) -> tuple[LayerInfo, ...]:
        return tuple(
            LayerInfo(
                name=layer.planned.name,
                type=layer.planned.type,
                output_shape=layer.planned.output_shape or (),
                parameters=layer.planned.parameters,
                trainable=any(p.requires_grad for module in layer.modules for p in module.parameters()),
            )
            for layer in self.network.layers
        )

    def started(self) -> RunStarted:
        """What is logged when its training begins."""
        return RunStarted(
            device=str(self.device),
            threads=self.threads,
            epochs=self.experiment.epochs,
            steps_per_epoch=self.steps_per_epoch,
            total_steps=self.total_steps,
            parameters=self.parameters,
            layers=self.layers,
        )


def prepare(experiment: Experiment, device: str = "auto", runs: Path | None = None) -> Prepared:
    """Load the data, draw the network, move both to the device, and try one batch.

    Where the experiment begins with the weights of another, they come from a run in ``runs``; None leaves them
    out, and those of files too, for a run that goes on from a checkpoint of its own.

    Raises:
        Untrained: if what it begins with has to be trained first.
        Refused: for whatever else a user can mend, in a sentence.
    """
    if problems := examine(experiment).problems:
        raise Invalid(problems)
    for index, callback in enumerate(experiment.callbacks):
        try:
            callback.check()
        except Refused as error:
            raise Refused(f"callbacks[{index}]: {error}") from None
    source = load_source(find_checkpoint(experiment.transfer.source, runs)) if experiment.transfer and runs else None
    chosen = choose(device)
    threads = set_threads(experiment.threads)
    dataset = experiment.data.load(experiment.seed)
    count = len(dataset.train_y)
    batch_size = count if experiment.batch_size == "full" else experiment.batch_size
    if batch_size > count:
        raise Refused(
            f"batch_size: {batch_size} is more than the {count} samples that are trained on; at most {count}, or 'full'"
        )
    _refuse_lonely_samples(experiment, count, batch_size)
    try:
        network = build(experiment.plan(), experiment.seed, restored=runs is None)
        if source and experiment.transfer:
            take_over(network, source, experiment.transfer.keep)
            if source.warning:
                dataset = replace(dataset, notes=(*dataset.notes, source.warning))
        prepared = _on_device(experiment, dataset, batch_size, chosen, threads, network)
        _rehearse(prepared)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise Refused(
            f"{chosen} has not enough memory for the data, the network, its optimizer and one batch of {batch_size}: "
            "make batch_size smaller, set data.limit, or take fewer units"
        ) from None
    return prepared


def _refuse_lonely_samples(experiment: Experiment, count: int, batch_size: int) -> None:
    """A batch of one sample has no spread that a normalisation over the batch could divide by."""
    if not _leaves_one(count, batch_size):
        return
    layers, freeze = experiment.plan(), experiment.freeze
    never_trained = first_layers(freeze.layers, layers) if freeze and freeze.epochs >= experiment.epochs else ()
    for layer in layers:
        if layer in never_trained or not layer.input_shape or not layer.spec.needs_two_samples(layer.input_shape):
            continue
        if count == 1:
            raise Refused(f"data: there is one sample to train on, and {layer.name} needs at least two; take more data")
        where = "is one sample" if batch_size == 1 else f"leaves one sample of {count:,} for the last batch"
        fitting = next(size for size in range(batch_size + 1, count + 1) if not _leaves_one(count, size))
        raise Refused(
            f"batch_size: {batch_size} {where}, and {layer.name} needs at least two; "
            f"take {fitting}, or another data.limit"
        )


def _leaves_one(count: int, batch_size: int) -> bool:
    """Whether there is a batch of a single sample."""
    return batch_size == 1 or count % batch_size == 1


def _on_device(
    experiment: Experiment, dataset: Dataset, batch_size: int, device: torch.device, threads: int, network: Network
) -> Prepared:
    classes = dataset.facts.classes
    network.module.to(device)

    def samples(x: Tensor | ImageStream, y: Tensor, augment: Augmentation | None = None) -> Samples:
        labels = y.to(device)
        inputs = x.contiguous().to(device) if isinstance(x, Tensor) else Streamed(x, device)
        return Samples(inputs, experiment.loss.targets(labels, classes), labels, augment)

    validation = None
    if dataset.validation_x is not None and dataset.validation_y is not None:
        validation = samples(dataset.validation_x, dataset.validation_y)
    augment = experiment.data.augment
    augmentation = Augmentation(augment, experiment.seed) if augment and augment.is_on else None
    train = samples(dataset.train_x, dataset.train_y, augmentation)
    chunk = validation_chunk(network.module, train.first(1)[0], batch_size)
    return Prepared(experiment, device, threads, network, train, validation, batch_size, classes, chunk, dataset.notes)


def _rehearse(prepared: Prepared) -> None:
    """One batch there and back and one of validation, without changing anything, beside what the optimizer will keep.

    It shows what does not fit, warms the device, and has torch import what its optimizers need at their first step.
    """
    module, train, size = prepared.network.module, prepared.train, prepared.batch_size
    module.eval()  # so it neither draws random numbers nor takes statistics
    experiment = prepared.experiment
    momentum = experiment.schedule.momentum(0, prepared.steps_per_epoch, prepared.total_steps)
    copies = entries_of(experiment.optimizer, momentum, prepared.device).copies
    kept = [torch.empty_like(one) for one in module.parameters() for _ in range(copies)]
    inputs, targets, _ = train.first(size)
    loss = experiment.loss.build()(module(inputs), targets)
    loss.backward()
    module.zero_grad()
    del loss
    if prepared.validation is not None:
        one = prepared.validation.first(1)[0]
        with torch.no_grad():
            module(one.expand(min(prepared.validation_chunk, len(prepared.validation)), *one.shape[1:]).contiguous())
    del kept


MOST_VALIDATED = 512
"""More samples at once are no faster."""

MOST_OUTPUTS = 1 << 23
"""Outputs of all layers that a chunk may have, 32 MiB of them, where a batch of training does not have more."""


def validation_chunk(module: nn.Module, sample: Tensor, batch_size: int) -> int:
    """How many samples are validated at once: no more than a batch of training, where they are large.

    Of the network and one ``sample`` (1, *shape) alone, so that the figures of a run repeat (on the CPU bit for bit).
    """
    return max(1, min(MOST_VALIDATED, max(batch_size, MOST_OUTPUTS // max(1, outputs_per_sample(module, sample)))))


@torch.no_grad()
def outputs_per_sample(module: nn.Module, sample: Tensor) -> int:
    """How many values all modules give for one sample, measured by a pass in evaluation mode."""
    count = 0

    def add(one: nn.Module, inputs: Any, outputs: Any) -> None:
        nonlocal count
        count += sum(tensor.numel() for tensor in _tensors(outputs))

    was_training = module.training
    module.eval()
    with _hooked([one for one in module.modules() if not list(one.children())], add):
        module(sample)
    module.train(was_training)
    return count


def _tensors(outputs: Any) -> Iterator[Tensor]:
    """A recurrent layer gives several."""
    if isinstance(outputs, Tensor):
        yield outputs
    elif isinstance(outputs, (tuple, list)):
        for one in outputs:
            yield from _tensors(one)


@contextmanager
def _hooked(modules: list[nn.Module], hook: Any) -> Iterator[None]:
    handles = [one.register_forward_hook(hook) for one in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
