import math

import pytest

from tuitrain.runs import events as e
from tuitrain.runs.liveness import ago
from tuitrain.runs.sentences import decimals, log_line, state_words
from tuitrain.runs.snapshot import LogLine, Snapshot

from ..narrow import present

TRAIN = {"loss": 0.41234, "accuracy": 0.88361}
CHECK = {"loss": 0.433, "accuracy": 0.871}
REGRESSION = {"loss": 0.5, "mae": 12.345, "r2": -0.25}

SAID = [
    (
        e.EpochCompleted(epoch=3, step=30, seconds=1.0, train=TRAIN, validation=CHECK),
        "epoch 3: loss 0.412, accuracy 0.884, validation 0.433, 0.871",
    ),
    (
        e.EpochCompleted(epoch=1, step=10, seconds=1.0, train={"loss": float("nan")}, validation=None),
        "epoch 1: loss nan",
    ),
    (
        e.EpochCompleted(epoch=1, step=10, seconds=1.0, train=REGRESSION, validation=REGRESSION),
        "epoch 1: loss 0.5, mae 12.3, r2 -0.25, validation 0.5, 12.3, -0.25",
    ),
    (
        e.EpochCompleted(
            epoch=2,
            step=10,
            seconds=1.0,
            train={"loss": 0.41234, "accuracy": 0.88361, "penalty": 0.02109},
            validation={"loss": 0.433, "accuracy": 0.871, "penalty": 0.0207},
        ),
        "epoch 2: loss 0.412, accuracy 0.884, penalty 0.0211, validation 0.433, 0.871",
    ),
    (
        e.ValidationCompleted(step=1200, epoch=0.5, figures=CHECK),
        "validation at step 1,200: loss 0.433, accuracy 0.871",
    ),
    (e.RunContinued(from_step=1200), "continued from step 1,200"),
    (
        e.LearningRateChanged(step=7, lr=0.0005, factor=0.5),
        "learning rate 0.0005 from step 7, 0.5 times the planned rate",
    ),
    (e.LayersFrozen(step=1, layers=("conv", "dense")), "froze conv, dense at step 1"),
    (e.LayersUnfrozen(step=2, layers=("conv",)), "unfroze conv at step 2"),
    (
        e.CheckpointSaved(step=5, path="checkpoints/best.pt", why="new best"),
        "saved checkpoints/best.pt at step 5: new best",
    ),
    (e.CallbackFired(step=5, callback="early_stopping", why="no gain"), "early_stopping at step 5: no gain"),
    (e.RunPaused(step=5), "paused at step 5"),
    (e.RunResumed(step=5), "resumed at step 5"),
]


@pytest.mark.parametrize(("event", "text"), SAID, ids=lambda value: type(value).__name__)
def test_an_event_is_one_plain_sentence(event, text):
    assert log_line(event) == LogLine(0.0, "info", text)


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (e.LogEmitted(level="warning", text="x"), "warning"),
        (e.CommandRefused(id="1", why="x"), "warning"),
        (e.RunFinished(status="finished", step=1, reason="x"), "info"),
        (e.RunFinished(status="stopped", step=1, reason="x"), "info"),
        (e.RunFinished(status="failed", step=1, reason="x"), "error"),
        (e.RunFinished(status="diverged", step=1, reason="x"), "error"),
    ],
)
def test_what_went_wrong_stands_out(event, level):
    line = present(log_line(event))
    assert line.level == level and line.text.endswith("x")


def test_what_is_drawn_is_not_said(window):
    assert log_line(window(1)) is None
    assert log_line(e.Heartbeat(step=1)) is None
    assert log_line(e.UnitsObserved(step=1, epoch=0.1, layer="output", units=2, bias_gradient=(0.5, -0.5))) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(0.5, "0.5000"), (-2.25, "-2.2500"), (99_999.5, "99999.5000"), (1e5, "1e+05"), (-123_456.0, "-1.23e+05")],
        *[(math.nan, "nan"), (math.inf, "inf"), (3.4e38, "3.4e+38")],
    ],
)
def test_a_figure_is_short_however_large_it_is(value, text):
    assert decimals(value) == text


@pytest.mark.parametrize(
    ("silence", "words"),
    [(6, "6 s"), (59, "59 s"), (60, "1 min"), (3_540, "59 min"), (7_200, "2 h"), (86_400, "24 h"), (259_200, "3 days")],
)
def test_how_long_ago_is_said_in_one_unit(silence, words):
    assert ago(silence) == f"last heard of {words} ago"


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"state": "running"}, "running"),
        ({"state": "running", "silence": 12}, "running, last heard of 12 s ago"),
        ({"state": "paused", "host": "far-away"}, "paused on far-away"),
        ({"state": "lost"}, "lost (trainer gone)"),
        (
            {"state": "lost", "silence": 259_200, "host": "far\x1baway"},
            "lost (trainer gone) on far\\x1baway, last heard of 3 days ago",
        ),
    ],
)
def test_the_state_of_a_run_in_words(known, words):
    assert state_words(Snapshot(**known)) == words
