"""Choices: the entries of a list that one searches by typing, and which of them are meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Choice:
    """An entry: what is returned, how it is listed, a sentence about it, and what it is found by besides.

    ``also`` has further names, such as those of variants; ``text`` is anything longer.
    """

    name: str
    label: str
    about: str = ""
    also: str = ""
    text: str = ""

    def rank(self, word: str) -> int | None:
        """How well a word in small letters fits, 0 best: by the name before anything else. None if it is nowhere."""
        name = self.name.lower()
        fits = (
            name == word,
            name.startswith(word),
            any(part.startswith(word) for part in _WORD.findall(name)),
            word in name,
            word in self.label.lower(),
            word in self.also.lower(),
            word in self.about.lower() or word in self.text.lower(),
        )
        return fits.index(True) if any(fits) else None


def matching(choices: Sequence[Choice], typed: str) -> list[Choice]:
    """The choices that have every word that was typed, the best first; equally good ones in their order."""
    words = typed.lower().split()
    found = []
    for choice in choices:
        ranks = [choice.rank(word) for word in words]
        fitting = [rank for rank in ranks if rank is not None]
        if len(fitting) == len(words):
            found.append((sum(fitting), choice))
    return [choice for _, choice in sorted(found, key=lambda entry: entry[0])]
