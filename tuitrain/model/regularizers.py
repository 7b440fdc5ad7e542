"""Regularizers: what large weights add to the loss. Biases are left out, as in Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tuitrain.spec import BY_NAME, BY_TYPE, Spec

if TYPE_CHECKING:
    from torch import Tensor

Strength = Annotated[float, Field(ge=0, le=100)]


class RegularizerSpec(Spec):
    """``penalty`` is added to the loss of every step, not divided by the batch size."""

    def penalty(self, weights: Tensor) -> Tensor | None:
        """A scalar with gradient; None for nothing."""
        raise NotImplementedError


class NoRegularizer(RegularizerSpec):
    """Adds nothing, also where the model's defaults have a regularizer."""

    type: Literal["none"] = "none"

    def penalty(self, weights: Tensor) -> Tensor | None:
        return None


class L1(RegularizerSpec):
    """l1 · Σ|w|: pulls every weight towards 0 by the same force, and many become 0 (Tibshirani 1996)."""

    type: Literal["l1"] = "l1"
    l1: Strength = Field(0.01, description="How strongly; 0.01 is Keras's.")

    def penalty(self, weights: Tensor) -> Tensor | None:
        return self.l1 * weights.abs().sum()


class L2(RegularizerSpec):
    """l2 · Σw², as in Keras; the weight decay λ/2 · Σw² of textbooks is l2 = λ/2."""

    type: Literal["l2"] = "l2"
    l2: Strength = Field(0.01, description="How strongly; 0.01 is Keras's.")

    def penalty(self, weights: Tensor) -> Tensor | None:
        return self.l2 * weights.square().sum()


class L1L2(RegularizerSpec):
    """l1 · Σ|w| + l2 · Σw² (elastic net: Zou and Hastie 2005)."""

    type: Literal["l1_l2"] = "l1_l2"
    l1: Strength = Field(0.01, description="How strongly the absolute values count; 0.01 is Keras's.")
    l2: Strength = Field(0.01, description="How strongly the squares count; 0.01 is Keras's.")

    def penalty(self, weights: Tensor) -> Tensor | None:
        return self.l1 * weights.abs().sum() + self.l2 * weights.square().sum()


Regularizer = Annotated[NoRegularizer | L1 | L2 | L1L2, BY_TYPE, BY_NAME]
