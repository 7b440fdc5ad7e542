"""The state of a training: what a checkpoint holds of its parts, and how they go on from one."""

from dataclasses import asdict, dataclass
from pathlib import Path

from tuitrain.errors import Refused
from tuitrain.experiment.document import to_document
from tuitrain.training import checkpoint, fitting
from tuitrain.training.actions import Ending
from tuitrain.training.callbacks import Callbacks
from tuitrain.training.checkpoint import Loaded, State
from tuitrain.training.kept import KeptWeights
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
            fitting.check(state, fresh, self._entries, self.prepared, self.stepper.score.size)
        except fitting.Misfit as misfit:
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
