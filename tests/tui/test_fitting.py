"""Numbers are whole or not there, however little room there is."""

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tuitrain.tui.fitting import fit, joined, shortened, shortened_name, wrapped
from tuitrain.tui.strips import to_strip

finite = st.floats(allow_nan=False, allow_infinity=False)
number = st.one_of(
    finite.map(str),
    finite.map("{:.4g}".format),
    finite.map("{:.2e}".format),
    st.integers(-(10**12), 10**12).map("{:,}".format),
    st.floats(0, 1).map("{:.0%}".format),
    st.lists(st.integers(1, 5000), min_size=1, max_size=4).map(lambda shape: "×".join(map(str, shape))),
    st.sampled_from(["nan", "inf", "-inf", "3/400", "0:17", "12k", "1.5M"]),
)
word = st.text(alphabet="abcdefghklmop漢層", min_size=1, max_size=9)
sentence = st.lists(number | word | st.tuples(word, number).map("=".join), min_size=1, max_size=8).map(" ".join)
width = st.integers(1, 60)


def digits(text):
    """The runs of everything that numbers consist of, where a digit is in them; what a word ends with is not."""
    return [run for run in re.findall(r"[\d.,:/×x%e+\-kM]+", text) if any(one.isdigit() for one in run)]


def whole(shown, full):
    """Whether each number that is shown is one of the full text."""
    return set(digits(shown)) <= set(digits(full)) and "…" not in "".join(re.findall(r"\d…", shown))


@given(sentence, width)
def test_a_sentence_that_is_cut_has_whole_numbers(text, width):
    shown = shortened(text, width)
    assert cell_len(shown) <= width
    assert whole(shown, text)
    assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))


@given(sentence, width)
def test_a_line_of_a_drawing_is_cut_beside_its_numbers(text, width):
    strip = to_strip([(text[: len(text) // 2], "bold"), (text[len(text) // 2 :], "")], width)
    assert strip.cell_length == width
    assert whole(strip.text, text)


@given(st.lists(word | st.integers(0, 10**6).map(str), min_size=1, max_size=4).map("_".join), width)
def test_a_name_that_is_cut_keeps_its_end(name, width):
    shown = shortened_name(name, width)
    assert cell_len(shown) <= width
    assert shown == name or (shown.startswith("…") and name.endswith(shown[1:]))
    assert whole(shown, name)


def test_layers_that_differ_in_their_number_are_told_apart():
    names = [f"batch_norm_{number}" for number in (1, 2, 10, 12)]
    assert len({shortened_name(name, 10) for name in names}) == len(names)


@given(sentence, width)
def test_fitted_text_has_the_width(text, width):
    assert cell_len(fit(text, width)) == width
    assert whole(fit(text, width), text)


@given(st.lists(sentence, min_size=1, max_size=6), width, st.randoms())
def test_what_matters_least_is_left_out_first(pieces, width, random):
    ranks = random.sample(range(len(pieces)), len(pieces))
    shown = joined(pieces, width, ranks=ranks)
    assert cell_len(shown) <= width
    assert whole(shown, "  ".join(pieces))
    first = pieces[ranks.index(0)]
    assert first in shown or cell_len(first) > width
    assert shown == "  ".join(pieces) or cell_len("  ".join(pieces)) > width


@given(sentence, st.integers(1, 60))
def test_wrapped_text_is_all_there(text, width):
    lines = wrapped(text, width)
    assert all(cell_len(line) <= max(width, 2) for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    if all(cell_len(one) <= width for one in digits(text)):
        assert all(whole(line, text) for line in lines)


def test_a_long_word_is_broken_beside_its_number():
    assert wrapped("a layer=12345", 8) == ["a", "layer=", "12345"]


def test_what_could_steer_the_terminal_is_seen_instead():
    hostile = "a\x1b]0;b\x07\x9b31m\r\u202ec"
    seen = r"a\x1b]0;b\x07\x9b31m\r\u202ec"
    for shown in (fit(hostile, 40).rstrip(), shortened(hostile, 40), joined([hostile], 40), *wrapped(hostile, 40)):
        assert shown == seen
    assert to_strip([(hostile, "bold")], 40).text.rstrip() == seen
    assert wrapped("one\ntwo", 40) == ["one", "two"]
    assert to_strip([("one\ntwo", "")], 40).text.rstrip() == "one two"
