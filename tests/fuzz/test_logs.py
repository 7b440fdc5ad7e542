"""Whatever stands in a run's log, history or commands: nobody who reads it fails."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.listing import run_table
from tuitrain.runs.codec import decode, decode_command, encode
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.events import RunFinished
from tuitrain.runs.follow import Follower
from tuitrain.runs.history import History
from tuitrain.runs.inbox import Inbox
from tuitrain.runs.log import EventReader
from tuitrain.runs.sentences import log_line

from ..runs.test_codec import EVENTS
from .panes import PANES, draw
from .strategies import COMMAND_FILES, LINES, NESTED, mutated, runs

SIZES = st.tuples(st.integers(20, 160), st.integers(4, 40))


def outcome(events):
    history = History()
    for event in events:
        history.fold(event)
    return history.outcome()


def folded(events):
    history = History()
    for event in events:
        history.fold(event)
    return history


@given(LINES)
def test_a_line_is_an_event_or_a_value_error(line):
    with contextlib.suppress(ValueError):
        event = decode(line)
        if event is not None:
            log_line(event)


@given(COMMAND_FILES)
def test_a_command_file_is_a_command_or_a_value_error(content):
    with contextlib.suppress(ValueError):
        decode_command(content)


@given(runs() | st.lists(EVENTS, max_size=12), st.sampled_from(PANES), SIZES, st.booleans(), st.booleans())
def test_the_dashboard_draws_whatever_passes(events, pane, size, logarithmic, by_unit):
    width, height = size
    draw(pane, folded(decode(encode(event)) for event in events).snapshot(), width, height, logarithmic, by_unit)
    outcome(events)


HISTORIES = st.lists(EVENTS, max_size=8).map(lambda events: json.loads(json.dumps(folded(events).to_json())))


@given(mutated(HISTORIES), st.sampled_from(PANES), SIZES)
def test_a_history_is_read_or_a_value_error(document, pane, size):
    if not isinstance(document, dict):
        return
    with contextlib.suppress(ValueError):
        history = History.from_json(document)
        draw(pane, history.snapshot(), *size)
        json.dumps(history.to_json(), allow_nan=False)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


FILES = ("run.json", "history.json", "summary.json", "experiment.toml")


@given(
    st.lists(LINES, max_size=5),
    st.dictionaries(st.sampled_from(FILES), NESTED.map(lambda value: json.dumps(value).encode()) | st.binary()),
    COMMAND_FILES,
)
def test_a_run_of_any_files_is_listed_beside_the_others(root, lines, contents, command):
    run = RunDirectory(root / "20260101-000000-odd")
    run.commands.mkdir(parents=True, exist_ok=True)
    run.events.write_bytes(b"".join(line + b"\n" for line in lines))
    for name in FILES:
        (run.path / name).write_bytes(contents.get(name, b"{}"))
    assert run.name in run_table([run])[-1]
    assert Follower(run).poll() is not None
    run.read_info()
    (run.commands / "1.json").write_bytes(command)
    (request,) = Inbox(run).poll()
    assert (request.command is None) == bool(request.why)
    reader = EventReader(run.events)
    reader.read()
    assert reader.caught_up and reader.offset == run.events.stat().st_size


FIGURES = {"loss": 0.5, "accuracy": 0.75, "penalty": 0.0}
SUMMARY = {"status": "finished", "epochs": 3, "steps": 30, "train": FIGURES, "validation": FIGURES, "name": "x"}
EXPERIMENT = {"epochs": 3, "data": {"type": "spirals"}, "optimizer": {"type": "sgd", "lr": 0.1}}


@given(mutated(st.just(SUMMARY)), mutated(st.just(EXPERIMENT)))
def test_a_run_of_any_summary_and_experiment_is_listed(root, summary, experiment):
    run = RunDirectory(root / "20260101-000000-summed-up")
    run.path.mkdir(exist_ok=True)
    run.events.write_text(encode(RunFinished(status="finished", step=30, reason="done")) + "\n")
    run.info.write_text("{}")
    run.summary.write_text(json.dumps(summary))
    # JSON's objects are no TOML, but its values are, and what is not is no experiment either.
    items = experiment.items() if isinstance(experiment, dict) else ()
    lines = [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in items]
    run.experiment.write_text("\n".join(lines).replace('": ', '" = '))
    assert "finished" in run_table([run])[-1]
