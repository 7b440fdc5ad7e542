"""Text from outside, made harmless: everything that goes to a terminal goes through `printable` first.

Names of files and layers, log lines and messages can hold control characters. A terminal obeys them: they clear its
screen, set its title, turn text around, or fill its clipboard.
"""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\n\t\u200c\u200d")
"""Line ends and tabs, and the joiners that Persian, Hindi and emoji are written with."""

_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of control and format characters, lone surrogates, and separators of lines and paragraphs."""


def printable(text: str) -> str:
    r"""The text with every character that could steer a terminal as its Python escape: ESC becomes ``\x1b``.

    A lone surrogate, which stands for an undecodable byte of a file name, becomes ``\udcff`` and so can be encoded.
    """
    if text.isprintable():
        return text
    return "".join(one if _is_harmless(one) else one.encode("unicode_escape").decode() for one in text)


def _is_harmless(character: str) -> bool:
    return character in _KEPT or unicodedata.category(character) not in _STEERING
