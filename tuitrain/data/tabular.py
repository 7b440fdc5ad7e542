"""Tables of the user's own: a CSV file with a target column."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from tuitrain.data.base import Data, DataFacts, Part
from tuitrain.data.encoding import Input, Target, Task, completion_of, input_of, read_encoded, target_of
from tuitrain.data.seeds import generator
from tuitrain.data.standardize import Standardize
from tuitrain.data.table import CsvColumn, CsvTable, number, read_table, unusable
from tuitrain.spec import Invalid, Problem, nearest

if TYPE_CHECKING:
    from torch import Tensor

    from tuitrain.data.base import Completion


class Csv(Data):
    """A CSV file whose first line names its columns: one is the target, the others are the inputs.

    A column of numbers is one input; any other is a category and becomes one input for each of its texts, one-hot,
    in alphabetical order. A cell that is empty, NA or nan has no value. Classes are in the order of their numbers
    or texts. The file is UTF-8, numbers have a decimal point. Its rows are shuffled, so that first, last and limit
    mean random rows: files are often sorted by class.
    """

    suitable: ClassVar[Standardize] = "per_pixel"

    type: Literal["csv"] = "csv"
    path: str = Field(min_length=1, description="The file; a relative path starts where tuitrain was started.")
    target: str = Field(description="Name of the column that is to be predicted.")
    separator: Literal[",", ";", "tab", "|"] = Field(default=",", description="What stands between two cells.")
    drop: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(), description="Names of columns that are left out, such as identifiers."
    )
    task: Task = Field(
        default="auto",
        description="Whether the target is classes or a number; auto takes text, and up to 20 different whole "
        "numbers, for classes.",
    )
    missing: Literal["error", "impute"] = Field(
        default="error",
        description="What happens where an input has no value: it is an error, or it becomes the mean of its column "
        "(for a category: the most frequent) in the training part.",
    )
    shuffle: bool = Field(
        default=True,
        description="Whether the rows are put in an order that follows from the seed before anything is taken of "
        "them; no keeps that of the file, so that a validation part from the end of a time series is its last part.",
    )

    def whole(self) -> DataFacts:
        """The facts of the file as it is; each version of a file is read once."""
        table = self._table()
        inputs, target = self._inputs(table), self._target(table)
        return DataFacts(
            shape=(sum(one.width for one in inputs),),
            classes=len(target.class_names) or None,
            class_names=target.class_names,
            train=table.rows,
        )

    def class_counts(self) -> tuple[int, ...] | None:
        return self._target(self._table()).class_counts or None

    def where(self) -> str | None:
        return str(self._file) if os.path.isfile(self._file) else None

    def read(self, seed: int) -> Part:
        table = self._table()
        stored = read_encoded(self._file, self._delimiter, self._inputs(table), self._target(table))
        if not self.shuffle:
            return stored
        import torch

        order = torch.randperm(len(stored.y), generator=generator(seed, "rows"))
        return Part(stored.x[order], stored.y[order])

    def completion(self, training: Tensor) -> Completion:
        if self.missing == "error":
            return super().completion(training)
        return completion_of(self._inputs(self._table()), training)

    def feature_name(self, number: int) -> str:
        columns = (one for one in self._inputs(self._table()) for _ in range(one.width))
        return f"column {next(islice(columns, number, None)).name!r}"

    def guesses_classes(self) -> bool:
        return self.task == "auto" and all(number(name) is not None for name in self.facts().class_names or ("",))

    def with_absolute_paths(self) -> Self:
        return self.model_copy(update={"path": str(self._file.absolute())})

    @property
    def _file(self) -> Path:
        return Path(os.path.expanduser(self.path))  # Path.expanduser fails for an unknown user

    @property
    def _delimiter(self) -> str:
        return "\t" if self.separator == "tab" else self.separator

    def _table(self) -> CsvTable:
        return read_table(self._file, self._delimiter)

    def _target(self, table: CsvTable) -> Target:
        position = _position(table.columns, self.target, ("data", "target"), self._file)
        return target_of(table.columns[position], position, self.task)

    def _inputs(self, table: CsvTable) -> tuple[Input, ...]:
        left_out = {_position(table.columns, self.target, ("data", "target"), self._file)}
        for index, name in enumerate(self.drop):
            if name == self.target:
                raise Invalid([Problem(("data", "drop", index), f"{name!r} is the target: drop or predict it")])
            left_out.add(_position(table.columns, name, ("data", "drop", index), self._file))
        inputs = tuple(
            input_of(column, position, impute=self.missing == "impute")
            for position, column in enumerate(table.columns)
            if position not in left_out
        )
        if not inputs:
            raise unusable(f"{self._file} has no column besides the target and those that data.drop leaves out")
        return inputs


def _position(columns: Sequence[CsvColumn], name: str, place: tuple[str | int, ...], file: Path) -> int:
    names = [column.name for column in columns]
    if name not in names:
        raise Invalid([Problem(place, f"{file} has no column {name!r}; {shorten(nearest(name, names), 300)}")])
    return names.index(name)
