"""TOML texts: read, or refused in words for people, with the line and what is probably meant."""

import re
import tomllib
from collections.abc import Iterable
from typing import Any

from tuitrain.errors import Refused

DEEPEST = 100
"""Levels of tables and lists within each other."""
TOO_LONG = "has a number with too many digits"
SHOWN = 40
"""Characters before and behind an error that are shown."""

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def loads(text: str) -> dict[str, Any]:
    """The document in a text.

    Raises:
        Refused: with the line and what is wrong there, if it is not TOML or nested too deep.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(_in_words(text, str(error))) from None
    except ValueError:  # Python reads no decimal number that long
        raise Refused(TOO_LONG) from None
    except RecursionError:
        raise Refused(f"is nested more than {DEEPEST} levels deep") from None
    _check(document)
    return document


def _check(document: object) -> None:
    """Refuse what TOML's grammar allows and no reader has to: levels without end, and numbers of more than 64 bits."""
    here = [document]
    for _ in range(DEEPEST + 1):
        here = [inner for one in here for inner in _entries(one)]
        if any(isinstance(one, int) and one.bit_length() > 64 for one in here):
            raise Refused(TOO_LONG)
        if not here:
            return
    raise Refused(f"is nested more than {DEEPEST} levels deep")


def _entries(value: object) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _in_words(text: str, message: str) -> str:
    """``line 3: text that begins with " has no " at its end, in 'name = "mine'``, by what tomllib says."""
    found = _PLACE.search(message)
    lines = text.split("\n")
    said = message[: found.start()] if found else message
    if found and found[1]:
        number, column = int(found[1]), int(found[2]) - 1
    else:
        number = next((number for number, line in enumerate(lines, 1) if _has_open_quote(line)), len(lines))
        column = len(lines[number - 1])
    line = lines[number - 1]
    excerpt = line[max(column - SHOWN, 0) : column + SHOWN].strip()
    return f"line {number}: {_cause(said, line, line[column:].strip())}" + (f", in {excerpt!r}" if excerpt else "")


def _has_open_quote(line: str) -> bool:
    without_texts = re.sub(r'"(?:\\.|[^"\\])*"|\'[^\']*\'', "", line).split("#")[0]
    return '"' in without_texts or "'" in without_texts


def _cause(said: str, line: str, rest: str) -> str:
    """What is probably meant, by what tomllib said; ``rest`` is what stands in the line from there on."""
    key = line.split("=")[0].strip()
    match said:
        case "Illegal character '\\n'" | 'Expected "\'"' | "Expected \"'''\"" | "Unterminated string":
            return "a text has no closing quote"
        case "Expected '=' after a key in a key/value pair":
            return "there is no = between a key and its value"
        case "Invalid value":
            return _no_value(rest)
        case "Expected newline or end of document after a statement":
            return f"{rest!r} is too much: a line has one key, = and one value"
        case "Unclosed array":
            return "a list has no closing ], or no comma between two of its entries"
        case "Unclosed inline table":
            return "a table in { } has no closing } on its line, or no comma between two of its entries"
        case "Expected ']' at the end of a table declaration":
            return "the name of a table has no closing ]"
        case "Expected ']]' at the end of an array declaration":
            return "the name of a list of tables has no closing ]]"
        case "Invalid statement" | "Invalid initial character for a key part":
            return "a line begins with a key, as in epochs = 10, or is a table's [name]"
        case "Unescaped '\\' in a string":
            return r"a \ in a text is written \\, or the text stands in single quotes"
        case _ if said.startswith(("Cannot ", "Duplicate ")):
            return f"{key} stands there twice"
        case _ if said.startswith(("Illegal character", "Found invalid character")):
            return (
                f"a control character, {said.rpartition('character ')[2]}, can only be written as an escape in a text"
            )
    return said[:1].lower() + said[1:]


def _no_value(rest: str) -> str:
    """What lacks where no value can be read."""
    word = re.match(r"[^\s,#\]}]*", rest)
    match word[0] if word else "":
        case "":
            return "there is no value"
        case "True" | "False":
            return "true and false are written in lower case"
        case "None" | "null" | "nil":
            return "there is no such value: leave the line out"
        case number if re.fullmatch(r"[+-]?\.[0-9].*", number):
            return "a number has a digit before its point, as in 0.5"
        case other:
            return f"{other!r} is no value: text stands in quotes"
