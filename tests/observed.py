"""The statistics of layers, for a test that cares about few of them."""

from typing import Any

from tuitrain.metrics import STATISTICS
from tuitrain.runs.events import LayersObserved


def layers_observed(step: int, epoch: float, values: Any, **others: Any) -> LayersObserved:
    """Every statistic has the same ``values``, one a layer, but for those among ``others``."""
    statistics: dict[str, Any] = {**dict.fromkeys(STATISTICS, values), **others}
    return LayersObserved(step=step, epoch=epoch, **statistics)
