"""Optimizers: how the gradients change the weights. Names and defaults are Keras's, the update rules torch's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from tuitrain.spec import BY_NAME, BY_TYPE, Spec

if TYPE_CHECKING:
    import torch
    from torch import nn


class OptimizerSpec(Spec):
    """What every optimizer has."""

    lr: float = Field(0.001, gt=0, le=1000, description="Learning rate: the size of a step along the gradient.")

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        raise NotImplementedError


class Sgd(OptimizerSpec):
    """w ← w - lr·v with v ← momentum·v + g; nesterov: w ← w - lr·(g + momentum·v).

    Keras puts lr into v; the two are equal while lr is constant.
    """

    type: Literal["sgd"] = "sgd"
    lr: float = Field(0.01, gt=0, le=1000, description="Learning rate: the size of a step along the gradient.")
    momentum: float = Field(0.0, ge=0, lt=1, description="How much of the last step is kept; 0 is plain SGD.")
    nesterov: bool = Field(False, description="Look ahead: take the gradient as if the momentum step was made.")

    @field_validator("nesterov")
    @classmethod
    def _needs_momentum(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and not info.data.get("momentum"):
            raise ValueError("needs a momentum greater than 0")
        return nesterov

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        from torch.optim import SGD

        return SGD(parameters, lr=self.lr, momentum=self.momentum, nesterov=self.nesterov, fused=True)


class Adam(OptimizerSpec):
    """m ← β1·m + (1-β1)·g, v ← β2·v + (1-β2)·g², w ← w - lr·m̂ / (√v̂ + ε) with both bias-corrected (Kingma, Ba 2014)."""

    type: Literal["adam"] = "adam"
    beta_1: float = Field(0.9, ge=0, lt=1, description="How slowly the mean of the gradients changes.")
    beta_2: float = Field(0.999, ge=0, lt=1, description="How slowly the mean of their squares changes.")
    epsilon: float = Field(1e-7, gt=0, le=1, description="Keeps the division finite; 1e-7 as in Keras, torch has 1e-8.")

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        from torch.optim import Adam as TorchAdam

        return TorchAdam(parameters, lr=self.lr, betas=(self.beta_1, self.beta_2), eps=self.epsilon, fused=True)


Optimizer = Annotated[Sgd | Adam, BY_TYPE, BY_NAME]
