"""One step of gradient descent, plain or observed: the same arithmetic, on the CPU bit for bit."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from tuitrain.errors import Refused
from tuitrain.model.network import BuiltLayer, Network
from tuitrain.model.regularizers import Regularizer
from tuitrain.optim.clipping import Clipping
from tuitrain.optim.losses import Loss
from tuitrain.optim.optimizers import Optimizer
from tuitrain.runs.events import Figures
from tuitrain.training.batches import Batch, Samples
from tuitrain.training.device import is_out_of_memory
from tuitrain.training.direct import calls_of
from tuitrain.training.observe import Observed, Observer
from tuitrain.training.score import Scores
from tuitrain.training.tally import Done

EVERY = 64
"""Steps from one check of the weights to the next, where a check does not wait for a device."""


@torch.no_grad()
def all_finite(tensors: Sequence[Tensor]) -> bool:
    """Whether every value is a finite number; waits for the device once.

    A sum is finite only if all that was added is, and takes a tenth of the time of asking every value. That of huge
    values may overflow, so then they are asked.
    """
    floating = [one for one in tensors if one.is_floating_point()]
    if all(one.device.type == "cpu" for one in floating):
        sums = [one.sum().item() for one in floating]  # a third of the time of stacking them
    else:
        sums = torch.stack([one.sum() for one in floating]).tolist()
    return all(map(math.isfinite, sums)) or all(bool(one.isfinite().all()) for one in floating)


class FiniteWatch:
    """Checks after a step whether training can go on.

    On the CPU reading a loss costs 0.2 µs, so every loss is read, and the weights every 64 steps: together about 1% of
    the step of a small network. Any other device would have to be waited for: there the weights are checked where a
    window ends, which waits for the losses anyway.
    """

    def __init__(self, device: torch.device, tensors: Sequence[Tensor]) -> None:
        self._tensors = [one.detach() for one in tensors]
        self._reads_losses = device.type == "cpu"

    def is_lost(self, step: int, loss: Tensor, *, at_window_end: bool) -> bool:
        """Whether the loss of the step, or the weights after it, are seen to be no numbers."""
        if self._reads_losses and not math.isfinite(loss.item()):
            return True
        is_due = at_window_end or (self._reads_losses and step % EVERY == 0)
        return is_due and not self.is_finite()

    def is_finite(self) -> bool:
        """Whether all weights, and statistics such as those of batch norm, are numbers."""
        return all_finite(self._tensors)


class Stepper:
    """Network, loss, clipping and optimizer of a training; ``validation_chunk`` samples are validated at once.

    ``guard`` is asked before every update, with the loss, whether it is to be left out; None where nobody asks.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        loss: Loss,
        clipping: Clipping | None,
        score: Scores,
        validation_chunk: int,
    ) -> None:
        self.module = network.module
        self.optimizer = optimizer.build(self.module.parameters())
        self.score = score
        self.guard: Callable[[Tensor], bool] | None = None
        self._frozen: tuple[BuiltLayer, ...] = ()
        self._parameters = list(self.module.parameters())
        self._buffers = list(self.module.buffers())
        device = self._parameters[0].device
        self.calls = calls_of(self.module, self.optimizer, optimizer.build, device)
        self.watch = FiniteWatch(device, (*self._parameters, *self._buffers))
        self._spare: list[Tensor] = []
        self._loss = loss.build()
        self._chunk = validation_chunk
        self._clipping = clipping
        self._layers = network.layers
        self._sort_layers()

    def plain(self, batch: Batch) -> Done | None:
        """Forward, backward, clip, update; None where the guard had the update left out."""
        outputs, loss = self._forward(batch, self.calls.forward)
        self.calls.backward(loss)
        return self._update(outputs, *self._penalized(loss))

    def observed(
        self, batch: Batch, observer: Observer, inspect: Callable[[], None] | None = None
    ) -> tuple[Done | None, Observed]:
        """The same, and the statistics of the layers; ``inspect`` is called while there are gradients."""
        with observer.activations():
            outputs, loss = self._forward(batch, self.module)
        loss.backward()
        loss, penalty = self._penalized(loss)
        observer.before_update()
        if inspect:
            inspect()
        done = self._update(outputs, loss, penalty)
        return done, observer.after_update()

    def freeze(self, layers: tuple[BuiltLayer, ...]) -> tuple[BuiltLayer, ...]:
        """Train all layers but these, and say which were frozen before.

        A frozen batch norm keeps its statistics too, as in Keras.
        """
        if layers == self._frozen:
            return layers
        before, self._frozen = self._frozen, layers
        kept = {id(parameter) for layer in layers for module in layer.modules for parameter in module.parameters()}
        for parameter in self._parameters:
            parameter.requires_grad_(id(parameter) not in kept)
        self._sort_layers()
        self._complete_momentum()
        self.calls.renew()
        return before

    def _sort_layers(self) -> None:
        """Which of the trained layers have a penalty or a constraint; frozen ones have neither, as in Keras."""
        trained = [(layer.planned.spec, layer.modules) for layer in self._layers if layer not in self._frozen]
        self._regularized: dict[Regularizer, list[Tensor]] = {}
        for spec, modules in trained:
            if found := spec.regularized(modules):
                self._regularized.setdefault(found[0], []).extend(found[1])
        self._constrained = [(spec, modules) for spec, modules in trained if spec.is_constrained]

    def _complete_momentum(self) -> None:
        """What was frozen has no momentum yet, and torch's fused SGD fails where some parameters have one."""
        state = self.optimizer.state
        if isinstance(self.optimizer, torch.optim.SGD) and any("momentum_buffer" in one for one in state.values()):
            for parameter in self._parameters:
                state[parameter].setdefault("momentum_buffer", torch.zeros_like(parameter))

    def train_mode(self) -> None:
        """Set the modes for training: needed before steps, and after a change of modes or of the optimizer's state."""
        self.module.train()
        for layer in self._frozen:
            for module in layer.modules:
                module.eval()
        self.calls.renew()

    def evaluate(self, samples: Samples) -> Figures:
        """The figures of all samples, in evaluation mode. Raises Refused where that takes more memory than there is."""
        try:
            return self._evaluate(samples)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise Refused(
                f"out of memory on {samples.labels.device} while validating {self._chunk:,} samples at once: "
                "take fewer units, or free some memory"
            ) from None

    @torch.no_grad()
    def _evaluate(self, samples: Samples) -> Figures:
        self.module.eval()
        losses, sums, sizes = [], [], []
        for inputs, targets, labels in samples.chunks(self._chunk):
            outputs = self.module(inputs)
            losses.append(self._loss(outputs, targets))
            sums.append(self.score.sums(outputs, labels))
            sizes.append(len(labels))
        self.train_mode()
        added = float(self._penalty())
        count = sum(sizes)
        mean = sum(loss * size for loss, size in zip(torch.stack(losses).tolist(), sizes, strict=True)) / count
        scores = self.score.figures(torch.stack(sums).sum(0).tolist(), count, "validation")
        return {"loss": mean + added, "penalty": added, **scores}

    def _forward(self, batch: Batch, forward: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        inputs, targets, _ = batch
        if self.guard:
            self._spare = [buffer.clone() for buffer in self._buffers]
        outputs = forward(inputs)
        return outputs, self._loss(outputs, targets)

    def _penalized(self, loss: Tensor) -> tuple[Tensor, Tensor | None]:
        """The loss with its penalty, and the penalty, whose gradients are added to those that there are.

        Equal regularizers are computed for all layers at once: through autograd, layer by layer, those of seven layers
        took as long as the step of a small network.
        """
        if not self._regularized:
            return loss.detach(), None
        with torch.no_grad():
            for regularizer, weights in self._regularized.items():
                gradients = [one.grad for one in weights if one.grad is not None]
                torch._foreach_add_(gradients, regularizer.gradients(weights))
            penalty = self._penalty()
            return loss + penalty, penalty

    def _penalty(self) -> Tensor:
        """Of all layers, without gradient."""
        return sum((one.penalty(weights) for one, weights in self._regularized.items()), torch.zeros(()))

    def _update(self, outputs: Tensor, loss: Tensor, penalty: Tensor | None) -> Done | None:
        factor = None
        is_left_out = self.guard is not None and self.guard(loss)
        if is_left_out:
            for buffer, before in zip(self._buffers, self._spare, strict=True):
                buffer.copy_(before)
        else:
            if self._clipping is not None:
                factor = self._clipping.apply([one.grad for one in self._parameters if one.grad is not None])
            self.calls.update()
            for spec, modules in self._constrained:
                spec.constrain(modules)
        for parameter in self._parameters:  # a third of the cost of optimizer.zero_grad() for a small network
            parameter.grad = None
        if is_left_out:
            return None
        return Done(loss, penalty, outputs.detach(), factor)
