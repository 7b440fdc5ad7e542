"""Text made to fit into so many cells of the terminal. A number is shown whole or not at all: 6.86 is not 6.86e+03.

Foreign text becomes harmless here too, because its escapes have a width of their own.
"""

import re
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from tuitrain.printable import printable

NUMBER = re.compile(r"(?:(?<!\w)[+\-±])?(?:\d(?:[\d.,:/×x–eE+\-]*\d)?[%kMGB]?|(?:nan|inf)\b)")
"""What is never cut in two: 1,000, 6.86e+03, -0.5, 12%, 10k, 0:17, 3/400, 1×28×28, nan."""


def one_line(text: str) -> str:
    """The text as it is shown in a line: control characters as escapes, line ends and tabs as blanks."""
    return text if text.isprintable() else re.sub(r"[\n\t]", " ", printable(text))


def cut(text: str, width: int) -> str:
    """The longest beginning of the text that has room and ends within no number."""
    end = _end(text, width)
    for number in NUMBER.finditer(text):
        if number.start() < end < number.end():
            return text[: number.start()]
    return text[:end]


def shortened(text: str, width: int, ellipsis: str = "…") -> str:
    """The text, or its beginning with a mark that it is cut; the mark never stands right behind a number."""
    text = one_line(text)
    if cell_len(text) <= width:
        return text
    kept = cut(text, max(width - cell_len(ellipsis), 0))
    for number in reversed([*NUMBER.finditer(text)]):
        if number.end() == len(kept):
            kept = text[: number.start()]
    return kept + ellipsis if width > 0 else ""


def shortened_name(name: str, width: int, ellipsis: str = "…") -> str:
    """A name, or its end behind a mark that it is cut: names of layers differ in their last characters."""
    name = one_line(name)
    if cell_len(name) <= width:
        return name
    start = len(name) - _end(name[::-1], max(width - cell_len(ellipsis), 0))
    for number in NUMBER.finditer(name):
        if number.start() < start < number.end():
            start = number.end()
    return ellipsis + name[start:] if width > 0 else ""


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Text in exactly ``width`` cells: filled up, or cut and marked as cut."""
    return set_cell_size(shortened(text, width, ellipsis), max(width, 0))


def joined(pieces: Sequence[str], width: int, gap: str = "  ", ranks: Sequence[int] = ()) -> str:
    """The pieces in their order; those that have no room are left out, the highest rank first.

    Without ``ranks`` the first piece is the most important one. That one is there in any case, cut where it must be.
    """
    pieces = [one_line(piece) for piece in pieces]
    order = sorted(range(len(pieces)), key=lambda index: (ranks[index] if ranks else index, index))
    chosen: list[int] = []
    for index in order:
        wanted = sorted([*chosen, index])
        if not chosen or cell_len(gap.join(pieces[one] for one in wanted)) <= width:
            chosen = wanted
    return shortened(gap.join(pieces[index] for index in chosen), width)


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most ``width`` cells, broken at blanks; a longer word is broken beside its numbers."""
    width = max(width, 1)
    lines: list[str] = []
    for paragraph in printable(text).expandtabs(4).split("\n"):
        line = ""
        for word in paragraph.split(" "):
            if line and cell_len(line) + 1 + cell_len(word) <= width:
                line = f"{line} {word}"
                continue
            if line:
                lines.append(line)
            while cell_len(word) > width:
                part = cut(word, width) or word[: _end(word, width)] or word[0]
                lines.append(part)
                word = word[len(part) :]
            line = word
        lines.append(line)
    return lines


def _end(text: str, width: int) -> int:
    """How many of its characters have room."""
    if text.isascii():
        return max(min(width, len(text)), 0)
    end = used = 0
    while end < len(text) and (used := used + cell_len(text[end])) <= width:
        end += 1
    while end and cell_len(text[:end]) > width:
        end -= 1
    return end
