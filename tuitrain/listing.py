"""The runs as a plain-text table. Ten thousand are listed at once: no row reads more than it needs."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tuitrain.files import open_unlinked, read_at_most
from tuitrain.metrics import METRICS
from tuitrain.runs.codec import decode
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.events import RunFinished
from tuitrain.runs.files import read_json
from tuitrain.runs.follow import Follower
from tuitrain.runs.sentences import decimals, state_words
from tuitrain.tables import Column, table

MOST = 50
"""The runs that are listed unless all are asked for: the newest."""
TAIL = 1 << 16
"""Bytes of the end of a log that are looked at: more than its last event has."""
LARGEST_EXPERIMENT = 1 << 18
"""Bytes of an experiment.toml that is read for a row; a larger one takes a second."""
LARGEST_NUMBER = 10**9
"""No whole number of an experiment that a row has is larger."""

LISTED = {metric.name: metric.is_share for metric in METRICS if metric.name == "loss" or metric.is_share}
"""The metrics that have a column, and whether they are shares."""
COLUMNS = (
    Column("run"),
    Column("state", rank=1),
    Column("epoch", rank=4, right=True),
    *(Column(name, rank=7 if share else 8, right=True) for name, share in LISTED.items()),
    *(Column(f"val. {name}", rank=2 if share else 6, right=True) for name, share in LISTED.items()),
    Column("data", rank=3),
    Column("optimizer", rank=5),
)


@dataclass(frozen=True)
class _Ended:
    """What a row says of how far a run came."""

    state: str
    epoch: int
    train: Mapping[str, object]
    validation: Mapping[str, object]


def run_table(runs: Iterable[RunDirectory], width: int | None = None) -> list[str]:
    """A line per run: name, state, epochs, train and validation figures, data and optimizer.

    The least important columns are left out until a line has at most ``width`` cells.
    """
    return table(COLUMNS, [_row(run) for run in runs], width)


def _row(run: RunDirectory) -> tuple[str, ...]:
    experiment = _experiment(run)
    try:
        ended = _summed_up(run) or _followed(run)
    except OSError as error:
        return (run.name, f"unreadable: {error.strerror}", *[""] * (1 + 2 * len(LISTED)), *_chosen(experiment))
    epochs = _shown(experiment.get("epochs"))
    figures = (*_figures(ended.train), *_figures(ended.validation))
    return (
        run.name,
        ended.state,
        f"{ended.epoch}/{epochs}" if epochs else f"{ended.epoch}",
        *figures,
        *_chosen(experiment),
    )


def _summed_up(run: RunDirectory) -> _Ended | None:
    """By summary.json, where that is of the end that the log has; it has None for a figure that is not finite."""
    finished = _last_event(run)
    if not isinstance(finished, RunFinished):
        return None
    try:
        summary = read_json(run.summary)
        ended = _Ended(finished.status, summary["epochs"], summary["train"], summary["validation"] or {})
        known = [one.get("loss", 0.0) for one in (ended.train, ended.validation)]
        is_of_this_end = (summary["status"], summary["steps"]) == (finished.status, finished.step)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return ended if is_of_this_end and None not in known and type(ended.epoch) is int else None


def _last_event(run: RunDirectory) -> object:
    """The last event of the log, None where there is none, or none that can be read."""
    try:
        descriptor = open_unlinked(run.events)
    except FileNotFoundError:
        return None
    try:
        size = os.fstat(descriptor).st_size
        *_, last, end = b"\n", *os.pread(descriptor, TAIL, max(size - TAIL, 0)).split(b"\n")
    finally:
        os.close(descriptor)
    try:
        return None if end else decode(last)
    except ValueError:
        return None


def _followed(run: RunDirectory) -> _Ended:
    """By the whole log."""
    snapshot = Follower(run).catch_up()
    epoch = snapshot.last_epoch
    train, validation = epoch.train if epoch else {}, snapshot.last_validation or {}
    return _Ended(state_words(snapshot), epoch.epoch if epoch else 0, train, validation)


def _figures(figures: Mapping[str, object]) -> list[str]:
    values = [figures.get(name) for name in LISTED]
    return [decimals(value) if isinstance(value, float) else "" for value in values]


def _experiment(run: RunDirectory) -> Mapping[str, object]:
    """What was trained, as it stands in the file; empty where that cannot be read or is too large for a row."""
    try:
        return tomllib.loads(read_at_most(run.experiment, LARGEST_EXPERIMENT, open_unlinked).decode())
    except (OSError, ValueError, RecursionError):
        return {}


def _chosen(experiment: Mapping[str, object]) -> tuple[str, str]:
    """The data set, and the optimizer with its learning rate."""
    data, optimizer = experiment.get("data"), experiment.get("optimizer")
    lr = optimizer.get("lr") if isinstance(optimizer, dict) else None
    return _type(data), f"{_type(optimizer)} {_shown(lr)}".strip()


def _type(value: object) -> str:
    """The type of a spec, which stands there by its name alone or as a table."""
    name = value.get("type") if isinstance(value, dict) else value
    return name if isinstance(name, str) else ""


def _shown(value: object) -> str:
    """A number; nothing for what no experiment has there."""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if isinstance(value, int) and abs(value) < LARGEST_NUMBER else ""
