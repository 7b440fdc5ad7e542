"""The layers of a network as a plain-text table."""

from collections.abc import Iterable

from tuitrain.model.base import show_shape
from tuitrain.model.plan import PlannedLayer
from tuitrain.tables import Column, table

COLUMNS = (Column("layer"), Column("output", right=True), Column("parameters", right=True))


def layer_table(plan: Iterable[PlannedLayer]) -> list[str]:
    """A line per layer: name, output shape, parameters; the total last."""
    layers = list(plan)
    rows = [(one.name, show_shape(one.output_shape or ()), f"{one.parameters:,}") for one in layers]
    return table(COLUMNS, [*rows, ("total", "", f"{sum(one.parameters for one in layers):,}")])
