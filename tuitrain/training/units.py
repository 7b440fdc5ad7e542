"""Units of a layer: which layer has some whose bias gradient can be watched, and that gradient."""

from __future__ import annotations

import textwrap

from torch import Tensor
from torch.nn import Parameter

from tuitrain.model.base import biases_of
from tuitrain.model.network import Network

MOST = 30
"""Units of a layer that are looked at: its first."""


def cannot_be_watched(network: Network, name: str) -> str | None:
    """Why the units of that layer have no gradient to look at now, None if they have."""
    found = [layer for layer in network.layers if layer.planned.name == name]
    if not found:
        names = textwrap.shorten(", ".join(layer.planned.name for layer in network.layers), 200, placeholder=" ...")
        return f"the network has no layer {name!r} whose units could be watched; its layers are {names}"
    if not biases_of(found[0].modules[0]):
        return f"{name} has no biases, so its units have no bias gradient: watch another layer"
    if not found[0].biases:
        return f"{name} is frozen, so its units have no gradient: watch another layer, or wait until it is unfrozen"
    return None


def watched_biases(network: Network, name: str) -> Parameter | None:
    """The biases, one a unit, of that layer: the first that it trains, where it has several. None for none."""
    biases = next((layer.biases for layer in network.layers if layer.planned.name == name), [])
    return biases[0] if biases else None


def first(gradient: Tensor) -> Tensor:
    """Of the first units."""
    return gradient.detach().flatten()[:MOST]
