"""Windows: the steps since the last event about them, summed up; and what was observed meanwhile."""

import math
import time
from collections.abc import Iterator

import torch
from torch import Tensor

from tuitrain.runs import events as e
from tuitrain.training.batches import Loader
from tuitrain.training.device import memory_used
from tuitrain.training.observe import Observed
from tuitrain.training.score import Scores
from tuitrain.training.tally import Done, EpochSums, Tally, Window

SECONDS = 0.2
"""A window lasts so long, or one step where steps are slower."""


class Windows:
    """Takes in every step; gives an event a window, and the sums of the epoch."""

    def __init__(self, score: Scores, loader: Loader, steps_per_epoch: int, device: torch.device) -> None:
        self.epoch = EpochSums()
        self.seconds_per_step: float | None = None
        """Of the last window that was closed."""
        self._score = score
        self._loader = loader
        self._steps_per_epoch = steps_per_epoch
        self._device = device
        self._tally = Tally(score)
        self._window = Window(0.0)
        self._observations: list[tuple[int, Observed]] = []

    def restart(self) -> None:
        """The time from now on belongs to the window that is open."""
        self._window.began = time.perf_counter()

    def leave_out(self, seconds: float) -> None:
        """So long no step was computed: a window's speed is that of its steps."""
        self._window.began += seconds

    def add(self, done: Done, labels: Tensor) -> None:
        self._tally.add(done, labels)

    def observe(self, step: int, observed: Observed) -> None:
        self._observations.append((step, observed))

    def is_over(self, now: float) -> bool:
        return now - self._window.began >= SECONDS

    def collect(self, step: int) -> str | None:
        """Take what the device has counted into the sums; the first loss that is no number, in words."""
        counted = self._tally.take()
        self.epoch.add(counted)
        self._window.add(counted)
        first = step - len(counted.losses) + 1
        bad = (index for index, loss in enumerate(counted.losses) if not math.isfinite(loss))
        return next((f"the loss was {counted.losses[index]} at step {first + index:,}" for index in bad), None)

    def close(self, step: int, lr: float) -> Iterator[e.Event]:
        """What was collected, as events; nothing if there were no steps."""
        window, now = self._window, time.perf_counter()
        waited, self._loader.waited = self._loader.waited, 0.0
        self._window = Window(now)
        if not window.steps:
            return
        seconds = max(now - window.began, 1e-9)
        self.seconds_per_step = seconds / window.steps
        clipped, factor = window.clipped()
        yield e.WindowCompleted(
            step=step,
            steps=window.steps,
            epoch=step / self._steps_per_epoch,
            loss=window.spread(),
            figures=self._score.figures(window.scores, window.samples, "window"),
            lr=lr,
            samples_per_second=window.samples / seconds,
            data_wait=min(1.0, waited / seconds),
            memory=memory_used(self._device),
            clipped=clipped,
            clip_factor=factor,
        )
        observations, self._observations = self._observations, []
        for at, observed in observations:
            epoch = at / self._steps_per_epoch
            yield e.LayersObserved(step=at, epoch=epoch, **observed.read())
            if units := observed.read_units():
                yield e.UnitsObserved(step=at, epoch=epoch, **units)
