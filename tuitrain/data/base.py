"""What every data set has: facts that need no loading, and ``load()``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field, field_validator

from tuitrain.data import notes
from tuitrain.data.augment import OptionalAugment
from tuitrain.data.classes import OnlyClasses, class_numbers, relabelled
from tuitrain.data.split import HeldOut, OwnTestSet, ValidationSpec
from tuitrain.data.standardize import Choice, Range, Standardize, fit
from tuitrain.errors import Refused
from tuitrain.spec import OF_ITS_TYPE, Family, Invalid, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from tuitrain.data.images import ImageFiles, ImageStream

    Completion = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class DataFacts:
    """What is known of a data set: ``shape`` of one sample, channels first, and its classes, None for a regression.

    ``train`` and ``test`` are its numbers of samples before anything is held out, None where they are not
    known or there are none. ``class_names`` is empty where classes have only numbers. ``shape`` is None where
    the data set has a problem and nothing is known of it.
    """

    shape: tuple[int, ...] | None
    classes: int | None
    class_names: tuple[str, ...] = ()
    train: int | None = None
    test: int | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """As they are stored: x (N, *shape) of any number type; y (N,) int64 classes, float32 for a regression."""

    x: Tensor | ImageFiles
    y: Tensor


@dataclass(frozen=True, eq=False)
class Dataset:
    """Ready to train on, on the CPU: x (N, *shape) float32; y (N,) int64 classes, float32 for a regression.

    ``facts`` has the numbers found, ``notes`` what the user should know of the samples.
    """

    train_x: Tensor | ImageStream
    train_y: Tensor
    validation_x: Tensor | ImageStream | None
    validation_y: Tensor | None
    facts: DataFacts
    notes: tuple[str, ...] = ()


class Data(Family):
    """A data set. A member says what it is as a whole, ``whole()``, and how to read its samples.

    What holds for all of them is done here, once: the subset of classes, the split, the limit, the standardisation.
    """

    value_range: ClassVar[Range | None] = None
    """The least and the greatest value there can be, where that is known."""
    test_samples: ClassVar[int | None] = None
    """How many samples its own test set has, None if it has no test set."""
    suitable: ClassVar[Standardize] = "none"
    """How its inputs are rescaled where nothing is chosen, so that they are of the order of 1."""

    standardize: Choice = Field(
        default="auto",
        description="How inputs are rescaled: not at all, to 0 .. 1 (scale), or to mean 0 and standard deviation 1 "
        "over all values (global) or for every input by itself (per_pixel); auto: scale for images, per_pixel for "
        "tables, none for generated points.",
    )
    validation: ValidationSpec = Field(
        default=HeldOut(), description="What the network is validated on: a part held out, the test set, or nothing."
    )
    only_classes: OnlyClasses | None = Field(
        default=None,
        description="Keep these classes only, by number or name, numbered 0, 1, ... in this order; empty for all.",
        json_schema_extra={OF_ITS_TYPE: True},
    )
    limit: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="Train on the first so many samples only, after the subset of classes and the validation part "
        "were taken; empty for all.",
    )
    augment: OptionalAugment = Field(
        default=None, description="How images are changed at random while they are trained on; empty for not at all."
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

    def whole(self) -> DataFacts:
        """What can be said of all its classes before loading; a set that lies in a file of the user's may look into it.

        Raises:
            Refused: if that file cannot be used.
        """
        raise NotImplementedError

    def class_counts(self) -> tuple[int, ...] | None:
        """The training samples of each class of the whole set, None where they are not known before loading."""
        return None

    def where(self) -> str | None:
        """Where the samples come from, None if they are not on this machine; reads none of them."""
        raise NotImplementedError

    def guesses_classes(self) -> bool:
        """Whether its classes are numbers that nobody said are classes."""
        return False

    @property
    def standardization(self) -> Standardize:
        """How its inputs are rescaled."""
        return self.suitable if self.standardize == "auto" else self.standardize

    def settled(self) -> Self:
        """The same data set with the standardisation that suits it in place of "auto"."""
        return self.model_copy(update={"standardize": self.standardization})

    def with_absolute_paths(self) -> Self:
        """The same data set with absolute paths, so that it can be read from another directory."""
        return self

    def read(self, seed: int) -> Part:
        """The training samples of all classes as they are stored."""
        raise NotImplementedError

    def read_test(self) -> Part:
        """The test set as it is stored; only for members with ``test_samples``."""
        raise NotImplementedError

    def completion(self, training: Tensor) -> Completion:
        """What fills gaps in inputs, float32 (N, *shape), with figures of the training part; most sets have none."""
        return lambda x: x

    def feature_name(self, number: int) -> str:
        """What to call an input in a sentence; ``number`` counts from 0, through the flattened shape."""
        return f"feature {number}"

    def facts(self) -> DataFacts:
        """What can be said before loading, of the chosen classes only; never fails, see ``problems``."""
        return self.examine()[0]

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong although every single value is within its limits; paths begin with ``data``."""
        return self.examine()[1]

    def examine(self) -> tuple[DataFacts, tuple[Problem, ...]]:
        """Its facts, and what is wrong with it, from one reading of its files."""
        nothing = DataFacts(shape=None, classes=None)
        try:
            facts = self._facts()
        except Invalid as error:
            return nothing, error.problems
        except Refused as error:
            return nothing, (Problem(("data",), str(error)),)
        problems = self.augment.problems(facts.shape) if self.augment and facts.shape else ()
        if self.validation.needs_classes and facts.classes is None:
            message = f"stratified needs classes, and the target of {self.type} is a number: take random"
            problems = (*problems, Problem(("data", "validation", "take"), message))
        return facts, problems

    def training_size(self, total: int) -> int:
        """How many of ``total`` stored training samples, of the chosen classes, are trained on.

        Raises:
            Refused: if the validation part leaves none.
        """
        return min(total - self.validation.held_out(total), self.limit or total)

    def load(self, seed: int) -> Dataset:
        """Read, choose classes, split, limit, complete and standardise; the same for the same seed.

        Raises:
            MissingData: if it is not on this machine and cannot be downloaded.
            Refused: if a file cannot be used, a class is unknown, or the validation part leaves no training sample.
        """
        facts = self._facts()
        stored = self._of_chosen_classes(self.read(seed))
        training, held_out = self.validation.split(stored.y, seed)
        training = training[: self.limit]
        facts = replace(facts, train=len(stored.y))
        validation = None
        if isinstance(self.validation, OwnTestSet):
            validation = self._of_chosen_classes(self.read_test())
            facts = replace(facts, test=len(validation.y))
        elif len(held_out):
            validation = Part(stored.x[held_out], stored.y[held_out])
        dataset = self.ready(facts, Part(stored.x[training], stored.y[training]), validation)
        return replace(dataset, notes=(*self._notes(dataset, stored.y), *dataset.notes))

    def ready(self, facts: DataFacts, train: Part, validation: Part | None) -> Dataset:
        """Completed and standardised, with figures of the training part."""
        import torch

        assert isinstance(train.x, torch.Tensor)
        train_x = train.x.float()
        complete = self.completion(train_x)
        train_x = complete(train_x)
        standardized = fit(self.standardization, train_x, self.value_range, self.feature_name)
        validation_x = None
        if validation:
            assert isinstance(validation.x, torch.Tensor)
            validation_x = standardized(complete(validation.x.float()))
        return Dataset(standardized(train_x), train.y, validation_x, validation.y if validation else None, facts)

    def _notes(self, dataset: Dataset, labels: Tensor) -> tuple[str, ...]:
        classes, names = dataset.facts.classes, dataset.facts.class_names
        if classes is None:
            return tuple(notes.of_numbers(dataset.train_y))
        named = names or tuple(map(str, range(classes)))
        return tuple(notes.of_classes(named, labels, dataset.train_y, dataset.validation_y))

    def _facts(self) -> DataFacts:
        whole = self.whole()
        if self.only_classes is None:
            return whole
        chosen = self._chosen(whole)
        counts = self.class_counts()
        return DataFacts(
            shape=whole.shape,
            classes=len(chosen),
            class_names=tuple(whole.class_names[number] for number in chosen) if whole.class_names else (),
            train=sum(counts[number] for number in chosen) if counts else None,
        )

    def _chosen(self, whole: DataFacts) -> tuple[int, ...]:
        return class_numbers(self.only_classes or (), whole.classes, whole.class_names, self.type)

    def _of_chosen_classes(self, samples: Part) -> Part:
        if self.only_classes is None:
            return samples
        whole = self.whole()
        kept, labels = relabelled(samples.y, self._chosen(whole), whole.classes or 0)
        if not len(kept):
            raise Refused(f"data.only_classes: {self.where()} has no samples of these classes; choose others")
        return Part(samples.x[kept], labels)
