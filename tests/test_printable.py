import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.printable import printable

ANYTHING = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF, categories=None))
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")
"""What terminals act upon, by number: C0 but for line end and tab, DEL, C1, the bidirectional controls."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("over\rwritten", r"over\rwritten"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\udcff.png", r"\udcff.png"),
        ("plain ‖∂C/∂w‖ 日本語 👩\u200d🔬\nline\tcell", "plain ‖∂C/∂w‖ 日本語 👩\u200d🔬\nline\tcell"),
    ],
)
def test_what_steers_a_terminal_is_written_out(text, shown):
    assert printable(text) == shown


@given(ANYTHING)
def test_nothing_that_a_terminal_obeys_is_left(text):
    shown = printable(text)
    assert not OBEYED.search(shown)
    assert shown.encode().decode() == shown
    assert printable(shown) == shown
