"""The grammar of expectations, read by recursive descent. Nothing in it is ever run as Python.

comparison = sum comparator sum {comparator sum}      comparator = < <= > >= == !=
sum        = product {(+ | -) product}
product    = factor {(* | /) factor}
factor     = - factor | ( sum ) | abs( sum ) | number | word | quantity
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, NoReturn

from tuitrain.errors import Refused
from tuitrain.experiment.expression import (
    OPERATORS,
    STATUSES,
    Binary,
    Node,
    Quantity,
    Unary,
    is_text,
    quantities,
    quantity,
)
from tuitrain.spec import nearest

LONGEST = 500
"""Characters of a comparison."""
DEEPEST = 20
"""Parentheses and signs within each other."""
COMPARATORS = ("<", "<=", ">", ">=", "==", "!=")

_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*")
_LAYER = re.compile(r"\[([^\[\]]*)\]")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_SIGN = re.compile(r"[<>=!]=|[-+*/()<>]")
_SPACE = re.compile(r"\s*")
_END = "the end"


class ExpectError(Refused):
    """An expectation that cannot be read; ``column`` counts from 1."""

    def __init__(self, text: str, column: int, message: str) -> None:
        shown = text if len(text) <= LONGEST else f"{text[:40]}..."
        super().__init__(f"{shown!r}, column {column}: {message}")
        self.column = column


class Comparison(NamedTuple):
    """Sides, with a comparator between every two neighbours."""

    sides: tuple[Node, ...]
    comparators: tuple[str, ...]


def read(text: str) -> Comparison:
    """The comparison that a text is.

    Raises:
        ExpectError: with the column, what was found and what is allowed.
    """
    if len(text) > LONGEST:
        raise ExpectError(text, LONGEST + 1, f"is longer than {LONGEST} characters")
    return _ComparisonParser(text).comparison()


class _Token(NamedTuple):
    """``kind`` is number, name, word (in quotes), layer (in brackets), or a sign itself."""

    kind: str
    text: str
    start: int


def _tokens(text: str) -> Iterator[_Token]:
    """What begins with a digit is the longer of number and name: ``1e-3`` is a number, ``3-hidden.steps`` a name."""
    at = _after_space(text, 0)
    while at < len(text):
        number, name = _NUMBER.match(text, at), _NAME.match(text, at)
        if name and (not number or name.end() > number.end()):
            match, kind = name, "name"
        elif number:
            match, kind = number, "number"
        elif layer := _LAYER.match(text, at):
            match, kind = layer, "layer"
        elif quoted := _QUOTED.match(text, at):
            match, kind = quoted, "word"
        elif sign := _SIGN.match(text, at):
            match, kind = sign, sign[0]
        else:
            raise ExpectError(text, at + 1, f"{text[at]!r} has no meaning here")
        yield _Token(kind, match[match.lastindex or 0], at)
        at = _after_space(text, match.end())
    yield _Token(_END, _END, at)


def _after_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


class _ComparisonParser:
    """A method per rule of the grammar; each leaves the token behind its rule unread."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def comparison(self) -> Comparison:
        sides, comparators = [self._sum()], []
        while (token := self._next()).kind in COMPARATORS:
            comparators.append(token.kind)
            sides.append(self._sum())
        if token.kind != _END or not comparators:
            self._refuse(token, f"expected one of {' '.join((*OPERATORS, *COMPARATORS))}, found {token.text}")
        if not any(any(quantities(side)) for side in sides):
            self._refuse(self._tokens[0], "names no figure of a run, such as validation.loss")
        if any(map(is_text, sides)) and not (all(map(is_text, sides)) and {*comparators} <= {"==", "!="}):
            self._refuse(self._tokens[0], f"status can only be == or != one of {', '.join(STATUSES)}")
        return Comparison(tuple(sides), tuple(comparators))

    def _sum(self) -> Node:
        return self._chain("+-", self._product)

    def _product(self) -> Node:
        return self._chain("*/", self._factor)

    def _chain(self, signs: str, part: Callable[[], Node]) -> Node:
        node = part()
        while (token := self._peek()).kind in tuple(signs):
            self._next()
            node = Binary(token.kind, self._number(node, token), self._number(part(), token))
        return node

    def _factor(self) -> Node:
        token = self._next()
        match token.kind:
            case "-":
                return Unary("-", self._number(self._nested(token, self._factor), token))
            case "(":
                return self._closed(token)
            case "name" if token.text == "abs" and self._peek().kind == "(":
                return Unary("abs", self._number(self._closed(self._next()), token))
            case "number":
                number = float(token.text)
                return number if math.isfinite(number) else self._refuse(token, f"{token.text} is too large")
            case "name" if token.text not in STATUSES:
                return self._quantity(token)
            case "name" | "word":
                return self._status(token)
            case _:
                self._refuse(token, f"expected a number, a figure such as validation.loss, or (, found {token.text}")

    def _closed(self, opening: _Token) -> Node:
        node = self._nested(opening, self._sum)
        if (token := self._next()).kind != ")":
            self._refuse(token, f"expected ) for the ( in column {opening.start + 1}, found {token.text}")
        return node

    def _nested(self, token: _Token, part: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            self._refuse(token, f"is nested more than {DEEPEST} deep")
        node = part()
        self._depth -= 1
        return node

    def _quantity(self, token: _Token) -> Quantity:
        layer = self._next().text.strip() if self._peek().kind == "layer" else None
        try:
            return quantity(token.text, layer)
        except Refused as error:
            self._refuse(token, str(error))

    def _status(self, token: _Token) -> str:
        if token.text not in STATUSES:
            self._refuse(token, f"unknown status {token.text!r}; {nearest(token.text, STATUSES)}")
        return token.text

    def _number(self, node: Node, token: _Token) -> Node:
        """The node, unless it is a word: with that one cannot reckon."""
        return self._refuse(token, f"{node} is a word and no number") if is_text(node) else node

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _refuse(self, token: _Token, message: str) -> NoReturn:
        raise ExpectError(self._text, token.start + 1, message)
