"""Experiment: model, data, optimisation and lesson in one frozen value, and the checks that span several of them."""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field

from tuitrain.data import Data
from tuitrain.data.base import DataFacts
from tuitrain.data.bundled import Digits
from tuitrain.data.split import NoValidation
from tuitrain.metrics import Pass, monitors, task_of
from tuitrain.model.freezing import Freeze, Transfer
from tuitrain.model.plan import PlannedLayer, plan, with_absolute_paths, with_defaults
from tuitrain.model.structure import Model
from tuitrain.optim.callback_base import CallbackSpec
from tuitrain.optim.clipping import Clipping
from tuitrain.optim.losses import CrossEntropy, Loss
from tuitrain.optim.optimizers import Optimizer, Sgd
from tuitrain.optim.schedule_base import Schedule
from tuitrain.optim.schedules import ConstantRate
from tuitrain.printable import printable
from tuitrain.spec import Spec

# isort: split
# What they declare is what an experiment can have; forms list the schedules in the order in which they are read.
# isort: off
from tuitrain.optim import schedules, cycles, performance, callbacks  # noqa: F401

# isort: on

MOST_EPOCHS = 1_000_000


def _one_line(text: str) -> str:
    if "\n" in text or printable(text) != text:
        raise ValueError("must be one line without control characters")
    return text


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_one_line)]


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
    validate_every: Annotated[int, Field(ge=1, le=1_000_000_000)] | Literal["epoch"] = Field(
        "epoch", description="When the network is validated: after every epoch, or every so many steps and at the end."
    )
    name: Name = Field("experiment", description="What its runs are called.")


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

    name: Name
    title: str = ""
    set: dict[str, Any]


Variants = Annotated[tuple[Variant, ...], Field(strict=False)]


class Experiment(Training):
    """Everything that decides a training."""

    data: Data = Digits()
    model: Model = Model()
    loss: Loss = CrossEntropy()
    optimizer: Optimizer = Sgd()
    schedule: Schedule = ConstantRate()
    clipping: Clipping | None = None
    freeze: Freeze | None = None
    transfer: Transfer | None = None
    callbacks: Annotated[tuple[CallbackSpec, ...], Field(strict=False)] = ()
    observe: Observe = Observe()
    lesson: Lesson | None = None
    variants: Variants = ()

    def plan(self, facts: DataFacts | None = None) -> tuple[PlannedLayer, ...]:
        """The layers of the network for this data and loss; those of a block once where there are too many.

        ``facts`` are those of the data, where they are known already.
        """
        facts = facts or self.data.facts()
        return plan(self.model, facts.shape, self.loss.outputs(facts.classes))

    def steps_per_epoch(self, facts: DataFacts | None = None) -> int | None:
        """Optimizer steps in an epoch; None where the number of samples is not known before loading.

        ``facts`` are those of the data, where they are known already.
        """
        total = (facts or self.data.facts()).train
        if total is None:
            return None
        samples = self.data.training_size(total)
        return 1 if self.batch_size == "full" else math.ceil(samples / self.batch_size)

    def rate(self, step: int, steps_per_epoch: int, total_steps: int) -> float:
        """The learning rate of step ``step`` (from 0) as it is planned."""
        thawed = self.freeze is not None and step >= self.freeze.epochs * steps_per_epoch
        lr = self.freeze.lr if thawed and self.freeze and self.freeze.lr else self.optimizer.lr
        return self.schedule.rate(lr, step, steps_per_epoch, total_steps)

    def figures(self, facts: DataFacts | None = None) -> tuple[str, ...]:
        """The names of the figures that an epoch gives, as callbacks and schedules monitor them.

        ``facts`` are those of the data, where they are known already.
        """
        parts: tuple[Pass, ...] = ("train", "validation")
        if isinstance(self.data.validation, NoValidation):
            parts = ("train",)
        return monitors(parts, ("any", task_of((facts or self.data.facts()).classes)))

    def completed(self) -> Self:
        """The same training with every default written out and absolute paths, without lesson and variants.

        The defaults of the model are in every layer, and stay for layers that are added later.
        """
        changes = {
            "model": with_defaults(with_absolute_paths(self.model)).model_copy(
                update={"defaults": self.model.defaults}
            ),
            "data": self.data.with_absolute_paths().settled(),
            "schedule": self._settled_schedule(),
            "lesson": None,
            "variants": (),
        }
        return self.model_copy(update=changes)

    def trains_as(self, other: Self) -> bool:
        """Whether both are the same training under the same name; defaults for further layers do not matter."""
        return _without_defaults(self) == _without_defaults(other)

    def _settled_schedule(self) -> Schedule:
        """With the rates that follow from the optimizer's written out, but where a second rate comes after it."""
        if self.freeze and self.freeze.lr:
            return self.schedule
        return self.schedule.settled(self.optimizer.lr)


def _without_defaults(experiment: Experiment) -> Experiment:
    completed = experiment.completed()
    return completed.model_copy(update={"model": with_defaults(completed.model)})
