"""The learning rate as planned, as points for its plot."""

from __future__ import annotations

from tuitrain.errors import Refused
from tuitrain.experiment.experiment import Experiment
from tuitrain.runs.snapshot import Snapshot
from tuitrain.tui.plots import Plan

POINTS = 400


def learning_rate_plan(experiment: Experiment, snapshot: Snapshot | None) -> Plan:
    """The schedule of the whole training; of the run in ``snapshot``, with its live changes, if there is one."""
    if snapshot and snapshot.started:
        steps_per_epoch, total = snapshot.started.steps_per_epoch, snapshot.started.total_steps
        changes = snapshot.lr_changes
    else:
        planned = _planned_steps(experiment)
        if not planned:
            return Plan(note="known once the data is loaded")
        steps_per_epoch, total, changes = planned, planned * experiment.epochs, ()
    steps = {round(index * (total - 1) / (POINTS - 1)) for index in range(POINTS)} if total > 1 else {0}
    for change in changes:
        steps |= {max(change.step - 1, 0), min(change.step, total - 1)}
    points = []
    for step in sorted(steps):
        factor = next((change.factor for change in reversed(changes) if change.step <= step), 1.0)
        rate = experiment.schedule.rate(experiment.optimizer.lr, step, steps_per_epoch, total)
        points.append((float(step), rate * factor))
    return Plan(tuple(points), steps_per_epoch)


def _planned_steps(experiment: Experiment) -> int | None:
    try:
        return experiment.steps_per_epoch()
    except Refused:
        return None  # the start says what is wrong with the validation part
