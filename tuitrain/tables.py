"""Plain-text tables: columns as wide as they need, the least important ones left out where it is narrow."""

from collections.abc import Sequence
from dataclasses import dataclass

from tuitrain.printable import printable

GAP = "  "
LONGEST_CELL = 100


@dataclass(frozen=True)
class Column:
    """``rank`` counts from 0, which is never left out; the highest goes first."""

    title: str
    rank: int = 0
    right: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None) -> list[str]:
    """The title line and a line per row; columns are left out until the lines have at most ``width`` cells."""
    cells = [[column.title for column in columns], *([_cell(text) for text in row] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    kept = list(range(len(columns)))
    while width is not None and _total(widths, kept) > width:
        least = max(kept, key=lambda index: columns[index].rank)
        if not columns[least].rank:
            break
        kept.remove(least)
    return [
        GAP.join(
            row[index].rjust(widths[index]) if columns[index].right else row[index].ljust(widths[index])
            for index in kept
        ).rstrip()
        for row in cells
    ]


def _total(widths: Sequence[int], kept: Sequence[int]) -> int:
    return sum(widths[index] for index in kept) + len(GAP) * (len(kept) - 1)


def _cell(text: str) -> str:
    """In one line, and not so long that it pushes all others away."""
    line = " ".join(printable(text).split())
    return line if len(line) <= LONGEST_CELL else f"{line[: LONGEST_CELL - 3]}..."
