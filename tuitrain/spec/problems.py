"""Problems: what is wrong with a document, each with its path."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tuitrain.errors import Refused

Path = tuple[str | int, ...]

MOST = 10
"""How many problems are written out at most."""
LONGEST = 120
"""Characters of a path that is shown."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where (a path into the document) and what."""

    path: Path
    message: str

    def __str__(self) -> str:
        return f"{place(self.path)}: {self.message}" if self.path else self.message


class Invalid(Refused):
    """A document that does not describe a valid spec; ``problems`` has every error with its path."""

    def __init__(self, problems: Sequence[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        prefix = f"{source}: " if source else ""
        lines = [f"{prefix}{problem}" for problem in self.problems[:MOST]]
        more = len(self.problems) - MOST
        super().__init__("\n".join([*lines, *([f"{prefix}and {more:,} more problems"] if more > 0 else [])]))


def dotted(path: Path) -> str:
    """``("model", "layers", 2, "units")`` as ``model.layers[2].units``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def place(path: Path) -> str:
    """A path for people: a layer by the number that its row has too, ``model.layers[2].units (layer 3)``.

    Layers within a layer are counted from 1 as well: layer 3.1 is the first of a block that is layer 3.
    """
    text = dotted(path)
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    numbers = [index + 1 for key, index in pairwise(path) if key == "layers" and isinstance(index, int)]
    return f"{text} (layer {'.'.join(map(str, numbers))})" if numbers else text
