import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuitrain.tui.axes import Axis, Tick
from tuitrain.tui.plotting import LABEL_WIDTH, Chart, Line, draw
from tuitrain.tui.strips import DARK

X = Axis(0.0, 100.0, (Tick(0.0, "0"), Tick(50.0, "50"), Tick(100.0, "100")), "step")
Y = Axis(0.0, 1.0, (Tick(0.0, "0"), Tick(1.0, "1")))
FIRST = LABEL_WIDTH + 1


def chart(*lines, width=60, height=18, **more):
    return Chart(width, height, X, Y, lines, DARK, **more)


def texts(drawn):
    return [strip.text for strip in draw(drawn)]


def line(x, y, **more):
    return Line("train", DARK.train, tuple(x), tuple(y), **more)


def inked(text):
    """Columns of the canvas that have something in them."""
    return [column for column, character in enumerate(text[FIRST:]) if not character.isspace()]


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 120),
    st.integers(1, 40),
    st.lists(st.tuples(st.floats(), st.floats()), max_size=30),
    st.booleans(),
)
def test_a_drawing_has_exactly_the_size_whatever_the_data(width, height, points, ascii_only):
    x, y = tuple(x for x, _ in points), tuple(y for _, y in points)
    curve = line(x, y, low=y, high=y, range_color=DARK.train_range, value="0.1234")
    lines = draw(chart(curve, width=width, height=height, ascii_only=ascii_only))
    assert [one.cell_length for one in lines] == [width] * height
    assert all(ord(character) < 128 for one in lines for character in one.text) or not ascii_only


def test_a_diagonal_goes_from_corner_to_corner():
    rows = texts(chart(line(range(101), [x / 100 for x in range(101)])))
    body = rows[1:-2]
    assert inked(body[0])[-1] == 60 - FIRST - 1
    assert inked(body[-1])[0] == 0
    starts = [inked(row)[0] for row in body]
    assert starts == sorted(starts, reverse=True)


def test_the_frame_has_labels_and_the_name_of_the_axis():
    rows = texts(chart(line([0, 100], [0, 1])))
    assert rows[1].startswith("    1┤")
    assert rows[-3].startswith("    0┤")
    assert rows[-1].split() == ["step", "0", "50", "100"]


def test_one_spike_among_many_steps_reaches_the_top():
    count = 10_000
    mean = [0.1] * count
    high = [0.1] * count
    high[7_000] = 1.0
    rows = texts(chart(line([x / 100 for x in range(count)], mean, low=tuple(mean), high=tuple(high))))
    assert inked(rows[1]) == [round(0.7 * 53)]


def test_a_value_beyond_the_axis_ends_at_its_edge():
    rows = texts(chart(line([50], [0.5], low=(0.5,), high=(1e300,))))
    assert len(inked(rows[1])) == 1


def test_the_extremes_are_rows_of_dots_that_leave_the_curve_its_colour():
    x = tuple(float(x) for x in range(101))
    curve = line(x, [0.5] * 101, low=(0.2,) * 101, high=(0.8,) * 101, range_color=DARK.train_range)
    strips = draw(chart(curve))[1:-2]
    colors = [
        {s.style.color.name for s in strip if s.style and s.style.color and "⠀" < s.text.strip()[:1] < "⣿"}
        for strip in strips
    ]
    assert [DARK.train in found for found in colors].count(True) == 1
    assert [DARK.train_range in found for found in colors].count(True) == 2


def test_nan_interrupts_a_curve_and_marks_stand_at_the_edge():
    values = [0.5] * 40 + [math.nan] * 20 + [0.5] * 41
    marks = Line("", DARK.alarm, (50.0,), (1.0,), shape="marks")
    rows = texts(chart(line(range(101), values), marks))
    assert rows[1][FIRST:].strip() == "×"
    columns = next(inked(row) for row in rows[2:-2] if inked(row))
    assert not [column for column in columns if 0.41 * 53 < column < 0.58 * 53]
    assert {round(0.3 * 53), round(0.8 * 53)} <= set(columns)


@pytest.mark.parametrize(("ascii_only", "glyphs"), [(False, "●"), (True, "o")])
def test_shapes_tell_curves_apart_without_colour(ascii_only, glyphs):
    dots = Line("validation", DARK.validation, (20.0, 60.0), (0.9, 0.2), shape="dots", value="0.2")
    rows = texts(chart(line([0, 100], [0, 1], value="1.0"), dots, ascii_only=ascii_only))
    assert f"{glyphs} validation 0.2" in rows[0]
    assert sum(row.count(glyphs) for row in rows[1:-2]) == 2


def test_a_message_stands_instead_of_the_axes():
    rows = texts(chart(message="press F5 to start"))
    assert [row.strip() for row in rows if row.strip()] == ["press F5 to start"]


def test_a_drawing_knows_nothing_of_the_one_before():
    first = chart(line([0, 100], [0, 1]))
    before = texts(first)
    draw(chart(line([10, 20], [1, 0]), width=30, height=9))
    assert texts(first) == before


def test_plotext_is_loaded_at_the_first_drawing():
    code = "import sys, tuitrain.tui.panes.plot; assert not {'plotext', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
