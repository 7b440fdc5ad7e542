import json
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.runs.series import Series
from tuitrain.runs.snapshot import Curve

FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.lists(FINITE | st.sampled_from([math.nan, math.inf, -math.inf]), max_size=200)
CAPACITY = st.integers(1, 9)


def series_of(values, capacity, start=1):
    series = Series(capacity)
    for step, value in enumerate(values, start):
        series.append_value(step, value)
    return series


def finite(values):
    return [value for value in values if math.isfinite(value)]


def document(series):
    return json.dumps(series.to_json(), allow_nan=False)


@given(VALUES, CAPACITY)
def test_nothing_that_matters_is_lost_and_memory_is_bounded(values, capacity):
    curve = series_of(values, capacity).curve()
    assert len(curve.first) <= capacity and len(curve.marks) <= 6 * capacity
    columns = [column for name, column in vars(curve).items() if name != "marks"]
    assert {len(column) for column in columns} == {len(curve.first)}
    kept = finite(values)
    if kept:
        assert min(finite(curve.low)) == min(kept) and max(finite(curve.high)) == max(kept)
        assert finite(curve.final)[-1] == kept[-1]
    else:
        assert all(map(math.isnan, (*curve.low, *curve.high, *curve.mean, *curve.final)))
    if values:
        assert curve.first[0] == 1 and curve.last[-1] == len(values)


@given(VALUES, CAPACITY)
def test_each_bucket_tells_of_its_own_steps(values, capacity):
    curve = series_of(values, capacity).curve()
    assert [step for first, last in zip(curve.first, curve.last, strict=True) for step in (first, last)] == sorted(
        [*curve.first, *curve.last]
    )
    columns = zip(curve.first, curve.last, curve.low, curve.high, curve.mean, curve.final, strict=True)
    for first, last, low, high, mean, final in columns:
        here = finite(values[int(first) - 1 : int(last)])
        if here:
            assert (low, high, final) == (min(here), max(here), here[-1])
            exact = float(sum(map(Fraction, here)) / len(here))  # a sum of floats may be infinite
            assert mean == pytest.approx(exact, rel=1e-9, abs=1e-9 * max(map(abs, here)))
        else:
            assert all(map(math.isnan, (low, high, mean, final)))


@given(VALUES, CAPACITY)
def test_the_outermost_marks_of_each_kind_survive(values, capacity):
    marks = series_of(values, capacity).curve().marks
    assert list(marks) == sorted(marks, key=lambda mark: mark[0])
    for kind in ("nan", "inf", "-inf"):
        steps = [step for step, value in enumerate(values, 1) if str(value) == kind]
        found = [step for step, mark in marks if mark == kind]
        assert (found[:1], found[-1:]) == (steps[:1], steps[-1:])
        assert set(found) <= set(steps)


@given(st.lists(FINITE, min_size=1, max_size=200), CAPACITY)
def test_buckets_are_equally_wide_but_for_the_newest(values, capacity):
    curve = series_of(values, capacity).curve()
    widths = [last - first + 1 for first, last in zip(curve.first, curve.last, strict=True)]
    assert len(set(widths[:-1])) <= 1 and widths[-1] <= widths[0]
    assert math.log2(widths[0]).is_integer() or len(widths) == 1
    assert len(widths) >= min(len(values), capacity) / 2


def test_the_mean_is_weighted_by_steps():
    series = Series(capacity=1)
    series.append(1, 9, low=0.0, high=2.0, mean=1.0, final=2.0)
    series.append(10, 10, low=11.0, high=11.0, mean=11.0, final=11.0)
    assert series.curve() == Curve((1,), (10,), (0.0,), (11.0,), (2.0,), (11.0,))


def test_a_window_with_one_bad_step_keeps_its_good_ones():
    series = Series()
    series.append(1, 5, low=0.5, high=math.inf, mean=math.inf, final=0.75)
    curve = series.curve()
    assert (curve.low, curve.high, curve.final) == ((0.5,), (0.75,), (0.75,))
    assert math.isnan(curve.mean[0]) and curve.marks == ((5, "inf"),)


@given(VALUES, VALUES, st.integers(0, 200), st.integers(201, 500))
def test_truncate_then_append_equals_never_having_appended(values, more, step, capacity):
    step = min(step, len(values))
    went_back = series_of(values, capacity)
    went_back.truncate(step)
    straight = series_of(values[:step], capacity)
    assert document(went_back) == document(straight)
    for at, value in enumerate(more, step + 1):
        went_back.append_value(at, value)
        straight.append_value(at, value)
    assert document(went_back) == document(straight)


@given(VALUES, VALUES, st.integers(0, 200), CAPACITY)
def test_what_ends_before_the_cut_stays_and_nothing_stays_beyond(values, more, step, capacity):
    series = series_of(values, capacity)
    before = series.curve()
    series.truncate(step)
    after = series.curve()
    whole = sum(last <= step for last in before.last)
    assert all(repr(getattr(after, name)[:whole]) == repr(getattr(before, name)[:whole]) for name in ("low", "mean"))
    assert all(last <= step for last in after.last) and all(mark[0] <= step for mark in after.marks)
    assert len(after.first) - whole in (0, 1)
    for at, value in enumerate(more, step + 1):
        series.append_value(at, value)
    assert list(series.curve().first) == sorted(series.curve().first) and len(series.curve().first) <= capacity


@given(VALUES, VALUES, CAPACITY)
def test_json_keeps_everything_that_comes_after_the_same(values, more, capacity):
    series = series_of(values, capacity)
    copy = Series.from_json(json.loads(document(series)))
    for step, value in enumerate(more, len(values) + 1):
        series.append_value(step, value)
        copy.append_value(step, value)
    assert document(copy) == document(series)
    assert repr(copy.curve()) == repr(series.curve())


def test_the_curve_is_the_same_object_until_it_changes():
    series = series_of([1.0, 2.0], 10)
    curve = series.curve()
    assert series.curve() is curve
    series.append_value(3, 3.0)
    changed = series.curve()
    assert changed is not curve and changed.last == (1, 2, 3)
    series.truncate(1)
    assert series.curve().last == (1,)


@pytest.mark.parametrize("document", [None, {}, {"capacity": 0, "width": 1, "buckets": []}, {"buckets": [[1]]}])
def test_a_broken_document_is_a_value_error(document):
    with pytest.raises(ValueError):
        Series.from_json(document)
