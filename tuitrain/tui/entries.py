"""Lists of plain values in one line of text: ``5, 15`` and ``coat, 3, "a, b"``."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tuitrain.experiment.document import parse_value

_ITEM = re.compile(r'\s*("(?:[^"\\]|\\.)*"\s*|[^,]*)(?:,|\Z)')


def read_list(text: str, *, words_only: bool = False) -> list[Any]:
    """The values between commas: numbers where they read as such, else text; a text in quotes is one as it stands.

    With ``words_only`` nothing is a number. A comma at the end is one that something will follow.
    """
    return [_read(item, words_only) for item in _items(text.strip())]


def show_list(values: Sequence[Any], *, words_only: bool = False) -> str:
    """What `read_list` makes these values of."""
    return ", ".join(_show(value, words_only) for value in values)


def _items(text: str) -> Iterator[str]:
    place = 0
    while place < len(text) and (item := _ITEM.match(text, place)):
        yield item[1].strip()
        place = item.end()


def _read(item: str, words_only: bool) -> Any:
    if item.startswith('"'):
        try:
            return json.loads(item)
        except ValueError:
            return item
    value = item if words_only else parse_value(item)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else item


def _show(value: Any, words_only: bool) -> str:
    if not isinstance(value, str):
        return str(value)
    as_it_stands = '"' not in value and read_list(value, words_only=words_only) == [value]
    return value if as_it_stands else json.dumps(value, ensure_ascii=False)
