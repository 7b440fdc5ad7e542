"""Experiment: model, data, optimisation and lesson in one frozen value, and the checks that span several of them."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Field

from tuitrain.data import Data
from tuitrain.data.bundled import Digits
from tuitrain.errors import Refused
from tuitrain.model.activations import Linear
from tuitrain.model.network import MOST_LAYERS, Model, PlannedLayer, crowd, plan, with_defaults
from tuitrain.optim.losses import CrossEntropy, Loss
from tuitrain.optim.optimizers import Optimizer, Sgd
from tuitrain.optim.schedules import Constant, Schedule
from tuitrain.spec import Path, Problem, Spec, dotted

MOST_EPOCHS = 1_000_000


class Training(Spec):
    """How long, in what portions, and under what name; these keys stand at the top level of an experiment."""

    epochs: int = Field(10, ge=1, le=MOST_EPOCHS, description="How many times training sees all its samples.")
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] | Literal["full"] = Field(
        32, description="Samples per step, or full for all of them in one."
    )
    seed: int = Field(0, ge=0, lt=2**32, description="Equal seeds give equal runs, bit for bit on the CPU.")
    threads: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"] = Field(
        "auto", description="CPU threads of the trainer; auto leaves one core free. Changes the last digits."
    )
    name: str = Field("experiment", min_length=1, max_length=100, description="What its runs are called.")


class Observe(Spec):
    """How often the layers' statistics are taken."""

    every: Annotated[int, Field(ge=1)] | Literal["auto", "epoch"] = Field(
        "auto",
        description="auto: once a second, at most 2% of the time; epoch: its first step; or every so many steps.",
    )


class Lesson(Spec):
    """What a preset teaches."""

    title: str
    why: str
    minutes: float | None = Field(None, gt=0)
    expect: Annotated[tuple[str, ...], Field(strict=False)] = ()


class Variant(Spec):
    """Named changes to an experiment: ``set`` maps dotted paths to values."""

    name: str = Field(min_length=1)
    title: str = ""
    set: dict[str, Any]


Variants = Annotated[tuple[Variant, ...], Field(strict=False)]


class Experiment(Training):
    """Everything that decides a training."""

    data: Data = Digits()
    model: Model = Model()
    loss: Loss = CrossEntropy()
    optimizer: Optimizer = Sgd()
    schedule: Schedule = Constant()
    observe: Observe = Observe()
    lesson: Lesson | None = None
    variants: Variants = ()

    def plan(self) -> tuple[PlannedLayer, ...]:
        """The layers of the network for this data and loss; those of a block once where there are too many."""
        facts = self.data.facts()
        return plan(self.model, facts.shape, self.loss.outputs(facts.classes))

    def steps_per_epoch(self) -> int | None:
        """Optimizer steps in an epoch; None where the number of samples is not known before loading."""
        total = self.data.facts().train
        if total is None:
            return None
        samples = self.data.training_size(total)
        return 1 if self.batch_size == "full" else math.ceil(samples / self.batch_size)

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong although every single value is within its limits."""
        found = [*self._layer_problems(), *self._size_problems()]
        squashes = self.loss.squashes
        if squashes and not isinstance(self.model.output.activation, Linear):
            message = f"must be linear: {self.loss.type} applies {squashes} itself"
            found.append(Problem(("model", "output", "activation"), message))
        if self.loss.needs_classes and self.data.facts().classes is None:
            found.append(Problem(("loss",), f"{self.loss.type} needs classes, and {self.data.type} has none: use mse"))
        return tuple(dict.fromkeys(found))

    def _layer_problems(self) -> list[Problem]:
        layers = self.plan()
        found = []
        if too_many := crowd(self.model):
            path, count = too_many
            found.append(Problem(("model", *path), f"makes {count:,} layers; at most {MOST_LAYERS:,}"))
            layers = layers[:-1]  # the output says the same once more
        return found + [Problem(("model", *layer.path), layer.problem) for layer in layers if layer.problem]

    def _size_problems(self) -> list[Problem]:
        """What no data set of this size or a smaller one can give; its files can hold less than its facts say."""
        total = self.data.facts().train
        if total is None:
            return []
        try:
            samples = self.data.training_size(total)
        except Refused as error:
            path: Path = ("data", "validation", "size")
            return [Problem(path, str(error).removeprefix(f"{dotted(path)}: "))]
        if self.batch_size == "full" or self.batch_size <= samples:
            return []
        message = (
            f"{self.batch_size} is more than the {samples} samples that are trained on; at most {samples}, or 'full'"
        )
        return [Problem(("batch_size",), message)]

    def completed(self) -> Experiment:
        """The same training with every default written out, and without lesson and variants."""
        return self.model_copy(update={"model": with_defaults(self.model), "lesson": None, "variants": ()})
