"""Experiment files: read with the place of an error, written with the user's comments kept."""

import tomllib
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT, InlineTable

from tuitrain.errors import Refused
from tuitrain.experiment import syntax
from tuitrain.experiment.document import Document
from tuitrain.files import read_at_most

LARGEST = 1 << 23
"""Bytes of a file; an experiment of the most layers that there can be has a third of them."""


def read(path: Path) -> Document:
    """The document in a file.

    Raises:
        Refused: if there is no such file, or it is not TOML (with line and column).
    """
    return loads(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        Refused: if there is no such file, it is none that an experiment can be in, or it is not text.
    """
    try:
        return read_at_most(path, LARGEST).decode("utf-8-sig")
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: is not text in UTF-8 (byte {error.start})") from None
    except ValueError as error:  # a path that no system call takes, such as one with a NUL
        raise Refused(f"{str(path)!r}: cannot be read: {error}") from None


def loads(text: str, source: str) -> Document:
    """The document in a text; ``source`` is named in errors.

    Raises:
        Refused: if it is not TOML, with the line and what is probably meant.
    """
    try:
        return syntax.loads(text)
    except Refused as error:
        raise Refused(f"{source}: {error}") from None


def dumps(document: Mapping[str, Any], original: str = "") -> str:
    """The document as TOML. With ``original``, its comments and layout stay where the keys stay."""
    written = tomlkit.parse(original)
    _merge(written, document)
    text = tomlkit.dumps(written)
    # tomlkit can put a new table before the keys of the one around it; then the layout is given up, not the content.
    return text if not original or _reads_as(text, document) else dumps(document)


def _reads_as(text: str, document: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == document
    except tomllib.TOMLDecodeError:
        return False


def _merge(written: Any, document: Mapping[str, Any]) -> None:
    for key in [key for key in written if key not in document]:
        del written[key]
    for key, value in document.items():
        old = written.get(key)
        if isinstance(old, dict) and isinstance(value, Mapping):
            _merge(old, value)
        elif isinstance(old, AoT) and _is_tables(value):
            _merge_tables(old, value)
        elif key not in written or _unwrapped(old) != value:
            written[key] = _inline(value) if isinstance(written, InlineTable) else _item(value)


def _merge_tables(written: AoT, tables: list[Mapping[str, Any]]) -> None:
    """What is equal at the beginning and at the end stays; between them tables are changed, added and taken away."""
    before = [one.unwrap() for one in written]
    head = _equal(before, tables)
    tail = _equal(before[head:][::-1], tables[head:][::-1])
    last, last_before = len(tables) - tail, len(before) - tail
    for index in range(head, min(last, last_before)):
        _merge(written[index], tables[index])
    for index in reversed(range(last, last_before)):
        del written[index]
    for index in range(last_before, last):
        written.insert(index, _table(tables[index]))


def _equal(some: Sequence[object], others: Sequence[object]) -> int:
    """How many entries at the beginning of both are equal."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False))
    return sum(1 for _ in pairs)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _unwrapped(item: Any) -> Any:
    return item.unwrap() if hasattr(item, "unwrap") else item


def _item(value: Any) -> Any:
    """Lists of tables as ``[[...]]``, tables inside them inline: as one writes an experiment by hand."""
    if _is_tables(value):
        tables = tomlkit.aot()
        for one in value:
            tables.append(_table(one))
        return tables
    if isinstance(value, Mapping):
        return _table(value)
    return tomlkit.item(value)


def _table(value: Mapping[str, Any]) -> Any:
    table = tomlkit.table()
    for key, one in value.items():
        table[key] = _inline(one)
    return table


def _inline(value: Any) -> Any:
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        for key, one in value.items():
            table[key] = _inline(one)
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend(_inline(one) for one in value)
        return array
    return value
