"""Plain-text tables of runs and of layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tuitrain.model.base import show_shape
from tuitrain.model.plan import PlannedLayer
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.events import Figures
from tuitrain.runs.follow import Follower
from tuitrain.runs.sentences import decimals
from tuitrain.runs.snapshot import Snapshot


def state_of(run: RunDirectory) -> Snapshot:
    """A run as it is now, its log read to the end."""
    follower = Follower(run)
    snapshot = follower.poll()
    while not follower.caught_up:
        snapshot = follower.poll()
    return snapshot


def run_table(runs: Iterable[RunDirectory]) -> list[str]:
    """A line per run: name, state, epochs, train and validation figures."""
    rows: list[tuple[str, ...]] = [("run", "state", "epoch", "loss", "accuracy", "val. loss", "val. accuracy")]
    rows += [_run_row(run) for run in runs]
    return _columns(rows, right=(2, 3, 4, 5, 6))


def layer_table(plan: Iterable[PlannedLayer]) -> list[str]:
    """A line per layer: name, output shape, parameters; the total last."""
    layers = list(plan)
    rows = [("layer", "output", "parameters")]
    rows += [(one.name, show_shape(one.output_shape or ()), f"{one.parameters:,}") for one in layers]
    rows.append(("total", "", f"{sum(one.parameters for one in layers):,}"))
    return _columns(rows, right=(1, 2))


def _run_row(run: RunDirectory) -> tuple[str, ...]:
    try:
        snapshot = state_of(run)
    except OSError as error:
        return (run.name, f"unreadable: {error.strerror}", "", "", "", "", "")
    epoch, started = snapshot.last_epoch, snapshot.started
    of = f"/{started.epochs}" if started else ""
    state = "lost (trainer gone)" if snapshot.state == "lost" else snapshot.state
    return (
        run.name,
        state,
        f"{epoch.epoch if epoch else 0}{of}",
        *_figures(epoch.train if epoch else None),
        *_figures(snapshot.last_validation),
    )


def _figures(figures: Figures | None) -> tuple[str, str]:
    if figures is None:
        return "", ""
    return decimals(figures.loss), "" if figures.accuracy is None else decimals(figures.accuracy)


def _columns(rows: Sequence[tuple[str, ...]], right: tuple[int, ...]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
