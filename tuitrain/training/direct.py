"""Torch's kernels called directly: a plain step without the Python around them, equal bit for bit.

Half of a small network's step is that Python: `nn.Module.__call__` looks for hooks, `Tensor.backward` makes its 1 anew,
`Optimizer.step` sorts tensors by device. Some of what is called here is private to torch. So it is tried before it is
used, and where it fails, or on another device than the CPU, a step goes torch's own way.
"""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

Build = Callable[[Iterator[nn.Parameter]], Optimizer]
Function = Callable[[Tensor], Tensor]
Group = dict[str, Any]
"""An optimizer's parameters, their rate, momenta and other numbers."""

log = logging.getLogger(__name__)


class TorchCalls:
    """Forward pass, backward pass and update of a plain step as torch has them."""

    def __init__(self, module: nn.Sequential, optimizer: Optimizer) -> None:
        self._module = module
        self._optimizer = optimizer

    def renew(self) -> None:
        """Take note of the modules' modes and hooks, of which parameters are trained, and of the optimizer's state."""

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self._module(inputs)
        return outputs

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def update(self) -> None:
        self._optimizer.step()


class DirectCalls(TorchCalls):
    """The same by the kernels alone. What `renew` takes note of must not change until its next call.

    The optimizer's numbers are read at every step, and its state stays where it is. An optimizer that is not in
    `KERNELS` makes its own step, a module that is not in `FUNCTIONS` its own forward pass.
    """

    def __init__(self, module: nn.Sequential, optimizer: Optimizer) -> None:
        super().__init__(module, optimizer)
        (self._group,) = optimizer.param_groups
        self._kernel = KERNELS.get(type(optimizer))
        self._one = torch.ones(())
        self.renew()

    def renew(self) -> None:
        self._entries: tuple[str, ...] | None = None
        self._functions = [self._module] if _has_hooks(self._module) else [_function(one) for one in self._module]

    def forward(self, inputs: Tensor) -> Tensor:
        for function in self._functions:
            inputs = function(inputs)
        return inputs

    def backward(self, loss: Tensor) -> None:
        run_backward = torch.autograd.Variable._execution_engine.run_backward
        run_backward((loss,), (self._one,), False, False, (), allow_unreachable=True, accumulate_grad=True)

    def update(self) -> None:
        if self._kernel is None:
            self._optimizer.step()
            return
        entries_for, run = self._kernel
        entries = entries_for(self._group)
        if entries == self._entries or self._has(entries):
            run(self._group, self._weights, [one.grad for one in self._trained], *self._state)
        else:
            self._optimizer.step()  # which makes the state that is not there yet

    def _has(self, entries: tuple[str, ...]) -> bool:
        """Whether the optimizer has them of all parameters that are trained; they are at hand then."""
        self._trained: list[nn.Parameter] = [one for one in self._group["params"] if one.grad is not None]
        self._weights = [one.detach() for one in self._trained]  # so that autograd lets them be changed
        states = [self._optimizer.state.get(one, {}) for one in self._trained]
        is_complete = all(name in state for name in entries for state in states)
        self._state = [[state[name] for state in states] for name in entries] if is_complete else []
        self._entries = entries if is_complete else None
        return is_complete


def calls_of(module: nn.Sequential, optimizer: Optimizer, build: Build, device: torch.device) -> TorchCalls:
    """The direct calls where they are right; ``build`` is what the optimizer was made by."""
    if device.type == "cpu" and are_right(build):
        return DirectCalls(module, optimizer)
    return TorchCalls(module, optimizer)


def are_right(build: Build) -> bool:
    """Whether a few steps of a small network come out by both ways the same, bit for bit, in this version of torch."""
    try:
        right = all(map(torch.equal, _trial(DirectCalls, build), _trial(TorchCalls, build)))
    except Exception:  # whatever a function raises that was changed
        right = False
    if not right:
        log.warning("this version of torch has other kernels than tuitrain knows: small networks train slower")
    return right


def _trial(kind: type[TorchCalls], build: Build) -> list[Tensor]:
    """All that steps change: weights, statistics, and the optimizer's state."""
    network = nn.Sequential(nn.utils.skip_init(nn.Linear, 3, 2), nn.ReLU(), nn.BatchNorm1d(2), nn.Tanh())
    with torch.no_grad():
        for one in network.parameters():
            one.copy_(torch.linspace(-0.5, 1.0, one.numel()).view_as(one))
    optimizer = build(network.parameters())
    calls = kind(network, optimizer)
    for _ in range(3):
        calls.backward(calls.forward(torch.linspace(-1.0, 2.0, 12).view(4, 3)).square().sum())
        calls.update()
        optimizer.zero_grad()
    state = [one for entries in optimizer.state.values() for one in entries.values()]
    return [*network.state_dict().values(), *filter(torch.is_tensor, state)]


def _function(module: nn.Module) -> Function:
    """What a module does in the mode that it is in; itself if it has hooks, which its call alone runs."""
    if _has_hooks(module):
        return module
    function = FUNCTIONS.get(type(module))
    return function(module) if function else module.forward


def _has_hooks(module: nn.Module) -> bool:
    hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks)
    return any(hooks)


def _linear(module: nn.Linear) -> Function:
    linear, weight, bias = nn.functional.linear, module.weight, module.bias
    return lambda x: linear(x, weight, bias)


def _batch_norm(module: nn.BatchNorm1d) -> Function:
    mean, variance, count = module.running_mean, module.running_var, module.num_batches_tracked
    momentum, epsilon, cudnn = module.momentum, module.eps, torch.backends.cudnn.enabled
    if not module.training or mean is None or count is None or momentum is None:
        return module.forward
    batch_norm, weight, bias = torch.batch_norm, module.weight, module.bias

    def train(x: Tensor) -> Tensor:
        count.add_(1)
        return batch_norm(x, weight, bias, mean, variance, True, momentum, epsilon, cudnn)

    return train


FUNCTIONS: dict[type, Callable[[Any], Function]] = {
    nn.Linear: _linear,
    nn.ReLU: lambda module: torch.relu,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
}
"""Modules whose own forward pass has much Python in it."""


def _sgd(group: Group, weights: list[Tensor], gradients: list[Tensor], buffers: list[Tensor] | None = None) -> None:
    numbers = {key: group[key] for key in ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")}
    torch._fused_sgd_(weights, gradients, buffers or [], **numbers, is_first_step=False)


def _adam(
    name: str,
    group: Group,
    weights: list[Tensor],
    gradients: list[Tensor],
    means: list[Tensor],
    squares: list[Tensor],
    steps: list[Tensor],
) -> None:
    torch._foreach_add_(steps, 1)
    beta1, beta2 = group["betas"]
    numbers = {key: group[key] for key in ("lr", "eps", "weight_decay", "amsgrad", "maximize")}
    getattr(torch, name)(weights, gradients, means, squares, [], steps, beta1=beta1, beta2=beta2, **numbers)


MOMENTS = ("exp_avg", "exp_avg_sq", "step")

KERNELS: dict[type, tuple[Callable[[Group], tuple[str, ...]], Callable[..., None]]] = {
    SGD: (lambda group: ("momentum_buffer",) if group["momentum"] else (), _sgd),
    Adam: (lambda group: MOMENTS, partial(_adam, "_fused_adam_")),
    AdamW: (lambda group: MOMENTS, partial(_adam, "_fused_adamw_")),
}
"""Optimizers with a fused kernel: what they keep of a parameter, and the kernel."""
