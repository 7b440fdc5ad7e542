"""What the network is validated on: a part held out of the training samples, the test set, or nothing.

In an experiment: ``validation = { size = 5000, take = "first" }``, ``"test"`` or ``"none"``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from tuitrain.data.seeds import generator
from tuitrain.errors import Refused
from tuitrain.spec import Family

if TYPE_CHECKING:
    from torch import Tensor


class ValidationSpec(Family):
    """Takes nothing away from the training samples, unless a member says otherwise."""

    default_type: ClassVar[str | None] = "held_out"

    def held_out(self, total: int) -> int:
        """How many of ``total`` training samples are kept for validation."""
        return 0

    @property
    def needs_classes(self) -> bool:
        """Whether it takes a part of every class."""
        return False

    def split(self, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Indices of the training and of the validation part of samples with these labels (N,).

        Each ascending; together 0 .. N - 1.
        """
        import torch

        return torch.arange(len(labels)), torch.arange(0)


class HeldOut(ValidationSpec):
    """A part of the training samples is kept for validation and never trained on."""

    # Left out of what is written: a table with a size says by itself what it is.
    type: Literal["held_out"] = Field(default="held_out", exclude=True)
    size: Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.2, description="Samples to hold out: a number from 1, or a share between 0 and 1."
    )
    take: Literal["first", "last", "random", "stratified"] = Field(
        default="random",
        description="Which samples are held out; random ones depend on the seed only, stratified is random too, with "
        "the same share of every class.",
    )

    def held_out(self, total: int) -> int:
        """The size, or the share of ``total`` rounded to a whole number, at least 1.

        Raises:
            Refused: if no training sample would be left.
        """
        count = self.size if isinstance(self.size, int) else max(1, round(self.size * total))
        if count >= total:
            share = "" if count == self.size else f" (a share of {self.size:g})"
            raise Refused(
                f"data.validation.size: holding out {count}{share} of {total} training samples leaves none to train "
                f"on; hold out at most {total - 1}, or a share such as 0.2"
            )
        return count

    @property
    def needs_classes(self) -> bool:
        return self.take == "stratified"

    def split(self, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        import torch

        total = len(labels)
        count = self.held_out(total)
        if self.take in ("random", "stratified"):
            chosen = torch.randperm(total, generator=generator(seed, "validation"))
            chosen = _of_every_class(chosen, labels, count) if self.take == "stratified" else chosen[:count]
        else:
            chosen = torch.arange(count) + (0 if self.take == "first" else total - count)
        held_out = torch.zeros(total, dtype=torch.bool)
        held_out[chosen] = True
        return (~held_out).nonzero().flatten(), held_out.nonzero().flatten()


def _of_every_class(order: Tensor, labels: Tensor, count: int) -> Tensor:
    """The first samples in this order of every class, ``count`` in all.

    Of each class its share rounded down, then one more of those that lost most by that: largest remainders.
    """
    import torch

    sizes = labels.bincount()
    shares = sizes * count  # in units of 1 / N: whole numbers, so that no rounding decides
    taken = shares // len(labels)
    lost = (shares % len(labels)).sort(descending=True, stable=True).indices
    taken[lost[: count - int(taken.sum())]] += 1
    return torch.cat([order[labels[order] == one][:some] for one, some in enumerate(taken.tolist())])


class OwnTestSet(ValidationSpec):
    """The data set's own test set validates; all training samples are trained on."""

    type: Literal["test"] = "test"


class NoValidation(ValidationSpec):
    """Nothing is kept for validation: overfitting cannot be seen."""

    type: Literal["none"] = "none"
