"""What an optimizer remembers of each parameter: its entries, whether a checkpoint has them, and back onto the device.

`torch.optim.Optimizer.load_state_dict` is not used: it moves nadam's ``mu_product`` to the device, where every step
then waits for it twice a tensor, and takes rates and momenta from the file, which belong to the experiment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tuitrain.optim.optimizers import Optimizer

NONE_YET = 0.5
"""Some momentum, for entries that an optimizer with a schedule of its momentum may have from an earlier step."""


@dataclass(frozen=True)
class StateEntry:
    """A tensor as torch makes it fresh: of the parameter's shape, or a single number, and where it lies."""

    is_shaped: bool
    dtype: torch.dtype
    device: torch.device


@dataclass(frozen=True)
class Entries:
    """What is remembered of a parameter that was trained: what there must be, and what there may be."""

    required: Mapping[str, StateEntry]
    possible: Mapping[str, StateEntry]

    @property
    def copies(self) -> int:
        """How many tensors of a parameter's size there are beside it."""
        return sum(entry.is_shaped for entry in self.required.values())

    def misfit(self, found: Any, parameters: Sequence[Tensor], *, partly: bool) -> str | None:
        """What is wrong with an optimizer's state; ``partly``: parameters that were frozen so far have none."""
        if not isinstance(found, dict) or not isinstance(found.get("state"), dict):
            return "the optimizer has no state"
        states: dict[Any, Any] = found["state"]
        if not set(states) <= set(range(len(parameters))):
            return "the optimizer has a state of other parameters"
        if states and not partly and len(states) < len(parameters):
            return f"the optimizer has a state of {len(states)} of {len(parameters)} parameters"
        for number, state in states.items():
            if not isinstance(state, dict) or not set(self.required) <= set(state) <= set(self.possible):
                return "it is of another optimizer"
            for name, value in state.items():
                shape = tuple(parameters[number].shape) if self.possible[name].is_shaped else ()
                if not isinstance(value, Tensor) or tuple(value.shape) != shape or value.dtype.is_complex:
                    return f"the optimizer's {name} of parameter {number} is not of its shape"
                if not shape and not value.isfinite():
                    return f"the optimizer's {name} of parameter {number} is not finite"
        return None

    def load(self, optimizer: torch.optim.Optimizer, found: Mapping[str, Any]) -> None:
        """Take over a state that has no misfit, every tensor to where torch makes it fresh."""
        (group,) = optimizer.param_groups
        for number, parameter in enumerate(group["params"]):
            optimizer.state[parameter] = {
                name: value.to(self.possible[name].device, self.possible[name].dtype, copy=True)
                for name, value in found["state"].get(number, {}).items()
            }


def entries_of(spec: Optimizer, momentum: float | None, device: torch.device) -> Entries:
    """The entries of an optimizer; ``momentum`` is what a schedule makes of its own."""
    required = _entries(spec, momentum, device)
    return Entries(required, {**_entries(spec, NONE_YET, device), **required})


def _entries(spec: Optimizer, momentum: float | None, device: torch.device) -> dict[str, StateEntry]:
    """Found by a step with a parameter of its own."""
    parameter = nn.Parameter(torch.zeros(2, 3, device=device))
    optimizer = spec.build([parameter])
    if momentum is not None:
        spec.set_momentum(optimizer.param_groups[0], momentum)
    parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    made = {name: value for name, value in optimizer.state[parameter].items() if isinstance(value, Tensor)}
    return {name: StateEntry(one.shape == parameter.shape, one.dtype, one.device) for name, one in made.items()}
