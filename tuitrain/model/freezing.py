"""Freezing and transfer: layers that keep their weights for some epochs, or begin with those of another network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tuitrain.model.plan import PlannedLayer
from tuitrain.spec import Spec

if TYPE_CHECKING:
    from tuitrain.model.network import BuiltLayer, Network

FirstLayers = Annotated[int, Field(ge=1, le=10_000)] | Literal["all_but_last"]
"""How many layers from the input on; only layers with weights count."""


class Freeze(Spec):
    """The first layers are not trained for some epochs, and then with the others, perhaps at another rate."""

    layers: FirstLayers = Field("all_but_last", description="The first so many layers with weights, or all_but_last.")
    epochs: int = Field(1, ge=1, le=1_000_000, description="For how many epochs; as many as there are is for good.")
    lr: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        None, description="The learning rate from then on, where it is to be another than the optimizer's."
    )


def first_layers(count: FirstLayers, layers: tuple[PlannedLayer, ...]) -> tuple[PlannedLayer, ...]:
    """The layers with weights that ``count`` means, in order; fewer if there are no more."""
    weighty = tuple(layer for layer in layers if layer.parameters)
    return weighty[:-1] if count == "all_but_last" else weighty[:count]


def frozen_layers(freeze: Freeze | None, network: Network, epoch: int) -> tuple[BuiltLayer, ...]:
    """The layers that are not trained in an epoch; epochs count from 0."""
    if freeze is None or epoch >= freeze.epochs:
        return ()
    chosen = {layer.name for layer in first_layers(freeze.layers, tuple(one.planned for one in network.layers))}
    return tuple(layer for layer in network.layers if layer.planned.name in chosen)


class Transfer(Spec):
    """The first layers begin with the weights of a run, the others are drawn (Yosinski et al. 2014)."""

    source: str = Field(
        "",
        max_length=4096,
        description="What was trained before: a run; or PRESET, PRESET:VARIANT or FILE, trained first if need be.",
    )
    keep: FirstLayers = Field(
        "all_but_last",
        description="Layers to take over: the first so many with weights, or all_but_last of the source.",
    )
