"""``tuitrain runs``: what a row says, whatever lies in the directory, and how many rows there are."""

import pytest

from tuitrain.listing import MOST, run_table
from tuitrain.recording.recorder import summarize
from tuitrain.runs.codec import encode
from tuitrain.runs.directory import create
from tuitrain.runs.events import EpochCompleted, RunContinued, RunFinished, RunStarted
from tuitrain.runs.files import write_json
from tuitrain.runs.follow import Follower

from .terminal import Terminal

EXPERIMENT = 'epochs = 7\ndata = "spirals"\n[optimizer]\ntype = "adam"\nlr = 0.0125\n'
STARTED = RunStarted(device="cpu", threads=1, epochs=7, steps_per_epoch=2, total_steps=14, parameters=3, layers=())
EPOCH = EpochCompleted(
    epoch=3, step=6, seconds=1.0, train={"loss": 0.5, "accuracy": 0.75}, validation={"loss": 0.25, "accuracy": 0.5}
)
STOPPED = RunFinished(status="stopped", step=6, reason="by F8")
SUMMARY = {
    "name": "mine",
    "status": "stopped",
    "steps": 6,
    "epochs": 3,
    "train": {"loss": 0.5, "accuracy": 0.75},
    "validation": {"loss": 0.25, "accuracy": 0.5},
}
FIGURES = ["3/7", "0.5000", "0.7500", "0.2500", "0.5000", "spirals", "adam", "0.0125"]


@pytest.fixture
def make(tmp_path):
    """A run with these events, this summary and this experiment."""

    def run(*events, summary=None, experiment=EXPERIMENT, name="mine"):
        directory = create(tmp_path / "runs", name, experiment, {})
        directory.events.write_text("".join(f"{encode(event)}\n" for event in events))
        if summary:
            write_json(directory.summary, summary)
        return directory

    return run


def cells(run):
    title, row = run_table([run])
    assert title.split()[:3] == ["run", "state", "epoch"]
    return row.removeprefix(run.name).split()


@pytest.mark.parametrize("summary", [SUMMARY, None], ids=["summary", "log"])
def test_a_row_tells_how_far_the_run_came_and_what_it_trained(make, summary):
    assert cells(make(STARTED, EPOCH, STOPPED, summary=summary)) == ["stopped", *FIGURES]


def test_the_summary_of_an_end_before_the_last_is_not_believed(make):
    events = (
        STARTED,
        EPOCH,
        STOPPED,
        RunContinued(from_step=6),
        STOPPED.__class__(status="failed", step=8, reason="x"),
    )
    assert cells(make(*events, summary={**SUMMARY, "epochs": 1})) == ["failed", *FIGURES]
    assert cells(make(*events[:-1], summary={**SUMMARY, "epochs": 1}))[:2] != ["stopped", "1/7"]


@pytest.mark.parametrize(
    "summary",
    [
        {"status": "stopped"},
        {**SUMMARY, "epochs": [1]},
        {**SUMMARY, "train": 3},
        {**SUMMARY, "train": {"loss": None}},
        {**SUMMARY, "train": None},
        {**SUMMARY, "steps": 7},
    ],
)
def test_a_summary_that_is_not_whole_is_not_believed(make, summary):
    assert cells(make(STARTED, EPOCH, STOPPED, summary=summary)) == ["stopped", *FIGURES]


@pytest.mark.parametrize(
    ("experiment", "words"),
    [
        ('epochs = "x"\ndata = 3\noptimizer = [1]\n', ["3"]),
        ("epochs = 0x" + "f" * 5000, ["3"]),
        ("a = " + "[" * 3000, ["3"]),
        ('[data]\ntype = "digits"\n[optimizer]\nlr = inf\n', ["3", "digits", "inf"]),
        ('[data]\ntype = "a\\u001b[2J\\nb"\n', ["3", "a\\x1b[2J", "b"]),
        ("# " + "x" * 300_000, ["3"]),
    ],
)
def test_an_odd_experiment_costs_its_own_cells_only(make, experiment, words):
    row = cells(make(STARTED, EPOCH, STOPPED, experiment=experiment))
    assert [cell for cell in row if cell not in ("stopped", *FIGURES[1:5])] == words


def test_odd_logs_and_links_cost_their_own_row_only(make, tmp_path):
    good, torn, empty, linked = make(STARTED, EPOCH, STOPPED), make(name="torn"), make(name="none"), make(name="linked")
    torn.events.write_bytes(b'{"kind": "RunFin')
    empty.events.unlink()
    linked.events.unlink()
    linked.events.symlink_to("/dev/zero")
    rows = run_table([good, torn, empty, linked])
    assert len(rows) == 5
    assert "stopped" in rows[1] and "unreadable: it is a symbolic link" in rows[4]


def test_the_least_important_columns_are_left_out_where_it_is_narrow(make):
    run = make(STARTED, EPOCH, STOPPED, summary=SUMMARY)
    wide = run_table([run])
    for width in range(len(wide[0]), 20, -1):
        rows = run_table([run], width)
        assert run.name in rows[1]
        assert max(map(len, rows)) <= max(width, len(run.name))
    assert "val. accuracy" in run_table([run], 80)[0] and "spirals" in run_table([run], 80)[1]
    assert run_table([run], 500) == wide


def test_the_newest_are_listed_and_the_others_counted(tuitrain):
    for number in range(MOST + 3):
        path = tuitrain.runs / f"20261121-0000{number:02}-mine"
        path.mkdir(parents=True)
        (path / "run.json").write_text("{}")
    first, *rows, last = tuitrain("runs").stdout.splitlines()
    assert first.startswith("run ") and last == "3 older runs: tuitrain runs --all"
    assert [row.split()[0] for row in rows] == [f"20261121-0000{number:02}-mine" for number in range(MOST + 2, 2, -1)]
    every = tuitrain("runs", "--all").stdout.splitlines()
    assert len(every) == MOST + 4 and every[-1].startswith("20261121-000000-mine")


def test_the_table_fits_the_terminal(tuitrain, make):
    run = make(STARTED, EPOCH, STOPPED, summary=SUMMARY)
    with Terminal([*tuitrain.command, "runs"], tuitrain.environment, columns=60, lines=10) as terminal:
        terminal.sees(run.name, "stopped", "0.5000")
        assert terminal.ends() == 0
        assert len(terminal.text.strip().splitlines()) == 2


def test_the_summary_that_a_trainer_writes_gives_the_same_row_as_the_log(make):
    run = make(STARTED, EPOCH, STOPPED)
    before = run_table([run])
    write_json(run.summary, summarize("mine", Follower(run).catch_up(), STOPPED))
    run.history.write_text("not needed")
    assert run_table([run]) == before
