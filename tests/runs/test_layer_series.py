import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.runs.layer_series import FEWEST_BUCKETS, MOST_BUCKETS, MOST_VALUES, Buckets, LayerBucket, LayerSeries
from tuitrain.runs.values import from_plain, to_plain

ROWS = st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0.0, 1.0) | st.none()), max_size=1500)


def series(rows):
    found = LayerSeries()
    for begin in range(0, len(rows), 7):
        part = rows[begin : begin + 7]
        found.extend(range(begin, begin + len(part)), part)
    return found


@given(ROWS)
def test_every_bucket_has_the_extremes_and_the_mean_of_its_steps(rows):
    buckets = series(rows).buckets()
    assert len(buckets) <= MOST_BUCKETS
    assert sum(bucket.points for bucket in buckets) == len(rows)
    for bucket in buckets:
        inside = rows[int(bucket.first) : int(bucket.last) + 1]
        assert len(inside) == bucket.points
        for layer in range(2):
            known = [row[layer] for row in inside if row[layer] is not None]
            if known:
                assert (bucket.low[layer], bucket.high[layer]) == (min(known), max(known))
            else:
                assert (bucket.low[layer], bucket.high[layer], bucket.mean[layer]) == (None,) * 3
        assert bucket.mean[0] == pytest.approx(sum(row[0] for row in inside) / len(inside), abs=1e-9)


def test_only_the_newest_bucket_may_have_fewer_points():
    points = [bucket.points for bucket in series([(1.0,)] * (3 * MOST_BUCKETS + 1)).buckets()]
    assert len(set(points[:-1])) == 1 and points[-1] <= points[0]


def test_what_is_no_number_stays_to_be_seen():
    rows = [(1.0,)] * 5000
    rows[1234] = (math.nan,)
    odd = [bucket for bucket in series(rows).buckets() if math.isnan(bucket.high[0])]
    assert [bucket.first <= 1234 <= bucket.last for bucket in odd] == [True]
    assert math.isnan(odd[0].low[0]) and math.isnan(odd[0].mean[0])


@pytest.mark.parametrize("layers", [1, 100, 1000, 20_000])
def test_memory_is_bounded_by_the_number_of_layers(layers):
    found = series([(0.5,) * layers] * (2 * FEWEST_BUCKETS + 1))
    assert len(found.buckets()) * layers <= max(MOST_VALUES, FEWEST_BUCKETS * layers)


@given(ROWS, st.integers(0, 1500))
def test_a_run_that_goes_on_from_an_earlier_step_forgets_what_lay_beyond(rows, step):
    found = series(rows)
    found.truncate(step)
    assert all(bucket.first <= step and bucket.last <= step for bucket in found.buckets())
    assert {bucket.first for bucket in found.buckets()} == {
        bucket.first for bucket in series(rows).buckets() if bucket.first <= step
    }


@given(ROWS)
def test_its_plain_form_gives_it_back(rows):
    buckets = series(rows).buckets()
    back = from_plain(Buckets, to_plain(Buckets, buckets))
    assert to_plain(Buckets, back) == to_plain(Buckets, buckets)
    assert back == buckets


def test_an_infinite_value_makes_the_mean_infinite():
    found = series([(math.inf, None)] * 2 + [(1.0, math.inf)] * 600)
    assert {bucket.mean[0] for bucket in found.buckets()} == {math.inf, 1.0}
    assert all(bucket.mean[1] in (None, math.inf) for bucket in found.buckets())


@pytest.mark.parametrize("layers", [1, 300, 5000])
def test_after_an_odd_number_of_buckets_was_merged_the_last_is_filled_up(layers):
    found = LayerSeries()
    for step in range(600):
        found.extend([step], [(0.5,) * layers])
        points = [bucket.points for bucket in found.buckets()]
        assert len(set(points[:-1])) <= 1 and points[-1] <= points[0]


def test_buckets_of_a_damaged_history_are_no_reason_to_stop():
    small = LayerBucket(0.0, 0.0, 1, (1.0,), (1.0,), (1.0,))
    found = LayerSeries((small, small._replace(points=5)))
    found.extend([9], [(2.0,)])
    assert found.buckets()[-1].low == (2.0,)
