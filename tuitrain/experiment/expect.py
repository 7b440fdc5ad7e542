"""Expectations: what a lesson promises of its runs, such as ``selu.validation.loss < relu.validation.loss``.

docs/expect.md says what they can name.
"""

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tuitrain.errors import Refused
from tuitrain.experiment.expression import Node, Quantity, Value, evaluate, quantities
from tuitrain.experiment.grammar import ExpectError, read
from tuitrain.spec import dotted, nearest

__all__ = ["ExpectError", "Expectation", "Quantity", "Value", "Verdict", "parse", "parse_all"]

ValueOf = Callable[[Quantity], Value]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Verdict:
    """``values`` are those of the sides, ``comparison`` shows them; ``detail`` says what had no (finite) value."""

    holds: bool
    values: tuple[Value, ...]
    comparison: str
    detail: str = ""


@dataclass(frozen=True)
class Expectation:
    """Sides with a comparator between every two neighbours; it holds if all the comparisons do."""

    text: str
    sides: tuple[Node, ...]
    comparators: tuple[str, ...]

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What it names, each once, in order."""
        return tuple(dict.fromkeys(one for side in self.sides for one in quantities(side)))

    @property
    def variants(self) -> frozenset[str]:
        """The variants it names; the preset itself, which is none, is not among them."""
        return frozenset(one.variant for one in self.quantities if one.variant is not None)

    def evaluate(self, value_of: ValueOf) -> Verdict:
        """Whether it holds, where ``value_of`` gives the value of a quantity.

        It does not hold if one of them has none or one that is not finite, whatever the comparison would say.
        """
        known = {one: value_of(one) for one in self.quantities}
        values = tuple(evaluate(side, known) for side in self.sides)
        detail = "; ".join(_lacks(known))
        if not detail and not all(map(_is_usable, values)):
            detail = "a side is no finite number: a division by zero, or too large"
        pairs = zip(self.comparators, pairwise(values), strict=True)
        holds = not detail and all(_COMPARISONS[comparator](*pair) for comparator, pair in pairs)
        return Verdict(holds, values, _shown(values, self.comparators), detail)


def parse(text: str) -> Expectation:
    """Read an expectation.

    Raises:
        ExpectError: with the column, what was found and what is allowed.
    """
    return Expectation(text, *read(text))


def parse_all(lines: Iterable[str], variants: Sequence[str]) -> tuple[Expectation, ...]:
    """Read the ``lesson.expect`` of an experiment that has those variants.

    Raises:
        Refused: with the place in the list, if a line cannot be read or names another variant.
    """
    return tuple(_parse_line(line, index, variants) for index, line in enumerate(lines))


def _parse_line(line: str, index: int, variants: Sequence[str]) -> Expectation:
    place = dotted(("lesson", "expect", index))
    try:
        expectation = parse(line)
    except ExpectError as error:
        raise Refused(f"{place}: {error}") from None
    for unknown in sorted(expectation.variants.difference(variants)):
        known = nearest(unknown, variants) if variants else "there are none"
        hint = "" if "-" not in unknown else " (a minus between two names needs spaces around it)"
        raise Refused(f"{place}: {line!r}: unknown variant {unknown!r}; {known}{hint}")
    return expectation


def _lacks(known: Mapping[Quantity, Value]) -> Iterator[str]:
    for quantity, value in known.items():
        if value is None:
            yield f"{quantity} has no value"
        elif not _is_usable(value):
            yield f"{quantity} is {value}"


def _is_usable(value: Value) -> bool:
    return isinstance(value, str) or (value is not None and math.isfinite(value))


def _shown(values: Sequence[Value], comparators: Sequence[str]) -> str:
    """With four significant digits, or as many as it takes to tell apart what differs."""
    different = len(set(map(repr, values)))
    for digits in range(4, 18):
        shown = [f"{value:.{digits}g}" if isinstance(value, float) else value or "nothing" for value in values]
        if len(set(shown)) == different:
            break
    return " ".join([shown[0], *(f"{sign} {value}" for sign, value in zip(comparators, shown[1:], strict=True))])
