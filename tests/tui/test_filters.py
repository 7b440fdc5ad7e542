"""What leaves for the terminal: nothing that steers it, nothing that cannot be read there."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from tuitrain.tui.terminal import LEAST_CONTRAST, Ascii, Harmless, Readable

BLACK = Color(0, 0, 0)
STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
texts = st.lists(
    st.text() | st.sampled_from(["\x1b]0;x\x07", "\x9b31m", "\r", "\u202e", "plain", "漢e\u0301"]), max_size=4
)


def filtered(line_filter, segments):
    return line_filter.apply(segments, BLACK)


@given(texts)
def test_nothing_that_steers_a_terminal_passes_and_all_widths_stay(parts):
    segments = [Segment(text, Style(bold=True)) for text in parts]
    result = filtered(Harmless(), segments)
    assert [one.cell_length for one in result] == [cell_len(text) for text in parts]
    shown = "".join(one.text for one in result)
    assert {unicodedata.category(one) for one in shown if one not in "\u200c\u200d"}.isdisjoint(STEERING)
    assert all(one.style == Style(bold=True) for one in result)


def test_a_link_does_not_pass():
    result = filtered(Harmless(), [Segment("text", Style(link="http://a\x1b]0;b\x07", bold=True))])
    assert result[0].text == "text" and result[0].style.link is None and result[0].style.bold


@given(texts)
def test_in_ascii_mode_nothing_else_passes(parts):
    result = filtered(Ascii(), filtered(Harmless(), [Segment(text) for text in parts]))
    assert all(one.text.isascii() and one.text.isprintable() for one in result)
    assert [one.cell_length for one in result] == [cell_len(text) for text in parts]


def test_what_is_written_in_ascii_looks_alike():
    assert filtered(Ascii(), [Segment("╭─ 1×8×8 ─╮│▼ • é …")])[0].text == "+- 1x8x8 -+|v * e ~"


def luminance(color):
    channels = [one / 255 for one in color.downgrade(ColorSystem.STANDARD).get_truecolor()]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


rgb = st.tuples(*[st.integers(0, 255)] * 3).map(lambda triplet: RichColor.from_rgb(*triplet))


@given(rgb, rgb)
def test_letters_can_be_read_in_sixteen_colours(letters, behind):
    segment = Segment("word", Style(color=letters, bgcolor=behind))
    style = filtered(Readable(ColorSystem.STANDARD), [segment])[0].style
    dark, bright = sorted([luminance(style.color), luminance(style.bgcolor)])
    assert (bright + 0.05) / (dark + 0.05) >= LEAST_CONTRAST
    assert style.bgcolor == behind


@pytest.mark.parametrize("text", ["───", "   "])
def test_frames_may_be_faint(text):
    segment = Segment(text, Style(color="#101010", bgcolor="#000000"))
    assert filtered(Readable(ColorSystem.STANDARD), [segment]) == [segment]
