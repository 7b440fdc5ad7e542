"""One step of gradient descent, plain or observed: the same arithmetic, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tuitrain.training.batches import Batch, Samples
from tuitrain.training.observe import Observed, Observer
from tuitrain.training.prepare import Prepared

VALIDATION_CHUNK = 2048


@dataclass(frozen=True)
class Evaluation:
    """Means over samples; ``loss`` contains ``penalty``."""

    loss: float
    penalty: float
    accuracy: float | None


class Stepper:
    """Network, loss and optimizer of a training."""

    def __init__(self, prepared: Prepared) -> None:
        experiment = prepared.experiment
        self.module = prepared.network.module
        self.optimizer = experiment.optimizer.build(self.module.parameters())
        self.predict = experiment.loss.predictions if prepared.classes is not None else None
        self._parameters = list(self.module.parameters())
        self._loss = experiment.loss.build()
        # A penalty that is None now is None for ever: it is a matter of the spec.
        self._penalized = [
            (layer.planned.spec, layer.modules)
            for layer in prepared.network.layers
            if layer.planned.spec.penalty(layer.modules) is not None
        ]

    def plain(self, batch: Batch) -> tuple[Tensor, Tensor | None, Tensor]:
        """Forward, backward, update. Gives loss (penalty included), penalty and outputs, all without gradient."""
        outputs, loss, penalty = self._forward(batch)
        loss.backward()
        self._update()
        return loss.detach(), penalty if penalty is None else penalty.detach(), outputs.detach()

    def observed(self, batch: Batch, observer: Observer) -> tuple[Tensor, Tensor | None, Tensor, Observed]:
        """The same, and the statistics of the layers."""
        with observer.activations():
            outputs, loss, penalty = self._forward(batch)
        loss.backward()
        observer.before_update()
        self._update()
        observed = observer.after_update()
        return loss.detach(), penalty if penalty is None else penalty.detach(), outputs.detach(), observed

    def set_lr(self, lr: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = lr

    @torch.no_grad()
    def is_finite(self) -> bool:
        """Whether all weights are numbers."""
        return bool(torch.stack([parameter.isfinite().all() for parameter in self._parameters]).all())

    @torch.no_grad()
    def evaluate(self, samples: Samples) -> Evaluation:
        """Loss and accuracy of all samples, in evaluation mode."""
        self.module.eval()
        losses, correct, sizes = [], [], []
        for inputs, targets, labels in zip(
            samples.inputs.split(VALIDATION_CHUNK),
            samples.targets.split(VALIDATION_CHUNK),
            samples.labels.split(VALIDATION_CHUNK),
            strict=True,
        ):
            outputs = self.module(inputs)
            losses.append(self._loss(outputs, targets))
            sizes.append(len(labels))
            if self.predict:
                correct.append((self.predict(outputs) == labels).sum())
        self.module.train()
        penalty = self._penalty()
        added = 0.0 if penalty is None else float(penalty)
        mean = sum(loss * size for loss, size in zip(torch.stack(losses).tolist(), sizes, strict=True)) / len(samples)
        return Evaluation(
            loss=mean + added,
            penalty=added,
            accuracy=int(torch.stack(correct).sum()) / len(samples) if correct else None,
        )

    def _forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor | None]:
        inputs, targets, _ = batch
        outputs = self.module(inputs)
        loss = self._loss(outputs, targets)
        penalty = self._penalty() if self._penalized else None
        return outputs, loss if penalty is None else loss + penalty, penalty

    def _penalty(self) -> Tensor | None:
        total = None
        for spec, modules in self._penalized:
            penalty = spec.penalty(modules)
            total = penalty if total is None or penalty is None else total + penalty
        return total

    def _update(self) -> None:
        self.optimizer.step()
        for parameter in self._parameters:  # a third of the cost of optimizer.zero_grad() for a small network
            parameter.grad = None
