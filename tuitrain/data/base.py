"""What every data set has: facts that need no loading, and ``load()``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, field_validator

from tuitrain.data.split import HeldOut, OwnTestSet, Validation, ValidationSpec
from tuitrain.data.standardize import Range, Standardize, fit
from tuitrain.spec import Spec

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Facts:
    """What is known of a data set: ``shape`` of one sample, channels first, and its classes, None for a regression.

    ``train`` and ``test`` are its numbers of samples before anything is held out, None where they are not
    known or there are none. ``class_names`` is empty where classes have only numbers.
    """

    shape: tuple[int, ...]
    classes: int | None
    class_names: tuple[str, ...] = ()
    train: int | None = None
    test: int | None = None


@dataclass(frozen=True, eq=False)
class Samples:
    """As they are stored: x (N, *shape) of any number type, y (N,) int64."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True, eq=False)
class Dataset:
    """Ready to train on, on the CPU: x (N, *shape) float32, y (N,) int64. ``facts`` has the numbers found."""

    train_x: Tensor
    train_y: Tensor
    validation_x: Tensor | None
    validation_y: Tensor | None
    facts: Facts


class DataSpec(Spec):
    """A data set. A member says its ``facts()`` and how to read its samples."""

    value_range: ClassVar[Range | None] = None
    """The least and the greatest value there can be, where that is known."""
    test_samples: ClassVar[int | None] = None
    """How many samples its own test set has, None if it has no test set."""

    type: str
    standardize: Standardize = Field(
        default="none",
        description="How inputs are rescaled: not at all, to 0 .. 1, or to mean 0 and standard deviation 1 over all "
        "values (global) or for every input by itself (per_pixel).",
    )
    validation: Validation = Field(
        default=HeldOut(), description="What the network is validated on: a part held out, the test set, or nothing."
    )
    limit: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="Train on the first so many samples only, after the validation part was taken; empty for all.",
    )

    @field_validator("validation")
    @classmethod
    def _has_a_test_set(cls, value: ValidationSpec) -> ValidationSpec:
        if isinstance(value, OwnTestSet) and cls.test_samples is None:
            raise ValueError(
                f"{cls.model_fields['type'].default} has no test set of its own (0 samples); "
                'hold a part out instead: { size = 0.2, take = "random" }'
            )
        return value

    def facts(self) -> Facts:
        """What can be said without reading anything."""
        raise NotImplementedError

    def where(self) -> str | None:
        """Where the samples come from, None if they are not on this machine; reads none of them."""
        raise NotImplementedError

    def read(self, seed: int) -> Samples:
        """The training samples as they are stored."""
        raise NotImplementedError

    def read_test(self) -> Samples:
        """The test set as it is stored; only for members with ``test_samples``."""
        raise NotImplementedError

    def training_size(self, total: int) -> int:
        """How many of ``total`` stored training samples are trained on.

        Raises:
            Refused: if the validation part leaves none.
        """
        return min(total - self.validation.held_out(total), self.limit or total)

    def load(self, seed: int) -> Dataset:
        """Read, split, limit and standardise; the same for the same seed.

        Raises:
            MissingData: if it is not on this machine and cannot be downloaded.
            Refused: if a file cannot be read, or the validation part leaves no training sample.
        """
        stored = self.read(seed)
        training, held_out = self.validation.split(len(stored.y), seed)
        training = training[: self.limit]
        train_x = stored.x[training].float()
        standardized = fit(self.standardize, train_x, self.value_range)
        facts = replace(self.facts(), train=len(stored.y))
        validation = None
        if isinstance(self.validation, OwnTestSet):
            validation = self.read_test()
            facts = replace(facts, test=len(validation.y))
        elif len(held_out):
            validation = Samples(stored.x[held_out], stored.y[held_out])
        return Dataset(
            train_x=standardized(train_x),
            train_y=stored.y[training],
            validation_x=standardized(validation.x.float()) if validation else None,
            validation_y=validation.y if validation else None,
            facts=facts,
        )
