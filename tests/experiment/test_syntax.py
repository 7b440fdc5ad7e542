"""TOML that cannot be read: which line, and what is probably meant."""

import tomllib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tuitrain.errors import Refused
from tuitrain.experiment import syntax


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('a = 1\nname = "mine\nb = 2\n', "line 2: a text has no closing quote, in 'name = \"mine'"),
        ("a = 1\nname = 'mine\nb = 2\n", 'line 2: a text has no closing quote, in "name = \'mine"'),
        ('name = "it\'s"\nwhy = """x\nb = 2\n', 'line 2: a text has no closing quote, in \'why = """x\''),
        ('"epochs = 1\n', "line 1: a text has no closing quote, in '\"epochs = 1'"),
        ("a = 1\nepochs 3\n", "line 2: there is no = between a key and its value, in 'epochs 3'"),
        ("epochs: 3\n", "line 1: there is no = between a key and its value, in 'epochs: 3'"),
        ("epochs =\n", "line 1: there is no value, in 'epochs ='"),
        ("a = [1,,2]", "line 1: there is no value, in 'a = [1,,2]'"),
        ("activation = relu # x\n", "line 1: 'relu' is no value: text stands in quotes, in 'activation = relu # x'"),
        ("a = True", "line 1: true and false are written in lower case, in 'a = True'"),
        ("a = None", "line 1: there is no such value: leave the line out, in 'a = None'"),
        ("a = -.5", "line 1: a number has a digit before its point, as in 0.5, in 'a = -.5'"),
        ("a = 1\nb = 2\na = 3\n", "line 3: a stands there twice, in 'a = 3'"),
        ("[a]\nb = 1\n[a]\n", "line 3: [a] stands there twice, in '[a]'"),
        ("a = {b = 1, b = 2}", "line 1: a stands there twice, in 'a = {b = 1, b = 2}'"),
        ("a = [1, 2\nb = 3\n", "line 2: a list has no closing ], or no comma between two of its entries, in 'b = 3'"),
        ("a = [1, 2", "line 1: a list has no closing ], or no comma between two of its entries, in 'a = [1, 2'"),
        (
            "a = { b = 1\nc = 2 }",
            "line 1: a table in { } has no closing } on its line, or no comma between two of its entries, "
            "in 'a = { b = 1'",
        ),
        ("[data\na = 1", "line 1: the name of a table has no closing ], in '[data'"),
        ("[[data]\na = 1", "line 1: the name of a list of tables has no closing ]], in '[[data]'"),
        ("a = 1\n= 3", "line 2: a line begins with a key, as in epochs = 10, or is a table's [name], in '= 3'"),
        ("a = 1 b = 2", "line 1: 'b = 2' is too much: a line has one key, = and one value, in 'a = 1 b = 2'"),
        (
            'a = "C:\\data"',
            r"""line 1: a \ in a text is written \\, or the text stands in single quotes, in 'a = "C:\\data"'""",
        ),
        (
            'a = "\x1b"',
            "line 1: a control character, '\\x1b', can only be written as an escape in a text, in 'a = \"\\x1b\"'",
        ),
        (
            "a = 1 # \x00",
            "line 1: a control character, '\\x00', can only be written as an escape in a text, in 'a = 1 # \\x00'",
        ),
        ('a = "\\u12"', "line 1: invalid hex value, in 'a = \"\\\\u12\"'"),
        ("a = " + "9" * 5000, "has a number with too many digits"),
        ("a = [1, { b = 0x" + "f" * 17 + " }]", "has a number with too many digits"),
        ("a = " + "[" * 3000, "is nested more than 100 levels deep"),
        ("a = " + "[" * 101 + "]" * 101, "is nested more than 100 levels deep"),
        (".".join("a" * 101) + " = 1", "is nested more than 100 levels deep"),
    ],
)
def test_a_text_that_is_not_toml_is_refused_with_the_line_and_what_is_meant(text: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        syntax.loads(text)
    assert str(caught.value) == words


def test_a_long_line_is_shown_around_the_error() -> None:
    with pytest.raises(Refused) as caught:
        syntax.loads("a = [" + "1, " * 500 + "relu" + ", 1" * 500 + "]")
    words = str(caught.value)
    assert "'relu' is no value" in words and "1, relu, 1" in words and len(words) < 200


def test_a_hundred_levels_can_be_read() -> None:
    assert syntax.loads("a = " + "[" * 99 + "]" * 99)
    assert syntax.loads(".".join("a" * 100) + " = 1")


@given(st.text(st.sampled_from("ab=[]{}\"'.,#\n 1\\-:TN"), max_size=40))
def test_a_text_is_read_as_tomllib_does_or_refused_in_one_line(text: str) -> None:
    assume("1" * 19 not in text)  # more than 64 bits
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(Refused) as caught:
            syntax.loads(text)
        assert str(caught.value).startswith("line ") and "\n" not in str(caught.value)
    else:
        assert syntax.loads(text) == expected
