"""Problems: what is wrong with a document, each with its path."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from tuitrain.errors import Refused

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where (a path into the document) and what."""

    path: Path
    message: str

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.message}" if self.path else self.message


class Invalid(Refused):
    """A document that does not describe a valid spec; ``problems`` has every error with its path."""

    def __init__(self, problems: Sequence[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        prefix = f"{source}: " if source else ""
        super().__init__("\n".join(f"{prefix}{problem}" for problem in self.problems))


def dotted(path: Path) -> str:
    """``("model", "layers", 2, "units")`` as ``model.layers[2].units``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word that is probably meant, and else all that are known."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
