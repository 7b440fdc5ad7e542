"""Monitored figures: what improves on what, against the rule written as one formula over the values."""

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.metrics import higher_is_better
from tuitrain.optim.monitor import Best, Monitor, Plateau

# Quarters meet a min_delta exactly, so that "more than" is told from "at least".
VALUES = st.lists(st.integers(-8, 8).map(lambda n: n / 4) | st.floats(allow_subnormal=False, width=32), max_size=30)
DELTAS = st.sampled_from([0.0, 0.25, 1.0])
MONITORS = st.sampled_from(get_args(Monitor))


def improvements(values: list[float], monitor: str, min_delta: float) -> list[int]:
    """Where a value beats the last that did, as a plain loop."""
    found: list[int] = []
    for index, value in enumerate(values):
        if not math.isfinite(value):
            continue
        ahead = (value - values[found[-1]]) * (1 if higher_is_better(monitor) else -1) if found else math.inf
        if ahead > min_delta:
            found.append(index)
    return found


def test_what_grows_and_what_shrinks() -> None:
    higher = {monitor for monitor in get_args(Monitor) if higher_is_better(monitor)}
    assert higher == {"validation.accuracy", "train.accuracy", "validation.r2", "train.r2"}


@given(VALUES, MONITORS, DELTAS)
def test_best_follows_the_rule(values: list[float], monitor: str, min_delta: float) -> None:
    best = Best(monitor, min_delta)
    found = [index for index, value in enumerate(values) if best.improved(value)]
    assert found == improvements(values, monitor, min_delta)
    assert best.value == (values[found[-1]] if found else None)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("monitor", ["validation.loss", "validation.r2"])
def test_what_is_not_finite_is_never_the_best(value: float, monitor: str) -> None:
    best = Best(monitor)
    assert not best.improved(value)
    assert best.improved(1.0) and not best.improved(value)
    assert best.value == 1.0


@given(VALUES, MONITORS, DELTAS, st.integers(0, 5))
def test_a_plateau_counts_since_the_last_improvement(
    values: list[float], monitor: str, min_delta: float, patience: int
) -> None:
    plateau = Plateau(Best(monitor, min_delta), patience)
    better = improvements(values, monitor, min_delta)
    for index, value in enumerate(values):
        assert plateau.improved(value) == (index in better)
        since = index - max((one for one in better if one <= index), default=-1)
        assert plateau.waited == since
        assert plateau.reached == (since >= max(patience, 1))


def test_a_restarted_plateau_waits_again_for_the_same_best() -> None:
    plateau = Plateau(Best("train.loss"), 2)
    for value in (1.0, 1.0, 1.0):
        plateau.improved(value)
    assert plateau.reached
    plateau.restart()
    assert not plateau.improved(1.0) and not plateau.reached
    assert not plateau.improved(1.0) and plateau.reached


@given(VALUES, st.integers(0, 30), DELTAS)
def test_a_restored_plateau_goes_on_equally(values: list[float], cut: int, min_delta: float) -> None:
    whole, before, after = (Plateau(Best("validation.loss", min_delta), 3) for _ in range(3))
    for value in values[:cut]:
        before.improved(value)
    after.load_state_dict(before.state_dict())
    expected = [(whole.improved(value), whole.reached) for value in values][cut:]
    assert [(after.improved(value), after.reached) for value in values[cut:]] == expected
