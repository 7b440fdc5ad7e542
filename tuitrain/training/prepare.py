"""From an experiment to everything that training needs, on the device; what cannot be trained is refused here."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tuitrain.data.base import Dataset
from tuitrain.errors import Refused
from tuitrain.experiment.experiment import Experiment
from tuitrain.model.network import Network, build
from tuitrain.runs.events import LayerInfo
from tuitrain.spec import Invalid
from tuitrain.training.batches import Samples
from tuitrain.training.device import choose, is_out_of_memory, set_threads


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

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.train) // self.batch_size)

    @property
    def total_steps(self) -> int:
        return self.experiment.epochs * self.steps_per_epoch

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


def prepare(experiment: Experiment, device: str = "auto") -> Prepared:
    """Load the data, draw the network, move both to the device, and try one batch.

    Raises:
        Refused: for whatever a user can mend, in a sentence.
    """
    if problems := experiment.problems():
        raise Invalid(problems)
    chosen = choose(device)
    threads = set_threads(experiment.threads)
    dataset = experiment.data.load(experiment.seed)
    count = len(dataset.train_y)
    batch_size = count if experiment.batch_size == "full" else experiment.batch_size
    if batch_size > count:
        raise Refused(
            f"batch_size: {batch_size} is more than the {count} samples that are trained on; at most {count}, or 'full'"
        )
    try:
        prepared = _on_device(experiment, dataset, batch_size, chosen, threads)
        _rehearse(prepared)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise Refused(
            f"{chosen} has not enough memory for the data, the network and one batch of {batch_size}: "
            "make batch_size smaller, set data.limit, or take fewer units"
        ) from None
    return prepared


def _on_device(
    experiment: Experiment, dataset: Dataset, batch_size: int, device: torch.device, threads: int
) -> Prepared:
    classes = dataset.facts.classes
    network = build(experiment.plan(), experiment.seed)
    network.module.to(device)

    def samples(x: Tensor, y: Tensor) -> Samples:
        labels = y.to(device)
        return Samples(x.contiguous().to(device), experiment.loss.targets(labels, classes), labels)

    validation = None
    if dataset.validation_x is not None and dataset.validation_y is not None:
        validation = samples(dataset.validation_x, dataset.validation_y)
    train = samples(dataset.train_x, dataset.train_y)
    return Prepared(experiment, device, threads, network, train, validation, batch_size, classes)


def _rehearse(prepared: Prepared) -> None:
    """One batch there and back without changing anything: shows what does not fit, and warms the device."""
    module, train, size = prepared.network.module, prepared.train, prepared.batch_size
    module.eval()  # so it neither draws random numbers nor takes statistics
    loss = prepared.experiment.loss.build()(module(train.inputs[:size]), train.targets[:size])
    loss.backward()
    module.zero_grad()
    # torch's optimizers import much of torch at their first step: here rather than at the start key.
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(()))]).step()
