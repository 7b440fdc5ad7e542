"""Regularizers: what large weights add to the loss. Biases are left out, as in Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tuitrain.spec import Family

if TYPE_CHECKING:
    from torch import Tensor

Strength = Annotated[float, Field(ge=0, le=100)]


class Regularizer(Family):
    """Adds l1 · Σ|w| + l2 · Σw² to the loss of every step, not divided by the batch size."""

    @property
    def strengths(self) -> tuple[float, float]:
        """l1 and l2; 0 for one that a member has no field for."""
        return getattr(self, "l1", 0.0), getattr(self, "l2", 0.0)

    def penalty(self, weights: list[Tensor]) -> Tensor:
        """What the weights of all layers together add, a scalar."""
        import torch

        l1, l2 = self.strengths
        total = torch.zeros(())
        if l1:
            total = total + l1 * torch.stack([one.sum() for one in torch._foreach_abs(weights)]).sum()
        if l2:
            total = total + l2 * torch.stack([one.sum() for one in torch._foreach_mul(weights, weights)]).sum()
        return total

    def gradients(self, weights: list[Tensor]) -> tuple[Tensor, ...]:
        """∂penalty/∂w for each of them, as new tensors: l1 · sign(w) + 2 · l2 · w."""
        import torch

        l1, l2 = self.strengths
        slopes = torch._foreach_mul(weights, 2 * l2)
        return torch._foreach_add(slopes, torch._foreach_mul(torch._foreach_sign(weights), l1)) if l1 else slopes


class NoRegularizer(Regularizer):
    """Adds nothing, also where the model's defaults have a regularizer."""

    type: Literal["none"] = "none"


class L1(Regularizer):
    """l1 · Σ|w|: pulls every weight towards 0 by the same force, and many become 0 (Tibshirani 1996)."""

    type: Literal["l1"] = "l1"
    l1: Strength = Field(0.01, description="How strongly; 0.01 is Keras's.")


class L2(Regularizer):
    """l2 · Σw², as in Keras; the weight decay λ/2 · Σw² of textbooks is l2 = λ/2."""

    type: Literal["l2"] = "l2"
    l2: Strength = Field(0.01, description="How strongly; 0.01 is Keras's.")


class L1L2(Regularizer):
    """l1 · Σ|w| + l2 · Σw² (elastic net: Zou and Hastie 2005)."""

    type: Literal["l1_l2"] = "l1_l2"
    l1: Strength = Field(0.01, description="How strongly the absolute values count; 0.01 is Keras's.")
    l2: Strength = Field(0.01, description="How strongly the squares count; 0.01 is Keras's.")
