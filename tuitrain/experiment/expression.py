"""Quantities, the figures of a run that an expectation can name, and expressions over them: trees of frozen nodes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tuitrain.errors import Refused
from tuitrain.metrics import MONITORS, STATISTICS
from tuitrain.spec import nearest

TOTALS = ("epochs", "steps", "seconds", "parameters", "clipped", "status")
"""One value a run: what it did, its number of parameters, the share of steps whose gradient was clipped, its end."""

STATUSES = ("finished", "stopped", "failed", "diverged")

WHENS = ("first", "last", "best", "min", "max", "mean")
"""Which of the values over the epochs, or over the observations; best only of a figure."""

BASE = "base"
"""Stands for the preset without a variant."""


@dataclass(frozen=True)
class Quantity:
    """``[variant.][when.]path[layer]``.

    ``variant`` is None for the preset itself. ``layer`` is the name of a layer or its place among those that have the
    statistic (-1: the last one), and None where ``path`` is no statistic.
    """

    variant: str | None
    when: str
    path: str
    layer: int | str | None
    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def is_text(self) -> bool:
        """Whether its value is a word and not a number."""
        return self.path == "status"


def quantity(name: str, layer: str | None = None) -> Quantity:
    """The quantity of a dotted name and of what stands in brackets behind it.

    Raises:
        Refused: if there is none of that name, or it takes no such layer or time.
    """
    *variant, path = _split(name)
    when = variant.pop() if variant and variant[-1] in WHENS else None
    if when and path in TOTALS:
        raise Refused(f"{path} is one value for the whole run and has no {when}")
    if when == "best" and path in STATISTICS:
        raise Refused(f"{path} has no best; take first, last, min, max or mean")
    if path in STATISTICS and not layer:
        raise Refused(f"{path} needs a layer: {path}[0] is the first that has one, [-1] the last, or its name")
    if path not in STATISTICS and layer is not None:
        raise Refused(f"{path} has no layers, so there is no [{layer}]")
    chosen = ".".join(variant)
    text = name if layer is None else f"{name}[{layer}]"
    return Quantity(None if chosen in ("", BASE) else chosen, when or "last", path, _place(layer), text)


def _split(name: str) -> list[str]:
    """The parts of a name; the path, which is the longest that fits its end, as one."""
    parts = name.split(".")
    if (figure := ".".join(parts[-2:])) in MONITORS:
        return [*parts[:-2], figure]
    if parts[-1] in STATISTICS or parts[-1] in TOTALS:
        return parts
    hint = "; a minus between two names needs spaces around it" if "-" in name else ""
    raise Refused(f"unknown quantity {name!r}{hint}; {nearest(name, (*MONITORS, *STATISTICS, *TOTALS))}")


def _place(layer: str | None) -> int | str | None:
    digits = (layer or "").removeprefix("-")
    return int(layer) if layer and digits.isascii() and digits.isdigit() and len(digits) < 10 else layer


Value = float | str | None
"""The value of a quantity or an expression; None where a run has no such value."""

UNARY: Mapping[str, Callable[[float], float]] = {"-": operator.neg, "abs": abs}
OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


@dataclass(frozen=True)
class Unary:
    """``operator`` is - or abs."""

    operator: str
    inner: Node


@dataclass(frozen=True)
class Binary:
    operator: str
    left: Node
    right: Node


Node = float | str | Quantity | Unary | Binary
"""A string is the word that a status is compared with."""


def is_text(node: Node) -> bool:
    """Whether its value is a word and not a number."""
    return isinstance(node, str) or (isinstance(node, Quantity) and node.is_text)


def quantities(node: Node) -> Iterator[Quantity]:
    """The quantities in an expression, from left to right."""
    match node:
        case Quantity():
            yield node
        case Unary(_, inner):
            yield from quantities(inner)
        case Binary(_, left, right):
            yield from quantities(left)
            yield from quantities(right)


def evaluate(node: Node, known: Mapping[Quantity, Value]) -> Value:
    """In 64-bit floating point; None if one of its quantities is, and not a number after a division by zero."""
    match node:
        case Quantity():
            return known[node]
        case Unary(sign, inner):
            value = evaluate(inner, known)
            return UNARY[sign](value) if isinstance(value, float) else None
        case Binary(sign, left, right):
            first, second = evaluate(left, known), evaluate(right, known)
            if not (isinstance(first, float) and isinstance(second, float)):
                return None
            try:
                result: float = OPERATORS[sign](first, second)
            except ZeroDivisionError:
                return math.nan
            return result
        case _:
            return node
