"""Trainer: the loop. ``run`` is a generator of events, so a test is ``list(trainer.run(Control()))``."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from tuitrain.data.seeds import generator
from tuitrain.metrics import compared
from tuitrain.model.freezing import frozen_layers
from tuitrain.optim.callback_base import CallbackContext, Evaluation
from tuitrain.runs import events as e
from tuitrain.runs.directory import LAST
from tuitrain.training import checkpoint
from tuitrain.training.actions import Actions, Ending, diverged, lost, unsaved
from tuitrain.training.batches import Batch, Loader
from tuitrain.training.callbacks import Callbacks
from tuitrain.training.checkpoint import Loaded
from tuitrain.training.control import Control, Steering, Stopwatch
from tuitrain.training.kept import KeptWeights
from tuitrain.training.observe import Observer, Pace
from tuitrain.training.prepare import Prepared
from tuitrain.training.probes import probes_of
from tuitrain.training.rates import Rates
from tuitrain.training.resuming import Parts, differences
from tuitrain.training.saver import Saved, Saver
from tuitrain.training.step import Stepper
from tuitrain.training.tally import Done, EpochSums
from tuitrain.training.windows import Windows


class Trainer:
    """Trains what was prepared, once. Any thread may read ``step``, which counts the steps done, and ``elapsed``.

    ``checkpoints`` is a directory in that of the run; None for a run that writes nothing.
    """

    def __init__(self, prepared: Prepared, checkpoints: Path | None = None) -> None:
        self.prepared = prepared
        self.step = 0
        self._experiment = experiment = prepared.experiment
        self._directory = checkpoints.parent if checkpoints else None
        self._clock = Stopwatch()
        self._per_epoch, self._total = prepared.steps_per_epoch, prepared.total_steps
        score = prepared.scores
        self._stepper = Stepper(
            prepared.network,
            experiment.optimizer,
            experiment.loss,
            experiment.clipping,
            score,
            prepared.validation_chunk,
        )
        self._loader = Loader(prepared.train, prepared.batch_size, experiment.seed)
        self._windows = Windows(score, self._loader, self._per_epoch, prepared.device)
        self._rates = Rates(experiment, self._per_epoch, self._stepper.optimizer)
        every = experiment.validate_every
        self._validate_every = every if isinstance(every, int) else self._per_epoch
        self._kept = KeptWeights(self._stepper.module, len(experiment.callbacks))
        self._actions = Actions(self._kept, self._rates, experiment.schedule.type, self._save)
        self.saver = Saver(
            checkpoints,
            lambda: self._parts.state(self.step, self.elapsed, self._ending),
            self._stepper.watch.is_finite,
        )
        probes = probes_of(prepared.network)
        self._observer = Observer(probes)
        self._pace = Pace(experiment.observe.every, self._per_epoch)
        self._callbacks = Callbacks(experiment.callbacks, prepared.network)
        self._parts = Parts(prepared, self._stepper, self._windows, self._rates, self._kept, self._callbacks)
        self.steering = Steering(probes, self._rates, self._clock, self._windows, self._close_window, self._save)
        self._restored: Loaded | None = None
        self._ending: Ending | None = None

    @property
    def elapsed(self) -> float:
        """Seconds of training so far, without pauses."""
        return self._clock.elapsed

    def run(self, control: Control) -> Iterator[e.Event]:
        """Train to the end, or until the control says stop. The generator never yields inside ``no_grad``."""
        try:
            for event in self._run(control):
                yield replace(event, at=time.time(), elapsed=self.elapsed)
        finally:
            self._callbacks.close()
            self.prepared.close()

    def restore(self, path: Path) -> None:
        """Have `run` go on from a checkpoint of the same experiment, as if it had never been interrupted.

        Where the file is damaged, from the one that was kept before it. On the CPU the result is equal bit for bit.

        Raises:
            Refused: if it is no checkpoint, or one of another network.
        """
        loaded = self._parts.load(path)
        self.step, self._clock.elapsed = loaded.state["step"], loaded.state["elapsed"]
        self.saver.last = Saved(loaded.path, self.step)
        self._restored = loaded

    def _run(self, control: Control) -> Iterator[e.Event]:
        yield from self._begin()
        with self._clock.running():
            self._windows.restart()
            while self._ending is None and self.step < self._total:
                yield from self._epoch(control)
            yield from self._close_window()
            ending = self._ending or Ending("finished", f"all {self._experiment.epochs:,} epochs done")
            if ending.status == "finished":
                yield from self._put_back_kept()
            if ending.is_worth_saving:
                yield from self._save("the end" if ending.status == "finished" else ending.reason)
                ending = self._stored(ending)
            self._callbacks.close()
            yield from self._problems()
            yield e.RunFinished(status=ending.status, step=self.step, reason=ending.reason)

    def _stored(self, ending: Ending) -> Ending:
        """The ending, where the last checkpoint could be written; else what has become of it."""
        if not self._stepper.watch.is_finite():
            return lost(self.step)
        return unsaved(ending, self.saver.problem, self.saver.readable) if self.saver.problem else ending

    def _begin(self) -> Iterator[e.Event]:
        prepared, restored = self.prepared, self._restored
        context = CallbackContext(self._directory, self.step)
        self._callbacks.open(context, restored.state["callbacks"] if restored else None)
        if self._callbacks.guards:
            self._stepper.guard = lambda loss: self._actions.leaves_out(self.step + 1, loss, self._callbacks)
        if restored is None:
            torch.manual_seed(generator(self._experiment.seed, "training").initial_seed())
            yield prepared.started()
            yield from (e.LogEmitted(level="warning", text=note) for note in prepared.notes)
            return
        checkpoint.set_rng_state(restored.state["rng"], prepared.device)
        yield from (e.LogEmitted(level="warning", text=text) for text in differences(restored, prepared))
        yield e.RunContinued(from_step=self.step)
        if self._rates.manual_factor != 1.0 and self.step < self._total:
            yield self._rates.changed(self.step)

    def _epoch(self, control: Control) -> Iterator[e.Event]:
        """The steps of an epoch that are not done yet."""
        steering = self.steering
        epoch, first = divmod(self.step, self._per_epoch)
        if first == 0:
            self._windows.epoch = EpochSums(began=self.elapsed)
        yield from self._freeze(epoch)
        self._stepper.train_mode()
        now = time.perf_counter()
        for batch in self._loader.epoch(epoch, first):
            if control.attention or steering.is_single:
                if (why := (yield from steering.follow(control, self.step))) is not None:
                    self._ending = Ending("stopped", why)
                now = time.perf_counter()
            if self._ending:
                return
            self._rates.apply(self.step)
            if steering.is_single or steering.observe_next or self._pace.is_due(self.step, now):
                done = self._observe(batch)
            else:
                done = self._stepper.plain(batch)
            if done is None:  # left out, and so no step
                self._ending = self._actions.ending
                return
            self._windows.add(done, batch[2])
            self.step += 1
            now = time.perf_counter()
            if is_over := steering.is_single or self._windows.is_over(now):
                yield from self._close_window()
            if self._stepper.watch.is_lost(self.step, done.loss, at_window_end=is_over):
                self._diverge()
                return
            if self.step % self._per_epoch and self._is_validation_due():
                yield from self._validate()
        self._collect()
        if not self._ending:
            yield from self._end_epoch(epoch + 1)

    def _diverge(self) -> None:
        """End because of the first loss that was no number or, where there is none, because of the weights."""
        self._collect()
        self._ending = self._ending or lost(self.step)

    def _observe(self, batch: Batch) -> Done | None:
        began = time.perf_counter()
        self.steering.observe_next, self._observer.watched = False, self.steering.watched
        step = self.step + 1
        wanted = self._callbacks.wants_gradients(step, self.step / self._per_epoch)
        inspect = (lambda: self._callbacks.take_gradients(step)) if wanted else None
        done, observed = self._stepper.observed(batch, self._observer, inspect)
        now = time.perf_counter()
        self._pace.took(now - began, self._windows.seconds_per_step, now)
        if done is not None:
            self._windows.observe(step, observed)
        return done

    def _freeze(self, epoch: int) -> Iterator[e.Event]:
        """Freeze what is to be frozen in this epoch, and say so where that changes."""
        frozen = frozen_layers(self._experiment.freeze, self.prepared.network, epoch)
        before = self._stepper.freeze(frozen)
        if frozen == before:
            return
        kind, changed = (e.LayersFrozen, frozen) if frozen else (e.LayersUnfrozen, before)
        yield kind(step=self.step, layers=tuple(layer.planned.name for layer in changed))

    def _collect(self) -> None:
        """Take what the device has counted into the sums; waits for it."""
        if (bad := self._windows.collect(self.step)) and not (self._ending and self._ending.status == "diverged"):
            self._ending = diverged(bad)

    def _close_window(self) -> Iterator[e.Event]:
        self._collect()
        for event in self._windows.close(self.step, self._rates.lr):
            self._callbacks.after_event(event)
            yield event

    def _validate(self) -> Iterator[e.Event]:
        """Validate where no epoch ends."""
        if (figures := self._evaluate()) is not None:
            epoch = self.step / self._per_epoch
            yield e.ValidationCompleted(step=self.step, epoch=epoch, figures=figures)
            yield from self._apply_actions(epoch, compared("validation", figures), at_epoch_end=False)

    def _end_epoch(self, epoch: int) -> Iterator[e.Event]:
        if not self._stepper.watch.is_finite():  # before a callback keeps or saves them
            self._ending = lost(self.step)
            return
        train = self._windows.epoch.figures(self._stepper.score)
        validation = self._evaluate() if self._is_validation_due() else None
        seconds = self.elapsed - self._windows.epoch.began
        yield e.EpochCompleted(epoch=epoch, step=self.step, seconds=seconds, train=train, validation=validation)
        figures = {**compared("train", train), **compared("validation", validation or {})}
        yield from self._apply_actions(float(epoch), figures, at_epoch_end=True)
        if self.saver.is_due() and self._ending is None:
            yield from self._save("end of an epoch")

    def _is_validation_due(self) -> bool:
        """After every so many steps, and after the last."""
        return self.step % self._validate_every == 0 or self.step == self._total

    def _evaluate(self) -> e.Figures | None:
        """The figures of the validation samples; None where there are none."""
        samples = self.prepared.validation
        if samples is None:
            return None
        began = time.perf_counter()
        figures = self._stepper.evaluate(samples)
        if not math.isfinite(figures["loss"]):
            self._ending = diverged(f"the validation loss was {figures['loss']} after step {self.step:,}")
        self._windows.leave_out(time.perf_counter() - began)
        return figures

    def _apply_actions(self, epoch: float, figures: Mapping[str, float], at_epoch_end: bool) -> Iterator[e.Event]:
        yield from self._actions.evaluate(Evaluation(self.step, epoch, figures, at_epoch_end), self._callbacks)
        self._ending = self._ending or self._actions.ending
        yield from self._problems()

    def _put_back_kept(self) -> Iterator[e.Event]:
        """End with the weights that a callback asked to keep, and say how good they are."""
        epochs = self.step // self._per_epoch
        # A run that goes on behind its last step has neither frozen anything nor begun to train.
        self._stepper.freeze(frozen_layers(self._experiment.freeze, self.prepared.network, epochs - 1))
        self._stepper.train_mode()
        put_back = list(self._kept.put_back(self.step, lambda: self._loader.epoch(epochs)))
        yield from put_back
        if put_back and (figures := self._evaluate()) is not None:
            epoch = self.step / self._per_epoch
            yield e.ValidationCompleted(step=self.step, epoch=epoch, figures=figures)

    def _problems(self) -> Iterable[e.Event]:
        return [e.LogEmitted(level="error", text=problem) for problem in self._callbacks.new_problems()]

    def _save(self, why: str, name: str = LAST) -> Iterator[e.Event]:
        yield from self._close_window()
        yield from self.saver.save(name, self.step, why)
