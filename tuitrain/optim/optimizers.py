"""Optimizers: how the gradients change the weights. Names and defaults are Keras's, the update rules torch's.

In the formulas w are the weights, g their gradients, t the number of the step from 1; states begin at 0, and
everything is element by element.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from tuitrain.optim import LR_LIMIT
from tuitrain.spec import Family

if TYPE_CHECKING:
    import torch
    from torch import nn

LearningRate = Annotated[
    float, Field(gt=0, le=LR_LIMIT, description="Learning rate: the size of a step along the gradient.")
]
Epsilon = Annotated[
    float,
    Field(
        gt=0,
        le=1,
        description="Keeps the division finite; 1e-7 as in Keras, torch has 1e-8 (adagrad 1e-10, adadelta 1e-6).",
    ),
]


class Optimizer(Family):
    """What all have; ``momentum_entry`` is where torch's parameter groups keep its momentum, if it has one.

    ``torch_class`` is its class in ``torch.optim``.
    """

    torch_class: ClassVar[str]
    momentum_entry: ClassVar[Literal["momentum", "betas"] | None] = None

    lr: LearningRate = 0.001

    def options(self) -> dict[str, Any]:
        """What torch's class takes beside the parameters and the rate."""
        raise NotImplementedError

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        from torch import optim

        optimizer: optim.Optimizer = getattr(optim, self.torch_class)(parameters, lr=self.lr, **self.options())
        return optimizer

    def set_momentum(self, group: dict[str, Any], value: float) -> None:
        """Change the momentum of a parameter group, or β1; an optimizer that has neither stays as it is."""
        if self.momentum_entry == "momentum":
            group["momentum"] = value
        elif self.momentum_entry == "betas":
            group["betas"] = (value, *group["betas"][1:])


