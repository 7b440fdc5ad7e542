"""Statistics of the layers, taken in single steps without changing their arithmetic.

Norms are L2 norms. The gradient is that of the mean loss of the batch as it is optimised, regularizers included,
before any clipping; weights and activations are those before the update. Nothing here draws random numbers.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from tuitrain.training.probes import Probe

NEAR = 0.05
"""How near to an end of an activation's range, as a share of it, an output counts as saturated."""
WATCHED = 30
"""Units of a layer that are watched: its first."""


@dataclass(frozen=True)
class Observed:
    """Statistics that are still on the device: ``values[i]`` is what ``keys[i]`` (statistic, layer) stands for.

    The norms of a layer's tensors are entries of their own. Behind the statistics come the values for the units
    of the layer ``watched``, which has ``units`` of them; of none it has 0.
    """

    keys: list[tuple[str, int]]
    values: Tensor
    sizes: list[int]
    watched: str = ""
    units: int = 0

    @cached_property
    def _read(self) -> list[float]:
        values: list[float] = self.values.tolist()
        return values

    def read(self) -> dict[str, Any]:
        """The statistics of ``LayersObserved``, one entry a layer; waits for the device."""
        by_key: dict[tuple[str, int], float] = {}
        for key, value in zip(self.keys, self._read, strict=False):
            by_key[key] = math.hypot(by_key[key], value) if key in by_key else value

        def each(figure: Callable[[int], float | None]) -> tuple[float | None, ...]:
            return tuple(figure(layer) for layer in range(len(self.sizes)))

        def rms(layer: int) -> float | None:
            parts = [by_key[key, layer] for key in ("gradient_norm", "bias_gradient_norm") if (key, layer) in by_key]
            return math.hypot(*parts) / math.sqrt(self.sizes[layer]) if parts else None

        def ratio(layer: int) -> float | None:
            change, weight = by_key.get(("change_norm", layer)), by_key.get(("weight_norm", layer))
            return None if change is None or not weight else change / weight

        plain = (
            *("gradient_norm", "bias_gradient_norm", "weight_norm", "activation_mean", "activation_std"),
            *("zero_share", "dead_share", "saturated_share"),
        )
        read = {name: each(lambda layer, name=name: by_key.get((name, layer))) for name in plain}  # type: ignore[misc]
        return {**read, "gradient_rms": each(rms), "update_ratio": each(ratio)}

    def read_units(self) -> dict[str, Any] | None:
        """The rest of ``UnitsObserved``, None if no units were watched; waits for the device."""
        if not self.units:
            return None
        return {"layer": self.watched, "units": self.units, "bias_gradient": tuple(self._read[len(self.keys) :])}


@dataclass
class Observer:
    """Watches one step: `activations` around its forward pass, then `before_update`, then `after_update`.

    ``watched`` names a layer whose units are observed too; a layer that trains no biases has none.
    """

    probes: Sequence[Probe]
    watched: str = ""
    _found: list[tuple[tuple[str, int], Tensor]] = field(default_factory=list)
    _before: list[Tensor] = field(default_factory=list)
    _trained: list[tuple[int, Tensor]] = field(default_factory=list)
    _units: Tensor | None = None

    def __post_init__(self) -> None:
        probes = list(enumerate(self.probes))
        self._weights = [(i, weight) for i, probe in probes for weight in probe.weights]
        self._biases = [(i, bias) for i, probe in probes for bias in probe.biases]
        self._sizes = [0] * len(probes)
        for i, tensor in (*self._weights, *self._biases):
            self._sizes[i] += tensor.numel()

    @contextmanager
    def activations(self) -> Iterator[None]:
        """Forward hooks on every module that gives a layer's outputs, for as long as this lasts."""
        with ExitStack() as hooks:
            for index, probe in enumerate(self.probes):
                hooks.callback(probe.module.register_forward_hook(self._hook(index, probe)).remove)
            yield

    def before_update(self) -> None:
        """Between the backward pass and the update."""
        with torch.no_grad():
            self._norms("gradient_norm", [(i, weight.grad) for i, weight in self._weights if weight.grad is not None])
            self._norms("bias_gradient_norm", [(i, bias.grad) for i, bias in self._biases if bias.grad is not None])
            self._trained = [(i, weight) for i, weight in self._weights if weight.requires_grad]
            self._norms("weight_norm", self._trained)
            self._before = [weight.clone() for _, weight in self._trained]
            biases = next((one.watched_biases for one in self.probes if one.name == self.watched), None)
            if biases is not None and biases.grad is not None:
                self._units = biases.grad.clone()  # clipping changes it in place

    def after_update(self) -> Observed:
        """What was seen, still on the device."""
        with torch.no_grad():
            if self._before:
                changes = torch._foreach_sub([weight for _, weight in self._trained], self._before)
                self._norms("change_norm", [(i, one) for (i, _), one in zip(self._trained, changes, strict=True)])
            found, self._found, self._before = self._found, [], []
            units, self._units = self._units, None
            keys, values = [key for key, _ in found], torch.stack([value for _, value in found])
            if units is None:
                return Observed(keys, values, self._sizes)
            values = torch.cat([values, units.flatten()[:WATCHED]])
            return Observed(keys, values, self._sizes, self.watched, units.numel())

    def _norms(self, name: str, tensors: list[tuple[int, Tensor]]) -> None:
        if tensors:
            norms = torch._foreach_norm([tensor for _, tensor in tensors])
            self._found += [((name, layer), norm) for (layer, _), norm in zip(tensors, norms, strict=True)]

    def _hook(self, index: int, probe: Probe) -> Callable[[nn.Module, Any, Tensor], None]:
        def observe(module: nn.Module, inputs: Any, outputs: Tensor) -> None:
            with torch.no_grad():
                out = outputs.detach()
                variance, mean = torch.var_mean(out, correction=0)
                zero = out == 0
                statistics = {"activation_mean": mean, "activation_std": variance.sqrt(), "zero_share": _share(zero)}
                if probe.can_die:
                    statistics["dead_share"] = _share(zero.movedim(probe.unit_axis, 0).flatten(1).all(dim=1))
                if probe.bounds:
                    low, high = probe.bounds
                    margin = NEAR * (high - low)
                    ends = (out <= low + margin) | (out >= high - margin)
                    statistics["saturated_share"] = _share(ends)
                self._found += [((name, index), value) for name, value in statistics.items()]

        return observe


def _share(flags: Tensor) -> Tensor:
    return flags.float().mean()


class Pace:
    """Which steps are observed. ``every`` is that of the experiment; steps count from 0.

    With auto: the first that is asked for, then at most one a second, and so seldom that what an
    observed step takes longer than a plain one stays within 2% of the time.
    """

    SECONDS = 1.0
    SHARE = 0.02

    def __init__(self, every: int | str, steps_per_epoch: int) -> None:
        self._every = every if isinstance(every, int) else steps_per_epoch if every == "epoch" else None
        self._next = -math.inf

    def is_due(self, step: int, now: float) -> bool:
        if self._every is not None:
            return step % self._every == 0
        return now >= self._next

    def took(self, seconds: float, plain: float | None, now: float) -> None:
        """An observed step took that long, a plain one ``plain``; None while that is not known."""
        extra = 0.0 if plain is None else max(0.0, seconds - plain)
        self._next = now + max(self.SECONDS, extra / self.SHARE)
