"""Probes: what is observed of a network, layer by layer, whoever built it."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import Parameter

from tuitrain.model.activations import Activation, Bounds
from tuitrain.model.base import biases_of, weights_of
from tuitrain.model.network import BuiltLayer, Network


@dataclass(frozen=True, eq=False)
class Probe:
    """A layer: ``module`` gives its outputs, and ``unit_axis`` of these counts its units, axis 0 being the batch.

    ``bounds`` is the range of its activation where both ends are flat. One that ``can_die`` gives 0, without gradient,
    for whatever is negative.
    """

    name: str
    module: nn.Module
    weights: tuple[Parameter, ...] = ()
    biases: tuple[Parameter, ...] = ()
    bounds: Bounds | None = None
    can_die: bool = False
    unit_axis: int = 1

    @property
    def watched_biases(self) -> Parameter | None:
        """The biases, one a unit, whose gradients can be watched: the first that are trained."""
        return next((one for one in self.biases if one.requires_grad), None)


def probes_of(network: Network) -> tuple[Probe, ...]:
    """One for every planned layer, in order."""
    return tuple(map(_probe, network.layers))


def cannot_be_watched(probes: Sequence[Probe], name: str) -> str | None:
    """Why the units of that layer have no gradient that could be watched now, None if they have."""
    probe = next((one for one in probes if one.name == name), None)
    if probe is None:
        names = textwrap.shorten(", ".join(one.name for one in probes), 200, placeholder=" ...")
        return f"the network has no layer {name!r} whose units could be watched; its layers are {names}"
    if not probe.biases:
        return f"{name} has no biases, so its units have no bias gradient: watch another layer"
    if probe.watched_biases is None:
        return f"{name} is frozen, so its units have no gradient: watch another layer, or wait until it is unfrozen"
    return None


def _probe(layer: BuiltLayer) -> Probe:
    spec, first = layer.planned.spec, layer.modules[0]
    activation: Activation | None = getattr(spec, "activation", None)
    return Probe(
        layer.planned.name,
        layer.modules[-1],
        tuple(weights_of(first)),
        tuple(biases_of(first)),
        activation.bounds if activation else None,
        activation is not None and _is_zero_below(activation),
        1 + spec.unit_axis(layer.planned.output_shape or ()),
    )


def _is_zero_below(activation: Activation) -> bool:
    outputs: torch.Tensor = activation.build((1,))(torch.tensor([[-0.1], [-1.0], [-10.0]]))
    return not bool(outputs.count_nonzero())
