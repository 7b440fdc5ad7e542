from hypothesis import given
from hypothesis import strategies as st

from tuitrain.tui.strips import changed, paragraph, to_strip

WIDTH = 12
row = st.text(alphabet="ab ⣿漢", max_size=WIDTH).map(lambda text: to_strip([(text, "#112233")], WIDTH))
drawing = st.lists(row, min_size=3, max_size=3)


@given(drawing, drawing)
def test_painting_only_the_changed_cells_makes_the_new_drawing_of_the_old(old, new):
    regions = changed(old, new)
    for y, (before, after) in enumerate(zip(old, new, strict=True)):
        painted = before
        for region in (one for one in regions if one.y == y):
            left, middle, right = (
                painted.crop(0, region.x),
                after.crop(region.x, region.right),
                painted.crop(region.right),
            )
            painted = type(after).join([left, middle, right])
        assert painted.text == after.text


def test_what_is_equal_is_not_painted():
    old = [to_strip([("loss 0.5", "#ffffff")], 40), to_strip([("x" * 40, "")], 40)]
    new = [to_strip([("loss 0.4", "#ffffff")], 40), to_strip([("x" * 40, "")], 40)]
    assert [tuple(region) for region in changed(old, new)] == [(7, 0, 1, 1)]
    assert changed(new, new) == []


def test_a_change_of_colour_is_a_change():
    assert changed([to_strip([("abc", "#ff0000")], 3)], [to_strip([("abc", "#0000ff")], 3)])


@given(st.integers(1, 60), st.integers(1, 10))
def test_words_fill_the_room_exactly(width, height):
    lines = paragraph("press F5 to start: here comes the loss", width, height, "#888888")
    assert [line.cell_length for line in lines] == [width] * height
