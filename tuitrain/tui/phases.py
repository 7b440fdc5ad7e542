"""Phases: what the keys of a run do in each of its phases. Values and pure functions: no terminal, no trainer."""

from dataclasses import dataclass, replace
from typing import Literal

from tuitrain.runs.commands import Command, Pause, Resume, Step, Stop
from tuitrain.runs.snapshot import LIVE, State

Key = Literal["run", "step", "stop"]


@dataclass(frozen=True)
class Off:
    """No run is on: none was started, or the one that is shown is over."""


@dataclass(frozen=True)
class Pending:
    """A start that was asked for and has not happened yet; ``number`` tells starts apart.

    With ``steps`` the run pauses behind so many. Once ``sent`` the trainer may have begun; until then nothing is lost
    if the start is withdrawn. ``keys`` were pressed since, and are obeyed as soon as the run is there; ``quits``: the
    dashboard is to be left as soon as it is known what became of the start.
    """

    number: int
    steps: int | None = None
    sent: bool = False
    keys: tuple[Key, ...] = ()
    quits: bool = False

    @property
    def pauses(self) -> bool:
        """Whether the run rests once the keys are obeyed."""
        pauses = self.steps is not None
        for key in self.keys:
            pauses = key == "step" or (not pauses if key == "run" else pauses)
        return pauses

    @property
    def words(self) -> str:
        """What is going to happen."""
        return f"starts as soon as the trainer is ready{', then pauses' if self.pauses else ''}; F8 cancels"


@dataclass(frozen=True)
class On:
    """A run that obeys commands. ``asked_to_pause`` is what was asked of it and is not answered by ``state`` yet."""

    state: State
    asked_to_pause: bool | None = None

    @property
    def pauses(self) -> bool:
        return self.state == "paused" if self.asked_to_pause is None else self.asked_to_pause


Phase = Off | Pending | On


Request = Command | Literal["start", "start with a step", "withdraw", "say that nothing is on"] | None


def press(phase: Phase, key: Key) -> tuple[Phase, Request]:
    """The phase after a key, once what it requests was done, and that request."""
    match phase, key:
        case On() as on, "run":
            return replace(on, asked_to_pause=not on.pauses), Resume() if on.pauses else Pause()
        case On() as on, "step":
            return replace(on, asked_to_pause=True), Step(1)
        case On(), "stop":
            return phase, Stop()
        case Pending(sent=False), "stop":
            return Off(), "withdraw"
        case Pending() as pending, _:
            return replace(pending, keys=(*pending.keys, key)), None
        case Off(), _:
            off: dict[Key, Request] = {"run": "start", "step": "start with a step", "stop": "say that nothing is on"}
            return phase, off[key]
    raise ValueError(f"{key} is no key of a run")


def begun(pending: Pending, state: State) -> On:
    """The phase that a start leads to, in which the keys are obeyed that were pressed meanwhile.

    ``state`` is not live yet where the log does not say that the run was continued.
    """
    return On(state if state in LIVE else "preparing", asked_to_pause=pending.steps is not None)


def observed(phase: Phase, state: State) -> Phase:
    """The phase once the run that is shown is in ``state``: a new state answers what was asked of the run."""
    if isinstance(phase, Pending) or (isinstance(phase, On) and phase.state == state):
        return phase
    return On(state) if state in LIVE else Off()


@dataclass(frozen=True)
class RunStatus:
    """What is said of the run beside its snapshot; where there is no run, ``idle``: what the trainer in stand-by does.

    ``ready``: it can start at once.
    """

    name: str = ""
    has_run: bool = False
    idle: str = "the trainer is getting ready"
    ready: bool = False
    remark: str = ""
