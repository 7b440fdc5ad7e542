"""How the columns of a table become numbers: inputs (numbers, one-hot categories) and a target."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tuitrain.data.base import Part
from tuitrain.data.table import MOST_VALUES, CsvColumn, is_missing, read_rows, unusable
from tuitrain.spec import Invalid, Problem

if TYPE_CHECKING:
    from torch import Tensor

Task = Literal["auto", "classes", "regression"]

MOST_CATEGORIES = 100
"""How many categories an input can have; more different texts are names or free text."""
MOST_NUMBERED_CLASSES = 20
"""How many different whole numbers are taken for classes at most, where the task is auto."""


@dataclass(frozen=True)
class Input:
    """A column as inputs: one for a number, one for each of its ``categories`` (one-hot) otherwise."""

    name: str
    position: int
    categories: tuple[str, ...] | None

    @property
    def width(self) -> int:
        """How many inputs it makes."""
        return 1 if self.categories is None else len(self.categories)

    def encode(self, text: str) -> tuple[float, ...]:
        """The inputs of a cell, all nan for a missing value; ValueError if the text is unknown."""
        if is_missing(text):
            return (math.nan,) * self.width
        if self.categories is None:
            return (float(text),)
        place = self.categories.index(text)
        return tuple(float(index == place) for index in range(self.width))


class _Encoded(dict[str, tuple[float, ...]]):
    """The inputs of the texts of a column, each encoded once: most cells repeat one before them."""

    def __init__(self, column: Input) -> None:
        super().__init__()
        self._column = column

    def __missing__(self, text: str) -> tuple[float, ...]:
        inputs = self._column.encode(text)
        if len(self) < MOST_VALUES:
            self[text] = inputs
        return inputs


@dataclass(frozen=True)
class Target:
    """A column as what is to be predicted: the class of each of its texts, or a number where there are no classes."""

    position: int
    class_names: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    class_of: tuple[tuple[str, int], ...] = ()


def input_of(column: CsvColumn, position: int, *, impute: bool) -> Input:
    """How a column becomes inputs.

    Raises:
        Invalid: if values are missing and may not be, or it has no values, too large ones or too many texts.
    """
    if column.counts == ():
        raise unusable(f"column {column.name!r} has no values; leave it out with data.drop")
    if column.missing and not impute:
        raise unusable(
            f"line {column.missing} has no value in column {column.name!r}{_total(column)}: fill it in, leave the "
            'column out with data.drop, or set data.missing = "impute"'
        )
    if column.is_numeric:
        _check_size(column)
        return Input(column.name, position, None)
    if column.counts is None or len(column.counts) > MOST_CATEGORIES:
        how_many = f"more than {MOST_VALUES}" if column.counts is None else str(len(column.counts))
        raise unusable(
            f"column {column.name!r} has {how_many} different texts{_example(column)}, at most {MOST_CATEGORIES} can "
            "be categories; leave it out with data.drop"
        )
    return Input(column.name, position, tuple(sorted(text for text, _ in column.counts)))


def target_of(column: CsvColumn, position: int, task: Task) -> Target:
    """What is to be predicted.

    Text, and few different whole numbers, are classes where the task is ``auto``; other numbers are a regression.

    Raises:
        Invalid: if values are missing, or they do not fit the task.
    """
    if column.missing:
        raise unusable(
            f"line {column.missing} has no value in the target column {column.name!r}{_total(column)}: fill it in "
            "or remove the line; what is to be predicted is never imputed"
        )
    if column.is_numeric:
        _check_size(column)
    if task == "regression" and not column.is_numeric:
        raise Invalid([Problem(("data", "task"), f"regression needs numbers in {column.name!r}{_example(column)}")])
    if task == "regression" or (task == "auto" and column.is_numeric and not _few_whole_numbers(column)):
        return Target(position)
    if column.counts is None:
        message = f"has more than {MOST_VALUES} different values{_example(column)}; so many classes are not supported"
        raise Invalid([Problem(("data", "target"), f"{column.name!r} {message}")])
    return _classes(column, column.counts, position)


def _classes(column: CsvColumn, counts: Sequence[tuple[str, int]], position: int) -> Target:
    """Classes in the order of their numbers, or of their texts; 1 and 1.0 are the same number."""
    values: dict[str, Any] = {text: float(text) if column.is_numeric else text for text, _ in counts}
    ordered = sorted(set(values.values()))
    if len(ordered) < 2:
        raise Invalid([Problem(("data", "target"), f"{column.name!r} has the same value in every row")])
    totals = [0] * len(ordered)
    class_of = tuple((text, ordered.index(value)) for text, value in values.items())
    for (_, one), (_, times) in zip(class_of, counts, strict=True):
        totals[one] += times
    return Target(position, tuple(map(_name, ordered)), tuple(totals), class_of)


def _name(value: float | str) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _few_whole_numbers(column: CsvColumn) -> bool:
    if column.counts is None:
        return False
    values = {float(text) for text, _ in column.counts}
    return len(values) <= MOST_NUMBERED_CLASSES and all(value.is_integer() for value in values)


def _check_size(column: CsvColumn) -> None:
    if cell := column.too_large:
        raise unusable(f"line {cell.line} has {cell.text} in column {column.name!r}, too large a number; mend it")


def _total(column: CsvColumn) -> str:
    return f" ({column.missing_total} are missing in all)" if column.missing_total > 1 else ""


def _example(column: CsvColumn) -> str:
    cell = column.no_number
    return f" (line {cell.line} has {cell.text!r})" if cell else ""


def read_encoded(path: Path, separator: str, inputs: Sequence[Input], target: Target) -> Part:
    """The rows as numbers: x (N, width of all inputs) float32, nan where a value is missing; y as `Part` has it.

    Raises:
        Invalid: if the file cannot be read, or is not any more what inputs and target were made for.
    """
    import torch

    encoded = [(one.position, _Encoded(one)) for one in inputs]
    class_of = dict(target.class_of)
    x = array("f")
    y: array[Any] = array("q" if class_of else "f")
    width = sum(one.width for one in inputs)
    rows = read_rows(path, separator)
    next(rows)
    try:
        for _, cells in rows:
            for position, known in encoded:
                x.extend(known[cells[position]])
            text = cells[target.position]
            y.append(class_of[text] if class_of else float(text))
        return Part(
            torch.frombuffer(x, dtype=torch.float32).view(-1, width),
            torch.frombuffer(y, dtype=torch.int64 if class_of else torch.float32),
        )
    except (IndexError, KeyError, ValueError):
        raise unusable(f"{path} was changed while it was read; try again") from None


def completion_of(inputs: Sequence[Input], training: Tensor) -> Callable[[Tensor], Tensor]:
    """What fills missing values: the mean of a number, the most frequent of categories, of the training part.

    Raises:
        Invalid: if a column has no value in the training part.
    """
    import torch

    means = training.nanmean(dim=0, dtype=torch.float64)
    for one, mean in zip(inputs, means.split([one.width for one in inputs]), strict=True):
        if mean.isnan().any():
            raise Invalid([Problem(("data", "missing"), f"column {one.name!r} has no value in the training part")])
        if one.categories is not None:
            # The means of one-hot inputs are the shares of the categories.
            frequent = mean.argmax()
            mean.zero_()
            mean[frequent] = 1
    figures = means.float()
    return lambda x: torch.where(x.isnan(), figures, x)
