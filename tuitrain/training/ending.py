"""How a training ended, or is to end."""

from dataclasses import dataclass

from tuitrain.runs.events import Status


@dataclass(frozen=True)
class Ending:
    """``can_resume``: whether there is something left to train. Weights that diverged replace no good checkpoint."""

    status: Status
    reason: str
    is_worth_saving: bool = True
    can_resume: bool = True


def diverged(what: str, *, is_worth_saving: bool = False) -> Ending:
    remedy = "Try a smaller optimizer.lr (a tenth), inputs and targets of the order of 1, or another initialiser."
    return Ending("diverged", f"{what}. {remedy}", is_worth_saving)


def lost(step: int) -> Ending:
    return diverged(f"the weights were not finite after step {step:,}")


def unsaved(ending: Ending, problem: str, saved: object) -> Ending:
    """A training of which the last checkpoint could not be written; ``saved`` is the last that could, or None."""
    good = f"The last good checkpoint is {saved}." if saved else "There is no good checkpoint."
    return Ending("failed", f"{problem} {good} The training itself: {ending.reason}.")
