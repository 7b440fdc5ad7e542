"""Which layers of a network are frozen, and when."""

from __future__ import annotations

from tuitrain.model.freezing import Freeze, first_layers
from tuitrain.model.network import BuiltLayer, Network


def frozen_layers(freeze: Freeze | None, network: Network, epoch: int) -> tuple[BuiltLayer, ...]:
    """Those that are not trained in an epoch; epochs count from 0."""
    if freeze is None or epoch >= freeze.epochs:
        return ()
    chosen = {layer.name for layer in first_layers(freeze.layers, tuple(one.planned for one in network.layers))}
    return tuple(layer for layer in network.layers if layer.planned.name in chosen)
