"""The callbacks of a run at work: what they see, and what they ask for."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor
from torch.nn import Parameter

from tuitrain.metrics import STATISTICS, compared
from tuitrain.model.network import Network
from tuitrain.optim.callback_base import Action, Callback, CallbackContext, CallbackSpec, Evaluation
from tuitrain.runs import events as e


class Wanted(NamedTuple):
    """What a callback wants: its number, from 0 in the order of the experiment, its name, and the action."""

    number: int
    name: str
    action: Action


@dataclass
class _Entry:
    """A callback at work; one that could not write rests from then on, and its state is still saved."""

    spec: CallbackSpec
    callback: Callback
    rests: bool = False


class Callbacks:
    """Asks every callback, in the order of the experiment. One that cannot write is reported, and training goes on."""

    def __init__(self, specs: Sequence[CallbackSpec], network: Network) -> None:
        self._specs = specs
        self._entries: list[_Entry] = []
        self._problems: list[str] = []
        self._wanting: list[Callback] = []
        self._layers = [layer.planned.name for layer in network.layers]
        self._parameters = dict(_parameters(network))

    def fresh_states(self) -> list[dict[str, Any]]:
        """What `state_dict` gives before the first step, whether or not they have begun; nothing stays behind."""
        states = []
        for spec in self._specs:
            with tempfile.TemporaryDirectory() as directory:
                callback = spec.build(CallbackContext(Path(directory)))
                states.append(callback.state_dict())
                callback.close()
        return states

    def open(self, context: CallbackContext, states: Sequence[Mapping[str, Any]] | None) -> None:
        """Begin, or go on from ``states``."""
        for index, spec in enumerate(self._specs):
            entry = _Entry(spec, Callback())
            self._entries.append(entry)
            with self._reporting(entry):
                entry.callback = spec.build(context)
                if states is not None:
                    entry.callback.load_state_dict(states[index])

    @property
    def guards(self) -> bool:
        """Whether a callback looks at every step before its update."""
        return any(entry.callback.checks_updates for entry in self._entries)

    def before_update(self, step: int, loss: Tensor) -> Wanted | None:
        """What a callback wants instead of the update of step ``step``."""
        for index, entry in enumerate(self._entries):
            if entry.callback.checks_updates and (action := entry.callback.before_update(step, loss)):
                return Wanted(index, entry.spec.type, action)
        return None

    def after_evaluation(self, evaluation: Evaluation) -> list[Wanted]:
        """What they want after an epoch or a validation."""
        wanted: list[Wanted] = []
        for index, entry in enumerate(self._entries):
            if not entry.rests:
                with self._reporting(entry):
                    actions = entry.callback.after_evaluation(evaluation)
                    wanted += [Wanted(index, entry.spec.type, action) for action in actions]
        return wanted

    def wants_gradients(self, step: int, epoch: float) -> bool:
        """Whether one of them is to have the gradients of this step."""
        self._wanting = [entry.callback for entry in self._working() if entry.callback.wants_gradients(step, epoch)]
        return bool(self._wanting)

    def take_gradients(self, step: int) -> None:
        """Hand over the gradients that there are now, to those that want them."""
        gradients = {name: one.grad for name, one in self._parameters.items() if one.grad is not None}
        self._write(lambda one: one.take_gradients(step, gradients) if one in self._wanting else None)

    def after_event(self, event: e.Event) -> None:
        """Give them the figures and statistics of an event of the run."""
        match event:
            case e.WindowCompleted(step=step, loss=loss, figures=figures, lr=lr):
                scalars = {**compared("train", {"loss": loss.mean, **figures}), "lr": lr}
                self._write(lambda one: one.after_window(step, scalars))
            case e.LayersObserved(step=step):
                statistics = {name: self._by_layer(getattr(event, name)) for name in STATISTICS}
                self._write(lambda one: one.after_observation(step, statistics))

    def new_problems(self) -> list[str]:
        """What could not be written since the last time."""
        problems, self._problems = self._problems, []
        return problems

    def close(self) -> None:
        """Let go of files; closing twice does no harm."""
        self._write(lambda one: one.close())

    def state_dict(self) -> list[dict[str, Any]]:
        return [entry.callback.state_dict() for entry in self._entries]

    def _by_layer(self, values: Sequence[float | None]) -> dict[str, float]:
        return {name: value for name, value in zip(self._layers, values, strict=True) if value is not None}

    def _write(self, what: Callable[[Callback], None]) -> None:
        for entry in self._working():
            with self._reporting(entry):
                what(entry.callback)

    def _working(self) -> list[_Entry]:
        return [entry for entry in self._entries if not entry.rests]

    @contextmanager
    def _reporting(self, entry: _Entry) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            entry.rests = True
            why = error.strerror or error
            self._problems.append(f"{entry.spec.type}: {why}; it writes nothing more. Training goes on.")


def _parameters(network: Network) -> Iterator[tuple[str, Parameter]]:
    """Every parameter under the name of its layer; those behind the first module have its number too."""
    for layer in network.layers:
        for number, module in enumerate(layer.modules):
            place = f"{layer.planned.name}.{number}" if number else layer.planned.name
            yield from ((f"{place}.{name}", parameter) for name, parameter in module.named_parameters())
