"""What the tests of layers share: one layer, planned and built by itself."""

from collections.abc import Callable
from typing import Any

import pytest

from tuitrain.model.network import Network, build
from tuitrain.model.plan import PlannedLayer, plan
from tuitrain.model.structure import Model
from tuitrain.spec import parse


def planned(*layers: Any, shape: tuple[int, ...]) -> tuple[PlannedLayer, ...]:
    return plan(parse(Model, {"layers": list(layers)}), shape, 1)[:-1]


@pytest.fixture(scope="session")
def plan_of() -> Callable[..., tuple[PlannedLayer, ...]]:
    """Plans layers, given as documents, for an input of ``shape``; without the output layer."""
    return planned


@pytest.fixture(scope="session")
def net_of() -> Callable[..., Network]:
    """Builds them, in float64."""

    def built(*layers: Any, shape: tuple[int, ...], seed: int = 0) -> Network:
        network = build(planned(*layers, shape=shape), seed)
        network.module.double()
        return network

    return built
