"""Losses: what training makes small. They take what the last layer gives: logits z for classes, values a else.

With n classes the labels are whole numbers from 0, one for each sample, and y is one-hot: (batch, n), 1 for the label
and 0 for the others. In a regression labels are floats, (batch,), and outputs and y have one unit: (batch, 1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuitrain.spec import Family

if TYPE_CHECKING:
    from torch import Tensor

    LossFunction = Callable[[Tensor, Tensor], Tensor]


class Loss(Family):
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
        """(..., units) → the class of each sample; a regression has none."""
        return outputs.argmax(-1)


class CrossEntropy(Loss):
    """-log softmax(z)_y, the mean over the batch: one unit a class.

    Keras's sparse_categorical_crossentropy with from_logits, torch's CrossEntropyLoss.
    """

    type: Literal["cross_entropy"] = "cross_entropy"
    squashes: ClassVar[str | None] = "softmax"
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="ε: the target is 1 - ε for the label, and ε is shared equally by all classes."
    )

    def targets(self, labels: Tensor, classes: int | None) -> Tensor:
        return labels

    def build(self) -> LossFunction:
        from torch.nn.functional import cross_entropy

        if not self.label_smoothing:
            return cross_entropy
        return lambda outputs, targets: cross_entropy(outputs, targets, label_smoothing=self.label_smoothing)


class BinaryCrossEntropy(Loss):
    """-[y·log σ(z) + (1-y)·log(1-σ(z))]: one unit for two classes, or one a class against one-hot targets.

    Keras's binary_crossentropy with from_logits, torch's BCEWithLogitsLoss; both take the mean over the outputs.
    """

    type: Literal["binary_cross_entropy"] = "binary_cross_entropy"
    squashes: ClassVar[str | None] = "sigmoid"
    over_outputs: Literal["mean", "sum"] = Field(
        "mean", description="How a sample's outputs are put together; sum is Nielsen's cross-entropy."
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="ε: the targets are ε/2 and 1 - ε/2, as in Keras; torch has none."
    )

    units: Literal["auto", "per_class"] = Field(
        "auto", description="auto: one unit for two classes, else one a class; per_class: one a class for two as well."
    )

    def outputs(self, classes: int | None) -> int:
        return 1 if classes == 2 and self.units == "auto" else classes or 1

    def targets(self, labels: Tensor, classes: int | None) -> Tensor:
        hard = labels.unsqueeze(1).float() if self.outputs(classes) == 1 else _one_hot(labels, classes)
        return hard * (1 - self.label_smoothing) + self.label_smoothing / 2

    def build(self) -> LossFunction:
        from torch.nn.functional import binary_cross_entropy_with_logits as bce

        if self.over_outputs == "mean":
            return bce
        return lambda outputs, targets: bce(outputs, targets, reduction="sum") / len(outputs)

    def predictions(self, outputs: Tensor) -> Tensor:
        return (outputs.squeeze(-1) > 0).long() if outputs.shape[-1] == 1 else outputs.argmax(-1)


class DistanceSpec(Loss):
    """A distance between the outputs, behind their activation, and numbers: those of a regression, or one-hot ones."""

    needs_classes: ClassVar[bool] = False

    def targets(self, labels: Tensor, classes: int | None) -> Tensor:
        return labels.unsqueeze(1).float() if classes is None else _one_hot(labels, classes)


class Mse(DistanceSpec):
    """(a - y)², the mean over outputs and batch; with classes, y is one-hot. The same in Keras and torch."""

    type: Literal["mse"] = "mse"

    def build(self) -> LossFunction:
        from torch.nn.functional import mse_loss

        return mse_loss


class Mae(DistanceSpec):
    """|a - y|, the mean over outputs and batch; with classes, y is one-hot. In Keras the same, torch's L1Loss."""

    type: Literal["mae"] = "mae"

    def build(self) -> LossFunction:
        from torch.nn.functional import l1_loss

        return l1_loss


class Huber(DistanceSpec):
    """r²/2 where |r| ≤ δ, else δ·(|r| - δ/2), with r = a - y; the mean over outputs and batch (Huber 1964).

    Far-off samples pull less than under mse. The same in Keras and torch.
    """

    type: Literal["huber"] = "huber"
    delta: float = Field(1.0, gt=0, le=1e6, description="δ: where the parabola becomes a straight line.")

    def build(self) -> LossFunction:
        from torch.nn.functional import huber_loss

        return lambda outputs, targets: huber_loss(outputs, targets, delta=self.delta)


class Quadratic(DistanceSpec):
    """½·‖a - y‖²: half the sum over the outputs, the mean over the batch (Nielsen 2015, chapter 1).

    Neither Keras nor torch has it: it is mse times half the number of outputs.
    """

    type: Literal["quadratic"] = "quadratic"

    def build(self) -> LossFunction:
        from torch.nn.functional import mse_loss

        return lambda outputs, targets: mse_loss(outputs, targets, reduction="sum") / (2 * len(outputs))


def _one_hot(labels: Tensor, classes: int | None) -> Tensor:
    from torch.nn.functional import one_hot

    return one_hot(labels, classes or -1).float()
