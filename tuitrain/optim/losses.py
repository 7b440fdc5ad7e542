"""Losses: what training makes small. They take the raw outputs of the last layer (the logits, for classes)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from tuitrain.spec import BY_NAME, BY_TYPE, Spec

if TYPE_CHECKING:
    from torch import Tensor

    LossFunction = Callable[[Tensor, Tensor], Tensor]


class LossSpec(Spec):
    """What every loss has. ``squashes`` names the activation that the loss itself applies to the outputs."""

    squashes: ClassVar[str | None] = None
    needs_classes: ClassVar[bool] = True

    def outputs(self, classes: int | None) -> int:
        """How many units the output layer has; ``classes`` is None for a regression."""
        return classes or 1

    def targets(self, labels: Tensor, classes: int | None) -> Tensor:
        """What the outputs are compared with, made once for the whole data set."""
        raise NotImplementedError

    def build(self) -> LossFunction:
        """(outputs (batch, units), targets) → the mean loss of the batch, a scalar."""
        raise NotImplementedError

    def predictions(self, outputs: Tensor) -> Tensor:
        """(..., units) → the class of each sample."""
        return outputs.argmax(-1)


class CrossEntropy(LossSpec):
    """-log softmax(z)_y, the mean over the batch: one unit a class."""

    type: Literal["cross_entropy"] = "cross_entropy"
    squashes: ClassVar[str | None] = "softmax"

    def targets(self, labels: Tensor, classes: int | None) -> Tensor:
        return labels

    def build(self) -> LossFunction:
        from torch.nn.functional import cross_entropy

        return cross_entropy


class BinaryCrossEntropy(LossSpec):
    """-[t·log σ(z) + (1-t)·log(1-σ(z))]: one unit for two classes, else one a class against one-hot targets."""

    type: Literal["binary_cross_entropy"] = "binary_cross_entropy"
    squashes: ClassVar[str | None] = "sigmoid"
    over_outputs: Literal["mean", "sum"] = Field(
        "mean", description="How a sample's outputs are put together; sum is Nielsen's cross-entropy."
    )

    def outputs(self, classes: int | None) -> int:
        return 1 if classes in (None, 2) else int(classes or 1)

    def targets(self, labels: Tensor, classes: int | None) -> Tensor:
        if self.outputs(classes) == 1:
            return labels.unsqueeze(1).float()
        return _one_hot(labels, classes)

    def build(self) -> LossFunction:
        from torch.nn.functional import binary_cross_entropy_with_logits as bce

        if self.over_outputs == "mean":
            return bce
        return lambda outputs, targets: bce(outputs, targets, reduction="sum") / len(outputs)

    def predictions(self, outputs: Tensor) -> Tensor:
        return (outputs.squeeze(-1) > 0).long() if outputs.shape[-1] == 1 else outputs.argmax(-1)


class Mse(LossSpec):
    """(a - y)², the mean over outputs and batch; with classes, y is one-hot."""

    type: Literal["mse"] = "mse"
    needs_classes: ClassVar[bool] = False

    def targets(self, labels: Tensor, classes: int | None) -> Tensor:
        return labels.unsqueeze(1).float() if classes is None else _one_hot(labels, classes)

    def build(self) -> LossFunction:
        from torch.nn.functional import mse_loss

        return mse_loss


def _one_hot(labels: Tensor, classes: int | None) -> Tensor:
    from torch.nn.functional import one_hot

    return one_hot(labels, classes or -1).float()


Loss = Annotated[CrossEntropy | BinaryCrossEntropy | Mse, BY_TYPE, BY_NAME]
