import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.tui.axes import Axis
from tuitrain.tui.columns import BRAILLE_ROWS, DotColumn, columns, corners, extremes, thickened

X = Axis(0.0, 100.0)
AXES = [Axis(0.0, 1.0), Axis(1e-3, 10.0, logarithmic=True)]
COUNT, HEIGHT = 40, 5 * BRAILLE_ROWS

values = st.floats(0.0, 1.0) | st.sampled_from([math.nan, math.inf, -math.inf])
curves = st.lists(st.tuples(st.floats(-10.0, 110.0), values), max_size=80).map(sorted)
drawn = st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), max_size=COUNT).map(
    lambda found: [DotColumn(index / (COUNT - 1), y, y, y, joined) for index, (y, joined) in enumerate(found)]
)


def bucketed(points, y_axis, every):
    """The same by its definition: one point after the other, and a sum and extremes for each column."""
    found: list[tuple[int, bool, list[float]]] = []
    joined = False
    for x, y in points:
        if not (0 <= x <= 100 and math.isfinite(y)):
            joined = False
            continue
        slot = round(x / 100 * (COUNT - 1)) // every
        if not found or found[-1][0] != slot:
            found.append((slot, joined, []))
        found[-1][2].append(y)
        joined = True
    return [
        (slot * every / (COUNT - 1), sum(map(y_axis.share, ys)) / len(ys), min(ys), max(ys), joined)
        for slot, joined, ys in found
    ]


@given(curves, st.sampled_from(AXES), st.integers(1, 3))
def test_a_column_has_the_mean_and_the_extremes_of_its_points(points, y_axis, every):
    x, y = [x for x, _ in points], [y for _, y in points]
    found = columns((x, y), (y, y), (X, y_axis), COUNT, every)
    expected: list[Any] = [
        (pytest.approx(x), pytest.approx(mean), y_axis.share(low), y_axis.share(high), joined)
        for x, mean, low, high, joined in bucketed(points, y_axis, every)
    ]
    assert found == expected


@given(drawn)
def test_only_what_lies_on_a_level_line_between_two_corners_is_left_out(curve):
    kept = corners(curve, HEIGHT)
    rows = {column.x: round(column.y * (HEIGHT - 1)) for column in curve}
    assert all(column.y * (HEIGHT - 1) == pytest.approx(rows[column.x]) for column in kept)
    for column in curve:
        if column.x not in [one.x for one in kept]:
            before = max(one.x for one in kept if one.x < column.x)
            after, joined = min((one.x, one.joined) for one in kept if one.x > column.x)
            assert joined and rows[before] == rows[column.x] == rows[after]


def test_a_level_line_has_two_corners():
    line = [DotColumn(index / 9, 0.5, 0.5, 0.5, index > 0) for index in range(10)]
    assert [column.x for column in corners(line, HEIGHT)] == [0.0, 1.0]
    assert len(corners([column._replace(joined=False) for column in line], HEIGHT)) == 10


@given(drawn)
def test_a_thick_point_is_a_square_of_dots_on_the_canvas(curve):
    dots = {(round(x * (COUNT - 1)), round(y * (HEIGHT - 1))) for x, y in thickened(curve, COUNT, HEIGHT)}
    assert all(0 <= x < COUNT and 0 <= y < HEIGHT for x, y in dots)
    for column in curve:
        x, y = round(column.x * (COUNT - 1)), round(column.y * (HEIGHT - 1))
        squares = [{(x + dx, y + dy) for dx in (0, right) for dy in (0, up)} for right in (-1, 1) for up in (-1, 1)]
        assert any(square <= dots for square in squares)
    assert len(dots) <= 4 * len(curve)


def test_extremes_within_the_cell_of_the_curve_are_left_out():
    top = HEIGHT - 1
    curve = [
        DotColumn(0.0, 0.0, 0.0, 3 / top, True),
        DotColumn(0.5, 0.0, 0.0, 4 / top, True),
        DotColumn(1.0, 1.0, 0.0, 1.0, True),
    ]
    assert list(extremes(curve, HEIGHT)) == [(0.5, 4 / top), (1.0, 0.0)]
