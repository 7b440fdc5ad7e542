import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.tui.strips import DARK
from tuitrain.tui.unitbars import UnitChart, arrange, draw

SIGNED = st.floats(-10, 10) | st.sampled_from([0.0, math.nan, math.inf, -math.inf])
FILLED = {"█": 8, **{character: eighths for eighths, character in enumerate(" ▏▎▍▌▋▊▉")}}


def drawn(*values, width=40, height=10, limit=1.0, ascii_only=False):
    return draw(UnitChart(width, height, values, limit, DARK, ascii_only))


def eighths(strip):
    """How much of the first bar is filled, left and right of its zero line; what is in reverse video is not."""
    sides, side = [0, 0], 0
    for segment in strip:
        for character in segment.text:
            if character == "│":
                side = 1
            elif character in FILLED and segment.style and segment.style.color:
                count = FILLED[character]
                sides[side] += 8 - count if segment.style.reverse else count
    return tuple(sides)


@given(st.integers(0, 30), st.integers(1, 200), st.integers(0, 60))
def test_the_layout_fits_and_shows_as_many_as_it_can(count, width, rows):
    layout = arrange(count, width, rows)
    assert layout.columns >= 1 and layout.rows <= rows
    assert layout.columns * layout.width - 1 <= width
    one_more = (layout.columns + 1) * 12 - 1
    if layout.columns * layout.rows < count:
        assert layout.rows == rows and (rows == 0 or one_more > width)
    elif layout.columns > 1:
        assert (layout.columns - 1) * rows < count


@pytest.mark.parametrize(
    ("width", "rows", "shown"), [(76, 16, 30), (37, 11, 30), (66, 21, 30), (37, 8, 24), (11, 12, 12), (9, 1, 1)]
)
def test_thirty_units_have_room_on_the_usual_screens(width, rows, shown):
    assert UnitChart(width, rows, (0.5,) * 30, 1.0, DARK).shown == shown


@given(st.integers(1, 100), st.integers(0, 15), st.lists(SIGNED, max_size=30), st.booleans())
def test_the_drawing_has_exactly_the_size(width, height, values, ascii_only):
    strips = drawn(*values, width=width, height=height, limit=2.5, ascii_only=ascii_only)
    assert [strip.cell_length for strip in strips] == [width] * height
    assert not ascii_only or all(strip.text.isascii() for strip in strips)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30), st.integers(12, 100), st.integers(1, 31))
def test_every_unit_that_is_shown_has_its_number_and_its_value_once(values, width, height):
    chart = UnitChart(width, height, tuple(values), 1.0, DARK, ascii_only=True)
    cells = [part for strip in draw(chart) for part in strip.text.replace("#", " ").replace("|", " ").split()]
    assert sorted(map(int, cells[::2])) == list(range(1, chart.shown + 1))
    for number, value in zip(cells[::2], cells[1::2], strict=True):
        assert float(value) == pytest.approx(values[int(number) - 1], abs=0.51 * 10**-chart.layout.decimals)


@given(st.floats(-1, 1).filter(lambda value: value != 0))
def test_a_bar_is_as_long_as_its_value_on_the_side_of_its_sign(value):
    left, right = eighths(drawn(value, width=40)[0])
    half = (eighths(drawn(1.0)[0])[1]) // 8
    filled, empty = (right, left) if value > 0 else (left, right)
    assert empty == 0
    assert abs(filled - max(abs(value) * half * 8, 1)) <= 0.5 + 1e-9


def test_both_sides_mirror_each_other():
    for value in (0.01, 0.3, 0.5, 0.77, 1.0):
        assert eighths(drawn(-value)[0])[0] == eighths(drawn(value)[0])[1] > 0
        left, right = (
            strip.text.split("|")
            for strip in (*drawn(-value, ascii_only=True, height=1), *drawn(value, ascii_only=True, height=1))
        )
        assert left[0].count("#") == right[1].count("#") > 0
    assert eighths(drawn(0.0)[0]) == (0, 0)


@pytest.mark.parametrize(
    ("value", "word", "place"), [(math.nan, "nan", "middle"), (math.inf, "inf", "right"), (-math.inf, "-inf", "left")]
)
def test_what_is_no_number_is_a_cross(value, word, place):
    text = drawn(value)[0].text
    assert text.split()[-1] == word
    bar = text[3 : 3 + len(drawn(1.0)[0].text.split()[1]) * 2 - 1]
    assert bar.strip(" │") == "×"
    assert {0: "left", len(bar) // 2: "middle", len(bar) - 1: "right"}[bar.index("×")] == place


@pytest.mark.parametrize(
    ("limit", "value", "scale", "number"),
    [
        (2.5e-3, -1.25e-3, ("× 1e-3", "bar ±2.5"), "-1.250"),
        (10.0, 5.0, ("× 10", "bar ±1"), "0.500"),
        (8.0, -7.96, ("× 1", "bar ±8"), "-7.960"),
        (1e-3, 1e-3, ("× 1e-3", "bar ±1"), "1.000"),
    ],
)
def test_the_numbers_leave_out_the_power_of_ten_that_the_scale_tells(limit, value, scale, number):
    chart = UnitChart(40, 1, (value,), limit, DARK)
    assert chart.scale() == scale
    assert draw(chart)[0].text.split()[-1] == number
