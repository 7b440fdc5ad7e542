"""The state of a training: what a checkpoint holds of its parts, whether it fits, and how they go on from one."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tuitrain.errors import Refused
from tuitrain.experiment.document import to_document
from tuitrain.training import checkpoint
from tuitrain.training.actions import Ending
from tuitrain.training.callbacks import Callbacks
from tuitrain.training.checkpoint import Loaded, State
from tuitrain.training.kept import Kept, KeptWeights
from tuitrain.training.optimizer_state import Entries, entries_of
from tuitrain.training.prepare import Prepared
from tuitrain.training.rates import Rates
from tuitrain.training.step import Stepper
from tuitrain.training.tally import EpochSums
from tuitrain.training.windows import Windows


@dataclass(frozen=True)
class Parts:
    """The parts of a trainer that remember something. On the CPU, what goes on from a state equals what never ended."""

    prepared: Prepared
    stepper: Stepper
    windows: Windows
    rates: Rates
    kept: KeptWeights
    callbacks: Callbacks

    def state(self, step: int, elapsed: float, ending: Ending | None) -> State:
        return {
            "experiment": to_document(self.prepared.experiment.completed(), complete=True),
            "threads": self.prepared.threads,
            "device": str(self.prepared.device),
            "step": step,
            "elapsed": elapsed,
            "sums": asdict(self.windows.epoch),
            "rates": self.rates.state_dict(),
            "callbacks": self.callbacks.state_dict(),
            "kept": self.kept.state_dict(),
            "over": ending.reason if ending and not ending.can_resume else None,
            "model": self.stepper.module.state_dict(),
            "optimizer": self.stepper.optimizer.state_dict(),
            "rng": checkpoint.rng_state(self.prepared.device),
        }

    def load(self, path: Path) -> Loaded:
        """Take over the state in a checkpoint, all of it or nothing; step, seconds and generators are the caller's.

        Raises:
            Refused: if it is no checkpoint, or one of another network, or of a training that is over.
        """
        loaded = checkpoint.load_last(path)
        state = loaded.state
        fresh = {**self.state(0, 0.0, None), "callbacks": self.callbacks.fresh_states()}
        try:
            check_fit(state, fresh, self._entries, self.prepared, self.stepper.score.size)
        except Misfit as misfit:
            raise Refused(f"{loaded.path}: does not fit the experiment: {misfit}. Start a new run instead.") from None
        if state["over"]:
            raise Refused(f"{loaded.path}: this training is over ({state['over']}): start a new run to train on.")
        self.stepper.module.load_state_dict(state["model"])
        self._entries(state["step"]).load(self.stepper.optimizer, state["optimizer"])
        self.windows.epoch = EpochSums(**state["sums"])
        self.rates.load_state_dict(state["rates"])
        self.kept.load_state_dict(state["kept"])
        return loaded

    def _entries(self, step: int) -> Entries:
        return entries_of(self.prepared.experiment.optimizer, self.rates.momentum(step), self.prepared.device)


MOST_SECONDS = 1e12
"""Of training: some 30,000 years."""


class Misfit(ValueError):
    """What does not fit, for a sentence that says where."""


def check_fit(state: State, fresh: State, entries: Callable[[int], Entries], prepared: Prepared, scores: int) -> None:
    """Compare a checkpoint with the state of the same training before its first step.

    ``entries`` gives what the optimizer remembers of a parameter after so many steps; of the scores there are so many
    sums.

    Raises:
        Misfit: at the first thing that training could not go on with, or not truly.
    """
    _keys(state, {"format", *fresh}, "the checkpoint")
    _tensors(state["model"], fresh["model"], "its network")
    if not all(bool(value.isfinite().all()) for value in state["model"].values()):
        raise Misfit("its weights are not finite")
    _whole(state["threads"], "threads", least=1)
    step = _whole(state["step"], "step", most=prepared.total_steps)
    if not 0 <= _number(state["elapsed"], "elapsed") <= MOST_SECONDS:
        raise Misfit("its elapsed is no time")
    for name in ("experiment", "sums", "rng"):
        _of_type(state[name], dict, name)
    _of_type(state["device"], str, "device")
    if state["over"] is not None:
        _of_type(state["over"], str, "over")
    _plain(state["rates"], fresh["rates"], "rates")
    if state["rates"]["manual_factor"] <= 0:
        raise Misfit("its rates.manual_factor is not greater than 0")
    _plain(state["callbacks"], fresh["callbacks"], "callbacks")
    _sums(state["sums"], fresh["sums"], step, prepared, scores)
    parameters, partly = list(prepared.network.module.parameters()), prepared.experiment.freeze is not None
    if why := entries(step).misfit(state["optimizer"], parameters, partly=partly):
        raise Misfit(why)
    _kept(state["kept"], fresh, step)
    _rng(state["rng"], prepared.device)


def differences(loaded: Loaded, prepared: Prepared) -> Iterator[str]:
    """What is not as it was when the checkpoint was written, each in a sentence."""
    if loaded.warning:
        yield loaded.warning
    state, device, threads = loaded.state, prepared.device, prepared.threads
    if state["device"] != str(device):
        yield f"was trained on {state['device']}, now on {device}: figures will differ in their last digits or more"
    if state["threads"] != threads:
        yield f"was trained with {state['threads']} threads, now {threads}: last digits may differ"


def _sums(sums: State, fresh: State, step: int, prepared: Prepared, count: int) -> None:
    scores = _of_type(sums.get("scores"), list, "sums.scores")
    _plain({**sums, "scores": []}, {**fresh, "scores": []}, "sums")
    done, whole = step % prepared.steps_per_epoch, len(prepared.train)
    possible = (done * prepared.batch_size,) if done else (0, whole)
    if sums["samples"] not in possible:
        raise Misfit(f"its sums are of {sums['samples']:,} samples, and step {step:,} has {possible[-1]:,}")
    if len(scores) != (count if sums["samples"] else 0):
        raise Misfit("its sums.scores are of another task")
    for score in scores:
        _number(score, "sums.scores")


def _kept(kept: Any, fresh: State, step: int) -> None:
    if len(_of_type(kept, list, "kept")) != len(fresh["kept"]):
        raise Misfit("its kept are others")
    for one in kept:
        if one is None:
            continue
        _keys(one, (field.name for field in fields(Kept)), "kept")
        for name in ("by", "why"):
            _of_type(one[name], str, f"kept.{name}")
        _whole(one["step"], "kept.step", most=step)
        _whole(one["averaged"], "kept.averaged", most=step)
        _tensors(one["weights"], fresh["model"], "kept.weights")


def _rng(states: State, device: torch.device) -> None:
    _try_generator(torch.Generator(), states.get("cpu"), "rng.cpu")
    if "device" in states and device.type != "cpu" and states["device"] is not None:
        _try_generator(torch.Generator(device), states["device"], "rng.device")


def _try_generator(generator: torch.Generator, state: Any, where: str) -> None:
    try:
        generator.set_state(state)
    except (TypeError, RuntimeError):
        raise Misfit(f"its {where} is no state of a generator") from None


def _keys(found: Any, wanted: Iterable[str], where: str) -> None:
    _of_type(found, dict, where)
    known = set(wanted)
    if lacking := sorted(known - found.keys()):
        raise Misfit(f"{where} lacks {lacking[0]}")
    if odd := sorted(map(repr, found.keys() - known)):
        raise Misfit(f"{where} has {odd[0]:.40}, which is not known here")


def _tensors(found: Any, wanted: Mapping[str, Tensor], where: str) -> None:
    _of_type(found, dict, where)
    if found.keys() != wanted.keys():
        raise Misfit(f"{where} is another one")
    for name, tensor in wanted.items():
        one = found[name]
        if not isinstance(one, Tensor) or one.shape != tensor.shape or one.dtype != tensor.dtype:
            raise Misfit(f"{where} is another one: {name} has another shape or type")


def _plain(found: Any, fresh: Any, where: str) -> None:
    """The same structure of plain values; None stands for a number that is not known yet."""
    match fresh:
        case dict():
            _keys(found, fresh, where)
            for name, value in fresh.items():
                _plain(found[name], value, f"{where}.{name}")
        case list():
            if len(_of_type(found, list, where)) != len(fresh):
                raise Misfit(f"its {where} are others")
            for index, value in enumerate(fresh):
                _plain(found[index], value, f"{where}[{index}]")
        case int():
            _whole(found, where, least=-(1 << 62))
        case float():
            _number(found, where)
        case None if found is not None:
            _number(found, where)


def _of_type(found: Any, kind: type, where: str) -> Any:
    if type(found) is not kind and not (kind is dict and isinstance(found, dict)):
        raise Misfit(f"its {where} is a {type(found).__name__}, not a {kind.__name__}")
    return found


def _whole(found: Any, where: str, least: int = 0, most: int = 1 << 62) -> int:
    number: int = _of_type(found, int, where)
    if not least <= number <= most:
        raise Misfit(f"its {where} is {number if abs(number) < 1 << 62 else 'huge'}, not from {least} to {most:,}")
    return number


def _number(found: Any, where: str) -> float:
    if type(found) is int and abs(found) < 1 << 62:
        return float(found)
    if type(found) is not float or not math.isfinite(found):
        raise Misfit(f"its {where} is no finite number")
    return found
