"""Trainer: the loop. ``run`` is a generator of events, so a test is ``list(trainer.run(Control()))``."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch

from tuitrain.data.seeds import generator
from tuitrain.errors import Refused
from tuitrain.experiment.document import to_document
from tuitrain.runs import events as e
from tuitrain.training import checkpoint
from tuitrain.training.batches import Batch, Loader
from tuitrain.training.clock import Stopwatch
from tuitrain.training.control import Control
from tuitrain.training.device import memory_used
from tuitrain.training.observe import Observed, Observer, Pace
from tuitrain.training.prepare import Prepared
from tuitrain.training.step import Stepper
from tuitrain.training.sums import EpochSums, Window
from tuitrain.training.tally import Tally

WINDOW_S = 0.2
"""A window lasts so long, or one step where steps are slower."""
CHECKPOINT_S = 30.0
"""The least time between two checkpoints at the ends of epochs."""

E = TypeVar("E", bound=e.Event)


@dataclass(frozen=True)
class _Ending:
    status: e.Status
    reason: str


class Trainer:
    """Trains what was prepared, once. Any thread may read ``step``, which counts the steps done, and ``elapsed``.

    ``checkpoints`` is the directory for ``last.pt``; None for no checkpoints.
    """

    def __init__(self, prepared: Prepared, checkpoints: Path | None = None) -> None:
        self.prepared = prepared
        self.step = 0
        self._experiment = prepared.experiment
        self._checkpoints = checkpoints
        self._clock = Stopwatch()
        self._stepper = Stepper(prepared)
        self._loader = Loader(prepared.train, prepared.batch_size, prepared.experiment.seed)
        self._tally = Tally(self._stepper.predict)
        self._observer = Observer(prepared.network)
        self._pace = Pace(prepared.experiment.observe.every, prepared.steps_per_epoch)
        self._observations: list[tuple[int, Observed]] = []
        self._sums = EpochSums()
        self._window = Window(0.0)
        self._plain_seconds: float | None = None
        self._factor = 1.0
        self._lr: float | None = None
        self._restored: checkpoint.State | None = None
        self._saved_at = 0.0
        self._paused_at: int | None = None
        self._single = False
        self._ending: _Ending | None = None

    @property
    def elapsed(self) -> float:
        """Seconds of training so far, without pauses."""
        return self._clock.elapsed

    def run(self, control: Control) -> Iterator[e.Event]:
        """Train to the end, or until the control says stop. The generator never yields inside ``no_grad``."""
        yield from self._begin()
        with self._clock.running():
            self._saved_at = self._window.began = time.perf_counter()
            while self._ending is None and self.step < self.prepared.total_steps:
                yield from self._epoch(control)
            yield from self._close_window()
            ending = self._ending or _Ending("finished", f"all {self._experiment.epochs:,} epochs done")
            if ending.status != "diverged":
                yield from self._save("the end" if ending.status == "finished" else ending.reason)
            yield self._now(e.RunFinished(status=ending.status, step=self.step, reason=ending.reason))

    def restore(self, path: Path) -> None:
        """Have `run` go on from a checkpoint of the same experiment, as if it had never been interrupted.

        Raises:
            Refused: if it is no checkpoint, or one of another network.
        """
        state = checkpoint.load(path)
        try:
            self._stepper.module.load_state_dict(state["model"])
            self._stepper.optimizer.load_state_dict(state["optimizer"])
            self._sums = EpochSums(**state["sums"])
            self.step, self._factor, self._clock = state["step"], state["factor"], Stopwatch(state["elapsed"])
        except (RuntimeError, ValueError, KeyError, TypeError):
            raise Refused(f"{path}: does not fit the experiment: it is of another network or optimizer.") from None
        self._restored = state

    def _begin(self) -> Iterator[e.Event]:
        prepared = self.prepared
        if self._restored is None:
            torch.manual_seed(generator(self._experiment.seed, "training").initial_seed())
            yield self._now(
                e.RunStarted(
                    device=str(prepared.device),
                    threads=prepared.threads,
                    epochs=self._experiment.epochs,
                    steps_per_epoch=prepared.steps_per_epoch,
                    total_steps=prepared.total_steps,
                    parameters=prepared.parameters,
                    layers=prepared.layers,
                )
            )
            return
        checkpoint.set_rng_state(self._restored["rng"], prepared.device)
        if self._restored["threads"] != prepared.threads:
            text = (
                f"was trained with {self._restored['threads']} threads, now {prepared.threads}: last digits may differ"
            )
            yield self._now(e.LogEmitted(level="warning", text=text))
        yield self._now(e.RunContinued(from_step=self.step))
        if self._factor != 1.0 and self.step < prepared.total_steps:
            yield self._now(e.LearningRateChanged(step=self.step + 1, lr=self._planned_lr(), factor=self._factor))

    def _epoch(self, control: Control) -> Iterator[e.Event]:
        """The steps of an epoch that are not done yet."""
        epoch, first = divmod(self.step, self.prepared.steps_per_epoch)
        if first == 0:
            self._sums = EpochSums(began=self.elapsed)
        self._stepper.module.train()
        now = time.perf_counter()
        for batch in self._loader.epoch(epoch, first):
            if control.attention:
                yield from self._obey(control)
                now = time.perf_counter()
            if self._ending:
                return
            lr = self._planned_lr()
            if lr != self._lr:
                self._stepper.set_lr(lr)
                self._lr = lr
            if self._single or self._pace.is_due(self.step, now):
                loss, penalty, outputs = self._observe(batch)
            else:
                loss, penalty, outputs = self._stepper.plain(batch)
            self._tally.add(loss, penalty, outputs, batch[2])
            self.step += 1
            now = time.perf_counter()
            if self._single or now - self._window.began >= WINDOW_S:
                yield from self._close_window()
        self._collect()
        if not self._ending:
            yield from self._end_epoch(epoch + 1)

    def _planned_lr(self) -> float:
        prepared, experiment = self.prepared, self._experiment
        rate = experiment.schedule.rate(
            experiment.optimizer.lr, self.step, prepared.steps_per_epoch, prepared.total_steps
        )
        return rate * self._factor

    def _observe(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
        began = time.perf_counter()
        loss, penalty, outputs, observed = self._stepper.observed(batch, self._observer)
        now = time.perf_counter()
        self._pace.took(now - began, self._plain_seconds, now)
        self._observations.append((self.step + 1, observed))
        return loss, penalty, outputs

    def _obey(self, control: Control) -> Iterator[e.Event]:
        """Carry out what was asked; returns when there is to be another step, or an end."""
        while True:
            orders = control.take()
            if orders.lr is not None:
                yield from self._change_lr(orders.lr)
            if orders.checkpoint:
                yield from self._save("on request")
            if orders.stop is not None:
                self._ending = _Ending("stopped", orders.stop)
                return
            if orders.go:
                break
            yield from self._rest()
            with self._clock.stopped():
                control.wait()
            self._window.began = time.perf_counter()
        self._single = orders.single
        if self._paused_at is not None and not orders.single:
            self._paused_at = None
            yield self._now(e.RunResumed(step=self.step))

    def _rest(self) -> Iterator[e.Event]:
        """Say that the run rests, once a step."""
        if self._paused_at == self.step:
            return
        was_running, self._paused_at = self._paused_at is None, self.step
        yield from self._close_window()
        yield self._now(e.RunPaused(step=self.step))
        if was_running:  # not after every single step
            yield from self._save("pause")

    def _change_lr(self, lr: float) -> Iterator[e.Event]:
        yield from self._close_window()
        planned = self._planned_lr() / self._factor
        if planned > 0:
            self._factor = lr / planned
            yield self._now(e.LearningRateChanged(step=self.step + 1, lr=self._planned_lr(), factor=self._factor))
        else:
            text = "the schedule has brought the learning rate to 0, which no factor changes"
            yield self._now(e.LogEmitted(level="warning", text=text))

    def _collect(self) -> None:
        """Take what the device has counted into the sums; waits for it."""
        counted = self._tally.take()
        self._sums.add(counted)
        before = self.step - len(counted.losses)
        bad = next((index for index, loss in enumerate(counted.losses) if not math.isfinite(loss)), None)
        if bad is not None and not (self._ending and self._ending.status == "diverged"):
            self._ending = _diverged(f"the loss was {counted.losses[bad]} at step {before + bad + 1:,}")
        self._window.add(counted)

    def _close_window(self) -> Iterator[e.Event]:
        """An event for the steps since the last one, if there are any, and what was observed in them."""
        self._collect()
        window, now = self._window, time.perf_counter()
        waited, self._loader.waited = self._loader.waited, 0.0
        self._window = Window(now)
        if not window.steps:
            return
        seconds = max(now - window.began, 1e-9)
        self._plain_seconds = seconds / window.steps
        epoch = self.step / self.prepared.steps_per_epoch
        yield self._now(
            e.WindowCompleted(
                step=self.step,
                steps=window.steps,
                epoch=epoch,
                loss=window.spread(),
                accuracy=window.correct / window.samples if self.prepared.classes is not None else None,
                lr=self._lr or 0.0,
                samples_per_second=window.samples / seconds,
                data_wait=min(1.0, waited / seconds),
                memory=memory_used(self.prepared.device),
            )
        )
        observations, self._observations = self._observations, []
        for step, observed in observations:
            epoch = step / self.prepared.steps_per_epoch
            yield self._now(e.LayersObserved(step=step, epoch=epoch, **observed.read()))

    def _end_epoch(self, epoch: int) -> Iterator[e.Event]:
        began = time.perf_counter()
        train = self._sums.figures(classes=self.prepared.classes is not None)
        validation = None
        if self.prepared.validation is not None:
            validation = e.Figures(**asdict(self._stepper.evaluate(self.prepared.validation)))
            if not math.isfinite(validation.loss):
                self._ending = _diverged(f"the validation loss was {validation.loss} after step {self.step:,}")
        self._window.began += time.perf_counter() - began  # a window's speed is that of its steps
        seconds = self.elapsed - self._sums.began
        yield self._now(
            e.EpochCompleted(epoch=epoch, step=self.step, seconds=seconds, train=train, validation=validation)
        )
        if time.perf_counter() - self._saved_at >= CHECKPOINT_S and self._ending is None:
            yield from self._save("end of an epoch")

    def _save(self, why: str) -> Iterator[e.Event]:
        """Write ``last.pt``. A full disk ends no training, and weights that are not finite never replace good ones."""
        if self._checkpoints is None:
            return
        yield from self._close_window()
        path = self._checkpoints / "last.pt"
        self._saved_at = time.perf_counter()
        if not self._stepper.is_finite():
            yield self._now(e.LogEmitted(level="warning", text="no checkpoint saved: the weights are not finite"))
            return
        try:
            checkpoint.save(path, self._state())
        except OSError as error:
            text = f"{path}: could not be saved ({error.strerror or error}). Free some space; training goes on."
            yield self._now(e.LogEmitted(level="error", text=text))
            return
        yield self._now(e.CheckpointSaved(step=self.step, path=f"{self._checkpoints.name}/{path.name}", why=why))

    def _state(self) -> checkpoint.State:
        return {
            "experiment": to_document(self._experiment.completed(), complete=True),
            "threads": self.prepared.threads,
            "device": str(self.prepared.device),
            "step": self.step,
            "elapsed": self.elapsed,
            "factor": self._factor,
            "sums": asdict(self._sums),
            "model": self._stepper.module.state_dict(),
            "optimizer": self._stepper.optimizer.state_dict(),
            "rng": checkpoint.rng_state(self.prepared.device),
        }

    def _now(self, event: E) -> E:
        return replace(event, at=time.time(), elapsed=self.elapsed)


def _diverged(what: str) -> _Ending:
    remedy = "Try a smaller optimizer.lr (a tenth), inputs that are standardised, or another initialiser."
    return _Ending("diverged", f"{what}. {remedy}")
