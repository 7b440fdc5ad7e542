"""The callbacks of a run at work: what they see, and what they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from torch import Tensor
from torch.nn import Parameter

from tuitrain.model.network import Network
from tuitrain.optim.callbacks import Action, AnyCallback, Callback, Look, Place
from tuitrain.runs import events as e

STATISTICS = ("gradient_norm", "bias_gradient_norm", "weight_norm", "update_ratio", "activation_mean", "activation_std")


class Callbacks:
    """Asks every callback, in the order of the experiment."""

    def __init__(self, specs: Sequence[AnyCallback], place: Place, network: Network) -> None:
        self._problems: list[str] = []
        self._wanting: list[Callback] = []
        self._all = [(spec.type, spec.build(place)) for spec in specs]
        self._guards = [(name, one) for name, one in self._all if one.checks_updates]
        self._layers = [layer.planned.name for layer in network.layers]
        self._parameters = dict(_parameters(network))

    @property
    def guards(self) -> bool:
        """Whether a callback looks at every step before its update."""
        return bool(self._guards)

    def before_update(self, step: int, loss: Tensor) -> tuple[str, Action] | None:
        """What a callback wants instead of the update of step ``step``."""
        for name, one in self._guards:
            if action := one.before_update(step, loss):
                return name, action
        return None

    def after_look(self, look: Look) -> list[tuple[str, Action]]:
        """What they want after an epoch or a validation, each with the name of the callback."""
        return [(name, action) for name, one in self._all for action in one.after_look(look)]

    def wants_gradients(self, step: int, epoch: float) -> bool:
        """Whether one of them is to have the gradients of this step."""
        self._wanting = [one for _, one in self._all if one.wants_gradients(step, epoch)]
        return bool(self._wanting)

    def take_gradients(self, step: int) -> None:
        """Hand over the gradients that there are now, to those that want them."""
        gradients = {name: one.grad for name, one in self._parameters.items() if one.grad is not None}
        self._write(lambda one: one.take_gradients(step, gradients) if one in self._wanting else None)

    def see(self, event: e.Event) -> None:
        """Show them an event of the run."""
        match event:
            case e.WindowCompleted(step=step, loss=loss, accuracy=accuracy, mae=mae, lr=lr):
                known = {"train.loss": loss.mean, "train.accuracy": accuracy, "train.mae": mae, "lr": lr}
                scalars = {name: value for name, value in known.items() if value is not None}
                self._write(lambda one: one.after_window(step, scalars))
            case e.LayersObserved(step=step):
                statistics = {name: self._by_layer(getattr(event, name)) for name in STATISTICS}
                self._write(lambda one: one.after_observation(step, statistics))

    def take_problems(self) -> list[str]:
        """What could not be written since the last time."""
        problems, self._problems = self._problems, []
        return problems

    def close(self) -> None:
        self._write(lambda one: one.close())

    def state_dict(self) -> list[dict[str, Any]]:
        return [one.state_dict() for _, one in self._all]

    def load_state_dict(self, states: Sequence[Mapping[str, Any]]) -> None:
        for (_, one), state in zip(self._all, states, strict=True):
            one.load_state_dict(state)

    def _by_layer(self, values: Sequence[float | None]) -> dict[str, float]:
        return {name: value for name, value in zip(self._layers, values, strict=True) if value is not None}

    def _write(self, what: Callable[[Callback], None]) -> None:
        """A callback that cannot write is told of and left out from then on; training goes on."""
        for name, one in list(self._all):
            try:
                what(one)
            except OSError as error:
                self._problems.append(f"{name}: {error.strerror or error}; it writes nothing more. Training goes on.")
                self._all[self._all.index((name, one))] = (name, Callback())


def _parameters(network: Network) -> Iterator[tuple[str, Parameter]]:
    """Every parameter under the name of its layer; those behind the first module have its number too."""
    for layer in network.layers:
        for number, module in enumerate(layer.modules):
            place = f"{layer.planned.name}.{number}" if number else layer.planned.name
            yield from ((f"{place}.{name}", parameter) for name, parameter in module.named_parameters())


def named(part: str, figures: e.Figures | None) -> dict[str, float]:
    """Figures as callbacks and schedules monitor them: ``{"validation.loss": ...}``."""
    values = asdict(figures) if figures else {}
    return {f"{part}.{name}": value for name, value in values.items() if value is not None and name != "penalty"}
