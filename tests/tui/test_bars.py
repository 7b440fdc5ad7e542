import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.tui.axes import Axis, log_ticks
from tuitrain.tui.bars import Bar, BarChart, bar_text, draw
from tuitrain.tui.strips import DARK

AXIS = Axis(1e-6, 1.0, log_ticks(1e-6, 1.0, 4), logarithmic=True)
EIGHTHS = " ▏▎▍▌▋▊▉█"


def rows(*bars, width=60, height=8, **more):
    return [strip.text for strip in draw(BarChart(width, height, AXIS, bars, DARK, **more))]


@given(st.floats(0, 1), st.integers(1, 50))
def test_a_bar_is_as_long_as_its_share_to_half_an_eighth(share, width):
    text = bar_text(share, width)
    assert len(text) == width
    assert abs(sum(EIGHTHS.index(character) for character in text) - max(share * width * 8, 1)) <= 0.5 + 1e-9


@given(st.integers(1, 100), st.integers(1, 12), st.lists(st.none() | st.floats(0), max_size=15), st.booleans())
def test_the_drawing_has_exactly_the_size(width, height, values, ascii_only):
    bars = tuple(Bar(f"層 {index}" if not ascii_only else "layer", value) for index, value in enumerate(values))
    strips = draw(BarChart(width, height, AXIS, bars, DARK, ascii_only))
    assert [strip.cell_length for strip in strips] == [width] * height
    assert not ascii_only or all(strip.text.isascii() for strip in strips)


def test_a_factor_of_ten_is_the_same_length_everywhere():
    lengths = [rows(Bar("a", 10.0**power))[0].count("█") for power in range(-5, 1)]
    steps = [second - first for first, second in pairwise(lengths)]
    assert max(steps) - min(steps) <= 1


def test_bars_end_at_the_strokes_of_their_decades():
    drawn = rows(Bar("a", 1e-4), Bar("b", 1e-2))
    strokes = [index for index, character in enumerate(drawn[-1]) if character == "╵"]
    assert [drawn[0].rindex("█") + 1, drawn[1].rindex("█") + 1] == pytest.approx(strokes[1:3], abs=1)


@pytest.mark.parametrize(
    ("value", "number"), [(None, "—"), (0.0, "0"), (1.234e-3, "1.2e-03"), (math.nan, "nan"), (math.inf, "inf")]
)
def test_each_row_ends_with_its_number(value, number):
    assert rows(Bar("dense", value))[0].split()[-1] == number


def test_no_number_is_no_bar_and_a_tiny_one_is_still_seen():
    assert "▏" in rows(Bar("dense", 1e-30))[0]
    assert not set(EIGHTHS[1:]) & set(rows(Bar("dense", 0.0))[0] + rows(Bar("dense", None))[0])
    assert "×" in rows(Bar("dense", math.inf))[0]


@given(st.integers(1, 100))
def test_a_row_without_a_value_may_say_why(width):
    strip = draw(BarChart(width, 8, AXIS, (Bar("dense", None, "frozen"),), DARK))[0]
    assert strip.cell_length == width
    assert width < 20 or strip.text.split() == ["dense", "frozen"]
