import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tuitrain.tui.axes import (
    Axis,
    label,
    log_limits,
    log_ticks,
    share_limits,
    symmetric_limit,
    ticks,
    x_limit,
    y_limits,
)

positive = st.floats(1e-9, 1e12)
finite = st.floats(-1e12, 1e12)


def leading(value):
    return float(f"{value:.9e}".split("e")[0])


@given(positive, positive)
def test_the_x_axis_holds_the_position_and_ends_at_1_2_5_or_at_the_plan(position, planned):
    limit = x_limit(position, planned)
    assert limit >= position * (1 - 1e-9)
    assert leading(limit) in (1, 2, 5) or limit == planned
    if position <= planned:
        assert limit <= planned


@given(st.integers(1, 200))
def test_an_x_axis_changes_only_a_few_times_in_a_whole_training(epochs):
    limits = [x_limit(epochs * share / 1000, epochs) for share in range(1001)]
    assert limits == sorted(limits)
    assert len(set(limits)) <= 8
    assert limits[-1] == epochs


@given(st.lists(st.tuples(finite, finite).map(sorted), min_size=1, max_size=20))
def test_y_limits_hold_all_values_and_change_only_when_one_leaves_them(spans):
    limits = None
    for low, high in spans:
        previous, limits = limits, y_limits(limits, low, high)
        below, above = limits
        assert below <= low or math.isclose(below, low)
        assert above >= high or math.isclose(above, high)
        assert below < above
        if previous and previous[0] <= low and high <= previous[1]:
            assert limits == previous


@given(st.lists(st.lists(finite | st.sampled_from([math.nan, -math.inf]), max_size=5), min_size=1, max_size=20))
def test_a_symmetric_limit_holds_all_values_and_shrinks_only_when_they_are_far_below(draws):
    limit = None
    for values in draws:
        previous, limit = limit, symmetric_limit(limit, values)
        largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
        assert limit > 0 and (limit >= largest or math.isclose(limit, largest))
        if previous and largest <= previous and (largest >= previous / 4 or largest == 0):
            assert limit == previous
        elif largest >= 1e-290:
            assert limit <= 1.6 * largest


def test_the_axis_of_a_positive_loss_starts_at_zero():
    assert y_limits(None, 0.4, 2.303) == (0.0, 2.5)
    assert y_limits((0.0, 2.5), 0.1, 2.2) == (0.0, 2.5)


@given(st.floats(0, 1), st.floats(0, 1))
def test_accuracy_ends_at_one_and_starts_at_a_round_number_below_every_value(first, later):
    limits = share_limits(share_limits(None, first), min(first, later))
    assert limits[0] <= min(first, later)
    assert limits[0] in (0.0, 0.5, 0.8, 0.9, 0.95)
    assert limits[1] == 1.0


@given(st.floats(1e-30, 1e30), st.floats(1e-30, 1e30), st.floats(1e-30, 1e30))
def test_logarithmic_limits_are_decades_that_never_get_narrower(one, two, other):
    first = log_limits(None, min(one, two), max(one, two))
    second = log_limits(first, other, other)
    for limits in (first, second):
        assert limits[0] < limits[1]
        assert all(math.isclose(math.log10(limit), round(math.log10(limit)), abs_tol=1e-6) for limit in limits)
    assert first[0] <= min(one, two) * (1 + 1e-6)
    assert first[1] >= max(one, two) * (1 - 1e-6)
    assert second[0] <= min(first[0], other * (1 + 1e-6))
    assert second[1] >= max(first[1], other * (1 - 1e-6))


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e9), st.integers(2, 12))
@example(low=120991.0859375, span=1e-06, count=5)
def test_ticks_are_few_within_the_limits_and_can_be_told_apart(low, span, count):
    low = round(low / span) * span  # limits are round numbers: ticks of an axis from 1000000 to 1000000.1 never occur
    high = low + span
    marks = ticks(low, high, count)
    assert len(marks) <= count
    assert all(low <= mark.at <= high for mark in marks)
    assert [mark.at for mark in marks] == sorted({mark.at for mark in marks})


@given(finite.filter(lambda value: abs(value) > 1e-9), st.integers(2, 12))
def test_an_axis_from_zero_has_two_labels_at_least(end, count):
    for low, high in (y_limits(None, min(end, 0.0), max(end, 0.0)), (0.0, abs(end))):
        marks = ticks(low, high, count)
        assert 2 <= len(marks) <= count
        assert len({mark.label for mark in marks}) == len(marks)


def test_an_axis_of_any_length_has_few_ticks():
    assert len(ticks(0.0, 1.7e308, 5)) <= 5
    assert len(ticks(-1.7e308, 0.0, 5)) <= 5


@given(st.integers(-40, 40), st.integers(1, 60), st.integers(1, 10))
def test_logarithmic_ticks_are_powers_of_ten(bottom, decades, count):
    marks = log_ticks(10.0**bottom, 10.0 ** (bottom + decades), count)
    assert 1 <= len(marks) <= count
    assert all(math.isclose(float(f"{math.log10(mark.at):.6f}"), round(math.log10(mark.at))) for mark in marks)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "1"),
        (0.5, "0.5"),
        (0.001, "1e-3"),
        (0.0025, "2.5e-3"),
        (10_000, "10k"),
        (2e6, "2M"),
        (1e-6, "1e-6"),
    ],
)
def test_a_label_is_short(value, text):
    assert label(value) == text
    assert label(-value) == ("-" + text if value else "0")


@given(st.floats(1e-200, 1e200))
def test_a_label_says_the_number(value):
    text = label(value)
    factor = {"k": 1e3, "M": 1e6}.get(text[-1], 1)
    assert math.isclose(float(text.rstrip("kM")) * factor, value, rel_tol=1e-4)


@pytest.mark.parametrize(("value", "share"), [(1e-4, 0.0), (1e-2, 0.5), (1.0, 1.0), (100.0, 1.0), (0.0, 0.0)])
def test_a_logarithmic_axis_places_by_decades_and_never_outside(value, share):
    assert Axis(1e-4, 1.0, logarithmic=True).share(value) == pytest.approx(share)
