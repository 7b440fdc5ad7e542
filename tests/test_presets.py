"""Every preset that ships: it can be trained, its promises can be read, and its runs repeat bit for bit."""

import pytest
import torch

from tuitrain.experiment import presets
from tuitrain.experiment.expect import parse_all
from tuitrain.experiment.problems import examine
from tuitrain.runs import commands as c
from tuitrain.runs.events import EpochCompleted, RunPaused
from tuitrain.training.control import Control
from tuitrain.training.prepare import prepare
from tuitrain.training.trainer import Trainer

from .narrow import present

EVERY = [(name, variant) for name in presets.names() for variant in (None, *presets.find(name).variants)]
KINDS = [
    ("digits-mlp", None),
    ("spirals-mlp", None),
    ("fashion-mlp", None),
    ("nielsen-speed", None),
    ("deep-20", "relu-bn-after"),
    ("activations", "prelu"),
    ("clipping", "by-global-norm"),
    ("optimizers", "nadam"),
    ("schedules", "one-cycle"),
    ("regularization", "alpha-dropout"),
    ("dropout-mlp", None),
    ("norms-conv", None),
    ("image-rows-lstm", None),
    ("practical-guide", None),
    ("callbacks", None),
    ("transfer", "b-on-a"),
    ("pretrained", None),
]
STEPS = 12


@pytest.mark.parametrize(("name", "variant"), EVERY, ids=lambda value: value or "base")
def test_every_preset_and_variant_can_be_trained(name, variant):
    experiment = presets.load(name, variant)
    assert examine(experiment).problems == ()
    assert all(layer.output_shape for layer in experiment.plan())


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_has_a_lesson_whose_promises_can_be_read(name):
    source = presets.find(name)
    lesson = present(source.guide.lesson)
    assert lesson.title and len(lesson.why) > 60 and lesson.minutes
    expectations = parse_all(lesson.expect, source.variants)
    assert expectations
    assert all(variant.title for variant in source.guide.variants)


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("name", "variant"), KINDS, ids=lambda value: value or "base")
def test_two_runs_with_one_seed_are_equal_bit_for_bit(name, variant, real_data, one_thread, tmp_path):
    runs = [trained(name, variant, tmp_path / number) for number in ("1", "2")]
    (first, figures), (second, again) = runs
    assert figures == again
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)


def trained(name, variant, directory):
    """Weights and figures after a few epochs of a few steps."""
    sets = ["threads=1", "epochs=3", "batch_size=16", "data.validation={ size = 64, take = 'first' }"]
    if name not in ("digits-mlp", "spirals-mlp"):
        sets.append(f"data.limit={16 * STEPS // 2}")
    experiment = presets.load(name, variant, sets)
    (directory / "checkpoints").mkdir(parents=True)
    trainer, control, figures = Trainer(prepare(experiment, "cpu"), directory / "checkpoints"), Control(), []
    control.send(c.Step(STEPS))
    for event in trainer.run(control):
        if isinstance(event, EpochCompleted):
            figures.append((event.step, event.train, event.validation))
        if isinstance(event, RunPaused):
            control.send(c.Stop())
    return {key: value.clone() for key, value in trainer.prepared.network.module.state_dict().items()}, figures
