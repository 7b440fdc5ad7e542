"""A network: the torch module of a plan, and which part of it each planned layer is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuitrain.model.plan import PlannedLayer
from tuitrain.spec import Invalid, Problem

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class BuiltLayer:
    """A planned layer and its modules in the network: the first holds its weights, the last gives its output."""

    planned: PlannedLayer
    modules: tuple[nn.Module, ...]


@dataclass(frozen=True)
class Network:
    """The torch module and its layers.

    It is flat, so that a forward pass costs no more than a hand-written one, but for a module of its own around
    the layers of each residual.
    """

    module: nn.Sequential
    layers: tuple[BuiltLayer, ...]


def build(layers: tuple[PlannedLayer, ...], seed: int, *, restored: bool = False) -> Network:
    """Draw the network on the CPU: its weights are equal for equal seeds, whatever device it then moves to.

    One that is to be ``restored`` from a checkpoint does without files of weights.

    Raises:
        Invalid: if a layer needs something that this machine has not.
        ValueError: if the plan has a problem.
    """
    import torch
    from torch import nn

    torch.manual_seed(seed)
    built = []
    chain: list[tuple[int, nn.Module]] = []  # the index of a layer, and what stands in the sequence for it
    for index, layer in enumerate(layers):
        if layer.input_shape is None or layer.problem:
            raise ValueError(f"{layer.name} cannot be built: {layer.problem or 'its input has no shape'}")
        try:
            spec = layer.spec.untrained() if restored else layer.spec
            modules = spec.build(layer.input_shape)
        except Invalid as error:
            place = ("model", *layer.path)
            raise Invalid([Problem((*place, *one.path), one.message) for one in error.problems]) from None
        if layer.inside:
            inner = [module for place, module in chain if place >= index - layer.inside]
            del chain[len(chain) - len(inner) :]
            modules, residual = _around(inner, modules)
            chain.append((index, residual))
        else:
            chain += [(index, module) for module in modules]
        built.append(BuiltLayer(layer, modules))
    return Network(nn.Sequential(*(module for _, module in chain)), tuple(built))


def _around(inner: list[nn.Module], skip: tuple[nn.Module, ...]) -> tuple[tuple[nn.Module, ...], nn.Module]:
    """The modules of a residual's sum, and the module that holds them and those of its layers."""
    from torch import nn

    from tuitrain.model.modules import ResidualModule, Sum

    total = Sum()
    return (*skip, total), ResidualModule(nn.Sequential(*inner), nn.Sequential(*skip), total)
