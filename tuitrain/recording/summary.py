"""summary.json: the final figures of a run. What has no meaning, or is not finite, is None."""

import math
from typing import Any

from tuitrain.metrics import METRICS, task_of_figures
from tuitrain.runs.events import Figures, RunFinished
from tuitrain.runs.snapshot import Snapshot


def summarize(name: str, snapshot: Snapshot, finished: RunFinished) -> dict[str, Any]:
    """Of the run as it was logged.

    ``train`` is of the last epoch that was completed, ``validation`` of the last validation, after an epoch or
    within one. ``loss`` contains ``penalty``, the part that regularizers add.
    """
    started, last = snapshot.started, snapshot.last_epoch
    return {
        "name": name,
        "status": finished.status,
        "reason": finished.reason,
        "epochs": last.epoch if last else 0,
        "steps": finished.step,
        "train": _figures(last.train if last else {}),
        "validation": _figures(snapshot.last_validation) if snapshot.last_validation else None,
        "seconds": round(finished.elapsed, 3),
        "steps_per_second": round(finished.step / finished.elapsed, 1) if finished.elapsed > 0 else None,
        "parameters": started.parameters if started else None,
        "device": started.device if started else None,
    }


def _figures(figures: Figures) -> dict[str, float | None]:
    tasks = ("any", "classification", task_of_figures(figures))
    names = dict.fromkeys([*(metric.name for metric in METRICS if metric.task in tasks), *figures])
    return {name: _finite(figures.get(name)) for name in names}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
