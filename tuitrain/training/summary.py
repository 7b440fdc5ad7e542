"""summary.json: the final figures of a run. What has no meaning, or is not finite, is None."""

from __future__ import annotations

import math
from typing import Any

from tuitrain.runs.events import Figures, RunFinished
from tuitrain.runs.snapshot import Snapshot


def summarize(name: str, snapshot: Snapshot, finished: RunFinished) -> dict[str, Any]:
    """Of the run as it was logged; ``train`` and ``validation`` are those of the last epoch that was completed."""
    started, last = snapshot.started, snapshot.last_epoch
    return {
        "name": name,
        "status": finished.status,
        "reason": finished.reason,
        "epochs": last.epoch if last else 0,
        "steps": finished.step,
        "train": _figures(last.train) if last else {"loss": None, "accuracy": None},
        "validation": _figures(last.validation) if last and last.validation else None,
        "seconds": round(finished.elapsed, 3),
        "steps_per_second": round(finished.step / finished.elapsed, 1) if finished.elapsed > 0 else None,
        "parameters": started.parameters if started else None,
        "device": started.device if started else None,
    }


def _figures(figures: Figures) -> dict[str, float | None]:
    return {"loss": _finite(figures.loss), "accuracy": _finite(figures.accuracy)}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
