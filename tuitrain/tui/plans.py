"""The learning rate as planned, as points for its plot."""

from __future__ import annotations

from tuitrain.data.base import DataFacts
from tuitrain.errors import Refused
from tuitrain.experiment.experiment import Experiment
from tuitrain.runs.snapshot import Snapshot
from tuitrain.tui.charts import Plan

POINTS = 400


def learning_rate_plan(experiment: Experiment, snapshot: Snapshot | None, facts: DataFacts | None = None) -> Plan:
    """The schedule of the whole training; of the run in ``snapshot`` if there is one.

    ``facts`` are those of the data, where they are known already.
    """
    if snapshot and snapshot.started:
        steps_per_epoch, total = snapshot.started.steps_per_epoch, snapshot.started.total_steps
    else:
        planned = _planned_steps(experiment, facts)
        if not planned:
            return Plan(note="known once the data is loaded")
        steps_per_epoch, total = planned, planned * experiment.epochs
    steps = sorted({round(index * (total - 1) / (POINTS - 1)) for index in range(POINTS)})
    rates = (experiment.rate(step, steps_per_epoch, total) for step in steps)
    points = tuple(zip(map(float, steps), rates, strict=True))
    return Plan(points, steps_per_epoch, experiment.schedule.preview_note or "")


def _planned_steps(experiment: Experiment, facts: DataFacts | None) -> int | None:
    try:
        return experiment.steps_per_epoch(facts)
    except Refused:
        return None  # the start says what is wrong with the validation part