class Sgd(Optimizer):
    """v ← momentum·v + g, w ← w - lr·v; nesterov: w ← w - lr·(g + momentum·v) (Sutskever et al. 2013).

    Keras puts lr into v; the two are equal while lr is constant. Weight decay is here and in adamw only: the other
    optimizers take l2 as regularizer, or adamw instead.
    """

    torch_class: ClassVar[str] = "SGD"
    momentum_entry: ClassVar = "momentum"

    type: Literal["sgd"] = "sgd"
    lr: LearningRate = 0.01
    momentum: float = Field(0.0, ge=0, lt=1, description="How much of the last step is kept; 0 is plain SGD.")
    nesterov: bool = Field(False, description="Look ahead: take the gradient as if the momentum step was made.")
    weight_decay: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="λ in g ← g + λ·w, which momentum then sees, as in torch; Keras takes lr·λ·w off the weights.",
    )

    @field_validator("nesterov")
    @classmethod
    def _needs_momentum(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and not info.data.get("momentum"):
            raise ValueError("needs a momentum greater than 0")
        return nesterov

    def options(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "nesterov": self.nesterov, "weight_decay": self.weight_decay, "fused": True}


class Adagrad(Optimizer):
    """s ← s + g², w ← w - lr·g / (√s + ε) (Duchi et al. 2011): steps only ever get smaller. Keras has √(s + ε)."""

    torch_class: ClassVar[str] = "Adagrad"

    type: Literal["adagrad"] = "adagrad"
    initial_accumulator_value: float = Field(
        0.1, ge=0, le=1e6, description="Where s begins; 0.1 as in Keras, torch has 0."
    )
    epsilon: Epsilon = 1e-7

    def options(self) -> dict[str, Any]:
        # Not fused: in older versions of torch that form works on the CPU only.
        return {"initial_accumulator_value": self.initial_accumulator_value, "eps": self.epsilon}


class Adadelta(Optimizer):
    """s ← ρ·s + (1-ρ)·g², d = g·√(u + ε)/√(s + ε), u ← ρ·u + (1-ρ)·d², w ← w - lr·d (Zeiler 2012, where lr is 1)."""

    torch_class: ClassVar[str] = "Adadelta"

    type: Literal["adadelta"] = "adadelta"
    lr: LearningRate = Field(0.001, description="Scales the step; 0.001 as in Keras, the paper and torch have 1.")
    rho: float = Field(
        0.95, ge=0, lt=1, description="How slowly the means of the squares change; 0.95 as in Keras, torch has 0.9."
    )
    epsilon: Epsilon = 1e-7

    def options(self) -> dict[str, Any]:
        return {"rho": self.rho, "eps": self.epsilon}


class RmsProp(Optimizer):
    """s ← ρ·s + (1-ρ)·g², v ← momentum·v + g / (√s + ε), w ← w - lr·v (Tieleman, Hinton 2012).

    centered: s less the square of the mean of g, m ← ρ·m + (1-ρ)·g (Graves 2013). Keras has ε under the root, and lr
    in v.
    """

    torch_class: ClassVar[str] = "RMSprop"
    momentum_entry: ClassVar = "momentum"

    type: Literal["rmsprop"] = "rmsprop"
    rho: float = Field(
        0.9,
        ge=0,
        lt=1,
        description="How slowly the mean of the squares changes; 0.9 as in Keras, torch has 0.99 and calls it alpha.",
    )
    momentum: float = Field(0.0, ge=0, lt=1, description="How much of the last step is kept.")
    epsilon: Epsilon = 1e-7
    centered: bool = Field(
        False,
        description="Divide by the gradient's standard deviation; in torch one that never varies can give nan.",
    )

    def options(self) -> dict[str, Any]:
        return {"alpha": self.rho, "momentum": self.momentum, "eps": self.epsilon, "centered": self.centered}


class MomentsSpec(Optimizer):
    """What Adam and its relatives have: m ← β1·m + (1-β1)·g, and m̂ = m / (1 - β1^t), which corrects the start at 0."""

    momentum_entry: ClassVar = "betas"

    beta_1: float = Field(0.9, ge=0, lt=1, description="How slowly the mean of the gradients changes.")
    beta_2: float = Field(0.999, ge=0, lt=1, description="How slowly the mean of their squares changes.")
    epsilon: Epsilon = 1e-7

    def options(self) -> dict[str, Any]:
        return {"betas": (self.beta_1, self.beta_2), "eps": self.epsilon}


class Adam(MomentsSpec):
    """m ← β1·m + (1-β1)·g, v ← β2·v + (1-β2)·g², w ← w - lr·m̂ / (√v̂ + ε) with both bias-corrected (Kingma, Ba 2014).

    Keras adds ε to the uncorrected √v.
    """

    torch_class: ClassVar[str] = "Adam"

    type: Literal["adam"] = "adam"

    def options(self) -> dict[str, Any]:
        return {**super().options(), "fused": True}


class Adamax(MomentsSpec):
    """m as in adam, u ← max(β2·u, |g| + ε), w ← w - lr·m̂ / u (Kingma, Ba 2014). Keras adds ε to u instead."""

    torch_class: ClassVar[str] = "Adamax"

    type: Literal["adamax"] = "adamax"
    beta_2: float = Field(0.999, ge=0, lt=1, description="How slowly the largest gradient is forgotten.")


class Nadam(MomentsSpec):
    """Adam with Nesterov's momentum: w ← w - lr·(μ'·m / (1 - M·μ') + (1-μ)·g / (1 - M)) / (√v̂ + ε) (Dozat 2016).

    μ is β1·(1 - 0.96^(0.004·t)/2), μ' the same at t + 1, M the product of every μ so far. The 0.004 is that of torch
    and of Keras 2; Keras 3 has 1.
    """

    torch_class: ClassVar[str] = "NAdam"

    type: Literal["nadam"] = "nadam"


class AdamW(MomentsSpec):
    """Adam that first shrinks the weights, apart from the gradient: w ← w - lr·λ·w (Loshchilov, Hutter 2019).

    Weight decay is here and in sgd only: the other optimizers take l2 as regularizer, or adamw instead.
    """

    torch_class: ClassVar[str] = "AdamW"

    type: Literal["adamw"] = "adamw"
    weight_decay: float = Field(
        0.004, ge=0, le=1000, description="λ, scaled by lr at each step; 0.004 as in Keras, torch has 0.01."
    )

    def options(self) -> dict[str, Any]:
        return {**super().options(), "weight_decay": self.weight_decay, "fused": True}
