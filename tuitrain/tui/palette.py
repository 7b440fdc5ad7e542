"""The colours of the drawings, after Okabe and Ito: told apart with every kind of colour vision."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """Hex colours. ``quiet`` is for axes and words, ``train_range`` for the extremes around the training curve."""

    train: str
    train_range: str
    validation: str
    alarm: str
    quiet: str


DARK = Palette(train="#56b4e9", train_range="#2b5f80", validation="#e69f00", alarm="#ff6f3c", quiet="#8c8c8c")
LIGHT = Palette(train="#0072b2", train_range="#9cc9e3", validation="#b35900", alarm="#c1121f", quiet="#6e6e6e")
