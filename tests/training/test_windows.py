"""A window's share of waiting, and a rate that no factor changes."""

import math
import time

import pytest

from tuitrain.runs import commands as c
from tuitrain.runs.events import LearningRateChanged, LogEmitted, RunPaused, WindowCompleted
from tuitrain.training.control import Control
from tuitrain.training.prepare import prepare
from tuitrain.training.rates import Rates
from tuitrain.training.trainer import Trainer

from ..narrow import present

SHARES = [(4.0, 1.0, 0.25), (0.5, 0.1, 0.2), (2.0, 3.0, 1.0), (3.0, 0.0, 0.0)]


@pytest.mark.parametrize(("seconds", "waited", "share"), SHARES)
def test_the_share_of_waiting_is_that_of_the_window(spirals, monkeypatch, seconds, waited, share):
    trainer = Trainer(prepare(spirals(), "cpu"))
    windows, loader = trainer._windows, trainer._loader
    batch = next(loader.epoch(0))
    clock = iter([100.0, 100.0 + seconds])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    windows.restart()
    windows.add(present(trainer._stepper.plain(batch)), batch[2])
    windows.collect(1)
    loader.waited = waited
    (window,) = [event for event in windows.close(1, 0.1) if isinstance(event, WindowCompleted)]
    assert window.data_wait == pytest.approx(share)
    assert window.samples_per_second == pytest.approx(10 / seconds)
    assert loader.waited == 0.0


def test_a_schedule_at_0_takes_no_rate_by_hand_and_says_so(spirals):
    control, seen = Control(), []
    control.send(c.Step(12))
    trainer = Trainer(prepare(spirals(schedule={"type": "cosine", "unit": "epoch", "over": 1}), "cpu"))
    for event in trainer.run(control):
        seen.append(event)
        if isinstance(event, RunPaused):
            control.send(c.SetLearningRate(0.25))
            control.send(c.Resume())
    assert not [event for event in seen if isinstance(event, LearningRateChanged)]
    (told,) = [event.text for event in seen if isinstance(event, LogEmitted)]
    assert "learning rate to 0, which no factor changes" in told
    assert [event.lr for event in seen if isinstance(event, WindowCompleted)][-1] == 0.0


def test_a_factor_that_would_be_infinite_is_none(spirals):
    experiment = spirals(schedule={"type": "exponential", "unit": "step", "decay": 1e-300, "over": 0.95})
    rates = Rates(experiment, 11, Trainer(prepare(experiment, "cpu"))._stepper.optimizer)
    assert 0 < rates.at(1) < 1e-310
    assert not rates.set_by_hand(1, 1.0)
    assert rates.manual_factor == 1.0 and math.isfinite(rates.at(1))
