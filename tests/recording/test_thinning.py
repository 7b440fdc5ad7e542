"""What the log of a run keeps: everything that counts, in order, and within its budget, whatever is trained."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.experiment.expression import Quantity
from tuitrain.metrics import MONITORS, STATISTICS
from tuitrain.recording.thinning import AT_ONCE, BYTES_PER_SECOND, RESERVE, Thinner
from tuitrain.recording.waiting import LINES, merge
from tuitrain.runs import events as e
from tuitrain.runs.codec import encode
from tuitrain.runs.history import History

FREE = AT_ONCE + len(BYTES_PER_SECOND) * RESERVE
RATE = sum(BYTES_PER_SECOND.values())
NAMES = ("dense_1", "output")
STARTED = e.RunStarted(
    device="cpu",
    threads=1,
    epochs=9,
    steps_per_epoch=1,
    total_steps=9,
    parameters=9,
    layers=tuple(e.LayerInfo(name=n, type="dense", output_shape=(2,), parameters=1, trainable=True) for n in NAMES),
)
FINISHED = e.RunFinished(status="finished", step=10**9, reason="all epochs done")

ANY = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0])
CLASSES = st.fixed_dictionaries({"loss": ANY, "accuracy": st.floats(0, 1)})
TARGETS = st.fixed_dictionaries({"loss": ANY, "mae": ANY}, optional={"r2": ANY})
SOME = ((0.5, 0.25),) * len(STATISTICS)


def outcome(events):
    history = History()
    for event in events:
        history.fold(event)
    return history.outcome()


class Log:
    """The log of a run, and the clock on its wall. What was spent before it begins has to be paid back."""

    def __init__(self, spent=0):
        self.now = 0.0
        self.events = []
        self.size = self.largest = 0
        self._thinner = Thinner(lambda: self.now)
        self._thinner.written(e.RunResumed(step=0), spent)

    def add(self, event, after=0.0):
        self.now += after
        self._write(self._thinner.due())
        self._write(self._thinner.add(event))

    def _write(self, events):
        sizes = [len(encode(event)) + 1 for event in events]
        for event, size in zip(events, sizes, strict=True):
            self.events.append(event)
            self._thinner.written(event, size)
        self.size += sum(sizes)
        self.largest = max(self.largest, sum(sizes))


def epoch(step, train, validation=None):
    return e.EpochCompleted(epoch=step, step=step, seconds=0.001, train=train, validation=validation)


def validated(step, figures):
    return e.ValidationCompleted(step=step, epoch=step / 2, figures=figures)


def observed(step, rows=SOME):
    return e.LayersObserved(step=step, epoch=float(step), **dict(zip(STATISTICS, rows, strict=True)))


def window(step, loss=0.5, **changes):
    spread = loss if isinstance(loss, e.Spread) else e.Spread(mean=loss, min=loss, max=loss, last=loss)
    known = {"steps": 1, "figures": {"accuracy": 0.5}, "lr": 0.1, "samples_per_second": 100.0, "data_wait": 0.0}
    return e.WindowCompleted(step=step, epoch=float(step), loss=spread, **{**known, **changes})


def quantities(path, layer=None):
    whens = ("first", "last", "min", "max", *(() if layer else ("best",)))
    return [Quantity(None, when, path, layer, "") for when in whens], Quantity(None, "mean", path, layer, "")


def assert_same_outcome(found, expected, exact=True):
    """Every quantity that an expectation can name is what it would be if everything were in the log."""
    for path in (*MONITORS, *STATISTICS):
        for layer in (None,) if path in MONITORS else NAMES:
            chosen, mean = quantities(path, layer)
            for one in chosen:
                if exact or path in MONITORS:
                    assert repr(found.value(one)) == repr(expected.value(one)), (path, layer, one.when)
            total = expected.value(mean)
            if total is not None and math.isfinite(total):
                assert found.value(mean) == pytest.approx(total, rel=1e-3, abs=1e-2), (path, layer)
            else:
                assert repr(found.value(mean)) == repr(total), (path, layer)
    assert found.totals == expected.totals


@st.composite
def trainings(draw):
    """Seconds and events: epochs, validations and observations of one task, in the order of their steps."""
    figures = draw(st.sampled_from([CLASSES, TARGETS]))
    # Which layer has no such statistic stays the same for as long as none is frozen or thawed.
    rows = [st.tuples(draw(st.sampled_from([ANY, st.none()])), ANY) for _ in STATISTICS]
    kinds = st.one_of(
        st.tuples(st.just(epoch), figures, st.none() | figures),
        st.tuples(st.just(validated), figures),
        st.tuples(st.just(observed), st.tuples(*rows)),
    )
    made = draw(st.lists(st.tuples(st.sampled_from([0.0, 0.001, 0.1, 3.0]), kinds), max_size=60))
    return [(seconds, make(step, *rest)) for step, (seconds, (make, *rest)) in enumerate(made, 1)]


@given(trainings(), st.integers(0, FREE + 1000))
def test_what_an_expectation_can_name_stays_what_it_is(training, spent):
    log = Log(spent)
    log.add(STARTED)
    for seconds, event in training:
        log.add(event, seconds)
    log.add(FINISHED)
    assert_same_outcome(outcome(log.events), outcome([STARTED, *(event for _, event in training), FINISHED]))


@given(trainings(), st.integers(0, FREE + 1000))
def test_the_order_is_that_of_steps_and_the_end_is_the_end(training, spent):
    log = Log(spent)
    for seconds, event in training:
        log.add(event, seconds)
    log.add(FINISHED)
    assert log.events[-1] is FINISHED
    kept = [event for event in log.events if not isinstance(event, (e.FiguresLeftOut, e.LayersLeftOut, e.RunFinished))]
    assert all(any(event is one for _, one in training) for event in kept)
    for kinds in ((e.EpochCompleted, e.ValidationCompleted), (e.LayersObserved,)):
        steps = [event.step for event in kept if isinstance(event, kinds)]
        assert steps == sorted(set(steps))


@given(trainings(), st.integers(0, FREE))
def test_it_keeps_to_the_budget(training, spent):
    log = Log(spent)
    for seconds, event in training:
        log.add(event, seconds)
    # What waits is as large as it was thought to be, or it is paid back: once it may be too much.
    assert log.size <= FREE - spent + RATE * log.now + log.largest


def test_five_minutes_of_fifty_epochs_a_second():
    """Epochs, windows and a hundred layers that are observed in every step: none keeps the others from the log."""
    rows = ((0.001234,) * 100,) * len(STATISTICS)
    log, curve = Log(), [math.exp(-step / 5000) + (step == 11234) for step in range(1, 15_001)]
    for step, loss in enumerate(curve, 1):
        figures = {"loss": loss, "accuracy": 1 - loss / 3}
        log.add(epoch(step, figures, figures), 0.02)
        if step % 10 == 0:
            log.add(window(step, loss, steps=10))
            log.add(observed(step, rows))
    assert log.size <= 5000 * log.now
    for kind, seconds in ((e.EpochCompleted, 5), (e.WindowCompleted, 1), (e.LayersObserved, 15)):
        steps = [event.step for event in log.events if isinstance(event, kind)]
        assert max(later - sooner for sooner, later in pairwise(steps)) <= 50 * seconds
    history = History()
    for event in log.events:
        history.fold(event)
    assert max(history.snapshot().curve("validation.loss").high) == max(curve)


def test_windows_that_wait_become_one_that_tells_of_all_their_steps():
    log = Log(FREE + RESERVE)
    for step in range(1, 101):
        log.add(
            window(
                step,
                9.0 if step == 42 else 1.0,
                figures={"accuracy": step / 100},
                clipped=float(step > 50),
                lr=step / 1000,
            )
        )
    assert log.events == []
    log.add(e.RunPaused(step=100))
    (one, _) = log.events
    assert (one.step, one.steps, one.lr, one.loss.max, one.loss.min) == (100, 100, 0.1, 9.0, 1.0)
    assert (one.loss.mean, one.figures["accuracy"], one.clipped) == pytest.approx((1.08, 0.505, 0.5))


def test_a_merged_window_is_as_fast_as_its_steps_and_waits_as_long():
    fast, slow = window(8, steps=8, samples_per_second=800.0, data_wait=0.5), window(10, steps=2, data_wait=0.0)
    both = merge(fast, slow)
    # 8 steps in 1 s (of 100 samples), half of it waited, then 2 in 2 s.
    assert both.samples_per_second == pytest.approx(1000 / 3) and both.data_wait == pytest.approx(0.5 / 3)
    clipped = merge(window(1, clipped=1.0, clip_factor=0.5), window(4, steps=3, clipped=1.0, clip_factor=0.1))
    assert clipped.clip_factor == pytest.approx(0.2)
    assert merge(window(1, figures={}), window(2, figures={"mae": 0.5})).figures == {"mae": 0.5}
    undefined = merge(window(1, math.nan), window(2, 3.0)).loss
    assert math.isnan(undefined.mean) and (undefined.min, undefined.max) == (3.0, 3.0)


@pytest.mark.parametrize(
    "event",
    [
        e.RunPaused(step=3),
        e.RunFinished(status="stopped", step=3, reason="stopped on request"),
        e.LearningRateChanged(step=3, lr=0.1, factor=1.0),
        e.LayersUnfrozen(step=3, layers=("dense_1",)),
    ],
)
def test_what_changes_the_run_comes_behind_all_that_waits(event):
    log = Log(FREE + RESERVE)
    figures = {"loss": 1.0}
    made = [epoch(1, figures), window(1), observed(1), epoch(2, figures), window(2), observed(2)]
    for one in made:
        log.add(one)
    assert log.events == []
    log.add(event)
    assert [type(one) for one in log.events] == [type(one) for one in (made[0], *made[2:], event)]
    assert log.events[-2].step == 2 and log.events[-3].steps == 2


def test_a_layer_that_was_frozen_has_its_first_value_where_it_is_thawed():
    log = Log(FREE + RESERVE)
    log.add(STARTED)
    values = {step: (None if step <= 50 else float(step), 1.0) for step in range(1, 101)}
    for step, row in values.items():
        if step == 51:
            log.add(e.LayersUnfrozen(step=50, layers=NAMES[:1]))
        log.add(observed(step, (row,) * len(STATISTICS)))
    log.add(FINISHED)
    found = outcome(log.events)
    of_thawed, mean = quantities("gradient_norm", NAMES[0])
    assert [found.value(one) for one in of_thawed] == [51, 100, 51, 100]
    assert found.value(mean) == pytest.approx(75.5)
    assert len(log.events) < 10


def test_log_lines_that_wait_are_bounded_and_the_last_says_how_many_there_were():
    log = Log(FREE + RESERVE)
    for number in range(1000):
        log.add(e.LogEmitted(level="error", text=f"line {number}"))
    log.add(FINISHED)
    said = [event.text for event in log.events[:-1]]
    assert said[:-1] == [f"line {number}" for number in range(LINES)]
    assert said[-1] == f"line 999 (and {999 - LINES:,} more before it)"


def test_of_checkpoints_that_wait_the_newest_of_each_file_is_told():
    log = Log(FREE + RESERVE)
    for step in range(1, 100):
        log.add(e.CheckpointSaved(step=step, path=f"checkpoints/{'best' if step % 3 else 'last'}.pt", why="new best"))
    log.add(FINISHED)
    assert [(event.path, event.step) for event in log.events[:-1]] == [
        ("checkpoints/best.pt", 98),
        ("checkpoints/last.pt", 99),
    ]
