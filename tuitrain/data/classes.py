"""A subset of the classes: which are meant, and the samples that belong to them, relabelled."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from tuitrain.spec import Invalid, Problem, nearest

if TYPE_CHECKING:
    from torch import Tensor

PATH = ("data", "only_classes")


def _no_doubles(value: tuple[int | str, ...]) -> tuple[int | str, ...]:
    for index, one in enumerate(value):
        if one in value[:index]:
            raise ValueError(f"names {one!r} twice")
    return value


OnlyClasses = Annotated[
    tuple[int | str, ...],
    Field(strict=False, min_length=2),
    AfterValidator(_no_doubles),
]
"""Numbers or names of at least two classes."""


def class_numbers(only: Sequence[int | str], classes: int | None, names: Sequence[str], of: str) -> tuple[int, ...]:
    """The numbers of the classes that ``only`` lists, in its order; ``of`` says what they are the classes of.

    Raises:
        Invalid: for each entry that is no class, or the same as one before it.
    """
    if classes is None:
        raise Invalid([Problem(PATH, f"{of} has no classes: its target is a number")])
    found: list[int | None] = []
    problems = []
    for index, one in enumerate(only):
        number = one if isinstance(one, int) and 0 <= one < classes else None
        if isinstance(one, str):
            number = names.index(one) if one in names else None
        if number is None:
            problems.append(Problem((*PATH, index), f"{of} has no class {one!r}; {_remedy(one, classes, names)}"))
        elif number in found:
            problems.append(Problem((*PATH, index), f"{one!r} is the same class as {only[found.index(number)]!r}"))
        found.append(number)
    if problems:
        raise Invalid(problems)
    return tuple(number for number in found if number is not None)


def _remedy(one: int | str, classes: int, names: Sequence[str]) -> str:
    if isinstance(one, str) and names:
        return shorten(nearest(one, names), 300)
    return f"its classes are the numbers 0 to {classes - 1}"


def relabelled(labels: Tensor, chosen: Sequence[int], classes: int) -> tuple[Tensor, Tensor]:
    """Which of the samples belong to the chosen classes, ascending, and their labels 0, 1, ... in the order chosen.

    Args:
        labels: (N,) int64, each below ``classes``.
    """
    import torch

    place = torch.full((classes,), -1)
    place[list(chosen)] = torch.arange(len(chosen))
    kept = (place[labels] >= 0).nonzero().flatten()
    return kept, place[labels[kept]]
