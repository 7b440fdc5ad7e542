import io
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.printable import exact, printable, printable_output, printable_stream

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


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@given(text=ANYTHING)
def test_any_text_can_be_written_to_any_stream(encoding, text):
    into = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    stream = printable_stream(into)
    assert stream.write(text) == len(text)
    stream.writelines([text])
    print(text, file=stream, flush=True)
    written = into.buffer.getvalue().decode(encoding)
    assert not OBEYED.search(written)
    shown = printable(text).encode(encoding, "backslashreplace").decode(encoding)
    assert written == shown * 3 + "\n"


def test_what_is_printed_meanwhile_is_harmless_and_a_file_may_be_exact(capfd):
    with printable_output():
        print("\x1b[2J")
        print("\x9b", file=sys.stderr)
        print("\x9b", file=exact(sys.stdout))
    print("\x1b")
    assert capfd.readouterr() == ("\\x1b[2J\n\x9b\n\x1b\n", "\\x9b\n")


def test_a_process_may_have_been_started_without_streams(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with printable_output():
        print("to nobody")
        assert sys.stdout is None and sys.stderr is None
