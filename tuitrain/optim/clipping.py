"""Clipping: gradients that are too long are cut back before the update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tuitrain.spec import Family

if TYPE_CHECKING:
    from torch import Tensor


class Clipping(Family):
    """What every way of clipping has."""

    def apply(self, gradients: list[Tensor]) -> Tensor:
        """Clip the gradients of all parameters, of any shapes but on one device, in place, without waiting for it.

        Gives the factor by which that changed the L2 norm of them all together, a scalar on their device: 1 where
        nothing was clipped, from 0 to 1 where something was (0 where the norm overflows), and nan where a gradient is
        nan.
        """
        import torch

        if not gradients:
            return torch.ones(())
        norms = _norms(gradients)
        before, after = norms.norm(), self.clip(gradients, norms).norm()
        return torch.where(before == 0, 1.0, after / before)

    def clip(self, gradients: list[Tensor], norms: Tensor) -> Tensor:
        """The clipping itself: the L2 norm of each gradient before and, as the result, after."""
        raise NotImplementedError


class ByValue(Clipping):
    """g ← min(max(g, -value), value), each number by itself, which can turn the direction (Keras: clipvalue)."""

    type: Literal["by_value"] = "by_value"
    value: float = Field(1.0, gt=0, le=1e9, description="No number of a gradient is further from 0 than this.")

    def clip(self, gradients: list[Tensor], norms: Tensor) -> Tensor:
        import torch

        torch._foreach_clamp_min_(gradients, -self.value)
        torch._foreach_clamp_max_(gradients, self.value)
        return _norms(gradients)


class ByNorm(Clipping):
    """g ← g · min(1, norm / ‖g‖), each tensor by itself, which keeps its direction (Keras: clipnorm).

    Gradients whose squares overflow (of float32, from about 1e19 on) become 0, as with torch's clip_grad_norm_.
    """

    type: Literal["by_norm"] = "by_norm"
    norm: float = Field(1.0, gt=0, le=1e9, description="The greatest L2 norm of the gradient of one parameter tensor.")

    def clip(self, gradients: list[Tensor], norms: Tensor) -> Tensor:
        import torch

        factors = (self.norm / norms).clamp(max=1)
        torch._foreach_mul_(gradients, list(factors.unbind()))
        return _scaled(norms, factors)


class ByGlobalNorm(Clipping):
    """g ← g · min(1, norm / ‖g‖) with the norm of all gradients, which keeps their proportions (Pascanu et al. 2013).

    Keras calls it global_clipnorm. Gradients whose squares overflow become 0, as with torch's clip_grad_norm_.
    """

    type: Literal["by_global_norm"] = "by_global_norm"
    norm: float = Field(1.0, gt=0, le=1e9, description="The greatest L2 norm of all gradients together.")

    def clip(self, gradients: list[Tensor], norms: Tensor) -> Tensor:
        import torch

        factor: Tensor = (self.norm / norms.norm()).clamp(max=1)
        torch._foreach_mul_(gradients, factor)
        return _scaled(norms, factor)


def _norms(gradients: list[Tensor]) -> Tensor:
    """The L2 norm of each gradient."""
    import torch

    return torch.stack(torch._foreach_norm(gradients, 2))


def _scaled(norms: Tensor, factors: Tensor) -> Tensor:
    """Norms behind factors: that of a gradient whose squares overflow is 0 then, and not ∞·0."""
    import torch

    return torch.where(norms.isinf(), 0.0, norms * factors)
