import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.tui.entries import read_list, show_list

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=8) | st.sampled_from(
    ["3", "1e3", "a, b", '"', '"x"', "a\\b", " ", "", "T-shirt/top", "true", "inf"]
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(WORDS | NUMBERS, max_size=5))
def test_a_shown_list_is_read_again_as_it_was(values):
    again = read_list(show_list(values))
    assert again == values and [isinstance(one, str) for one in again] == [isinstance(one, str) for one in values]


@given(st.lists(WORDS, max_size=5))
def test_a_list_of_words_has_no_numbers(values):
    assert read_list(show_list(values, words_only=True), words_only=True) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("5, 15", [5, 15]),
        ("5,15,", [5, 15]),
        (" 1e-3 ,.5", [1e-3, 0.5]),
        ("coat, 3", ["coat", 3]),
        ('"3", "a, b"', ["3", "a, b"]),
        ('"a', ['"a']),
        ('"\\q"', ['"\\q"']),
        ("1,,2", [1, "", 2]),
        ("true, 2020-01-01", ["true", "2020-01-01"]),
        ("", []),
    ],
)
def test_what_people_type(text, values):
    assert read_list(text) == values
