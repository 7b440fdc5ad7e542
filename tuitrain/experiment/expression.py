"""Expressions over the quantities of runs: trees of frozen nodes, and their value."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tuitrain.experiment.quantity import Quantity

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
