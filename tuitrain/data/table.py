"""A CSV file as it is: its columns and what stands in them, found in one pass that keeps no row."""

import csv
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TextIO

from tuitrain.files import open_regular
from tuitrain.spec import Invalid, Problem

MOST_VALUES = 1000
"""How many different values of a column are counted at most."""

FLOAT32_MAX = (2 - 2**-23) * 2.0**127
LONGEST_LINE = 1 << 24
"""Characters; a file without line ends would else be read whole before it is found to be no table."""
_BLOCK = 1000
_MISSING = frozenset({"", "na", "nan"})


@dataclass(frozen=True)
class CsvCell:
    """What stands in a line of the file; the header is in line 1."""

    line: int
    text: str


@dataclass(frozen=True)
class CsvColumn:
    """What stands in the cells of a column, from which spaces around were taken.

    ``counts`` has each text and how often it is there, None where there are more than MOST_VALUES.
    ``no_number`` and ``too_large`` (for float32, or infinite) are the first cells of these kinds; ``missing``
    is the first line without a value, of ``missing_total``.
    """

    name: str
    counts: tuple[tuple[str, int], ...] | None
    no_number: CsvCell | None
    too_large: CsvCell | None
    missing: int | None
    missing_total: int

    @property
    def is_numeric(self) -> bool:
        """Whether every value is a number; a column with text among its numbers is a category."""
        return self.no_number is None


@dataclass(frozen=True)
class CsvTable:
    """The columns of a file and its number of rows, at least 1."""

    columns: tuple[CsvColumn, ...]
    rows: int


def number(text: str) -> float | None:
    """The number that a cell is, None if it is none."""
    try:
        return None if "_" in text else float(text)  # Python reads 1_000 as a number, nobody else does
    except ValueError:
        return None


def is_missing(text: str) -> bool:
    """Whether a cell has no value: empty, NA or nan."""
    return text.lower() in _MISSING


def unusable(message: str) -> Invalid:
    """The error for a file that cannot be used."""
    return Invalid([Problem(("data", "path"), message)])


def read_table(path: Path, separator: str) -> CsvTable:
    """What stands in a file; looked at again only if it has changed.

    Raises:
        Invalid: if it cannot be read, or is no table with a header and as many cells in every row.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise unusable(f"there is no file {path.absolute()}") from None
    except (OSError, ValueError) as error:
        raise unusable(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    found = _remembered(path.absolute(), separator, (status.st_ino, status.st_size, status.st_mtime_ns))
    if isinstance(found, Invalid):
        raise unusable(found.problems[0].message)
    return found


@lru_cache(maxsize=2)
def _remembered(path: Path, separator: str, version: tuple[int, int, int]) -> CsvTable | Invalid:
    try:
        return _scan(path, separator)
    except Invalid as error:
        return error


def _scan(path: Path, separator: str) -> CsvTable:
    rows = read_rows(path, separator)
    columns = [_Tally(name) for name in next(rows)[1]]
    count = 0
    while block := list(islice(rows, _BLOCK)):
        count += len(block)
        lines = [line for line, _ in block]
        for column, texts in zip(columns, zip(*(cells for _, cells in block), strict=True), strict=True):
            column.add(texts, lines)
    if not count:
        raise unusable(f"{path} has a header and no rows")
    return CsvTable(tuple(column.summary() for column in columns), count)


def read_rows(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The header, then the rows: the line in which each ends and its cells, without spaces around them.

    Raises:
        Invalid: if the file cannot be read, has no header, names a column twice, or a row has not as many cells.
    """
    header: list[str] = []
    try:
        with open(path, encoding="utf-8-sig", newline="", opener=open_regular) as file:
            reader = csv.reader(_lines(path, file), delimiter=separator, skipinitialspace=True, strict=True)
            try:
                for row in reader:
                    cells = [cell.strip() for cell in row]
                    if not header:
                        header = cells
                        _check_header(path, header)
                    elif row and len(cells) != len(header):
                        raise unusable(f"{path}: line {reader.line_num} has {_cells(cells)}, the header {len(header)}")
                    if row:
                        yield reader.line_num, cells
            except csv.Error as error:
                raise unusable(f"{path}: line {reader.line_num} is no row of a CSV file: {error}") from None
    except UnicodeDecodeError:
        raise unusable(f"{path} is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise unusable(f"{path} cannot be read: {error.strerror}") from None
    if not header:
        raise unusable(f"{path} is empty; its first line must name the columns")


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise unusable(f"{path}: line {number} is longer than {LONGEST_LINE:,} characters, so this is no table")
        yield line


def _check_header(path: Path, header: list[str]) -> None:
    doubles = [name for index, name in enumerate(header) if name in header[:index]]
    if doubles:
        raise unusable(f"{path} has two columns named {doubles[0]!r}; rename one")


def _cells(cells: list[str]) -> str:
    return f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"


class _Tally:
    """Adds up a column."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._counts: dict[str, int] | None = {}
        self._no_number: CsvCell | None = None
        self._too_large: CsvCell | None = None
        self._missing: int | None = None
        self._missing_total = 0

    def add(self, texts: tuple[str, ...], lines: list[int]) -> None:
        # Many cells at once, for Counter is quick; it keeps the order in which they first came.
        for text, times in Counter(texts).items():
            if self._counts is not None and text in self._counts:
                self._counts[text] += times
            elif is_missing(text):
                self._missing = self._missing or lines[texts.index(text)]
                self._missing_total += times
            else:
                self._add_new(text, times, texts, lines)

    def _add_new(self, text: str, times: int, texts: tuple[str, ...], lines: list[int]) -> None:
        value = number(text)
        if value is None:
            self._no_number = self._no_number or CsvCell(lines[texts.index(text)], text)
        elif not math.isfinite(value) or abs(value) > FLOAT32_MAX:
            self._too_large = self._too_large or CsvCell(lines[texts.index(text)], text)
        if self._counts is not None:
            self._counts[text] = times
            if len(self._counts) > MOST_VALUES:
                self._counts = None

    def summary(self) -> CsvColumn:
        counts = None if self._counts is None else tuple(self._counts.items())
        return CsvColumn(self._name, counts, self._no_number, self._too_large, self._missing, self._missing_total)
