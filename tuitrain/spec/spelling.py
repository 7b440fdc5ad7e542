"""Which known words are probably meant by one that is not known."""

import difflib
from collections.abc import Sequence

from tuitrain.spec.vocabulary import OURS

MOST = 3
"""How many words are named at most."""
LIKE = 0.6
"""The least likeness of a word that is named: from 0, nothing in common, to 1."""
AS_LIKE = 0.05
"""Words that are so much less like than the likest are named with it."""


def nearest(word: str, known: Sequence[str]) -> str:
    """The known words that are probably meant, and else all that are known."""
    meant = likely(word, known)
    return did_you_mean(meant) if meant else f"known: {', '.join(known)}"


def likely(word: str, known: Sequence[str], like: float = LIKE) -> list[str]:
    """The known words for what is called `word` elsewhere, or else those spelt most like it; at most three."""
    plain = _plain(word)
    if called := [one for one in OURS.get(plain, ()) if one in known]:
        return called[:MOST]
    by_spelling = {_plain(one): one for one in known}
    close = difflib.get_close_matches(plain, by_spelling, n=MOST, cutoff=like)
    if not close:
        return []
    likeness = {one: difflib.SequenceMatcher(None, one, plain).ratio() for one in close}
    return [name for one, name in by_spelling.items() if likeness.get(one, 0) >= likeness[close[0]] - AS_LIKE]


def did_you_mean(words: Sequence[str]) -> str:
    """The question whether one of these was meant."""
    return f"did you mean {either([repr(word) for word in words])}?"


def either(words: Sequence[str]) -> str:
    """``a, b or c``."""
    *before, last = words
    return f"{', '.join(before)} or {last}" if before else last


def _plain(word: str) -> str:
    """A word without what people mix up in it."""
    return word.strip().lower().replace("-", "_").replace(" ", "_")
