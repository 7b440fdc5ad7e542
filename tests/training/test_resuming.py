"""Going on from a checkpoint: equal to the last bit at every step of every schedule, and nothing odd is begun."""

import copy

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from tuitrain.errors import Refused
from tuitrain.optim.optimizers import Optimizer
from tuitrain.optim.schedule_base import Schedule
from tuitrain.runs import commands as c
from tuitrain.runs.events import LogEmitted, RunFinished, RunPaused
from tuitrain.spec import members, parse
from tuitrain.training import checkpoint
from tuitrain.training.control import Control
from tuitrain.training.optimizer_state import entries_of
from tuitrain.training.prepare import prepare
from tuitrain.training.trainer import Trainer

from ..narrow import of_type

EPOCHS, STEPS = 4, 8
TINY = {
    "epochs": EPOCHS,
    "batch_size": 10,
    "data": {"type": "spirals", "samples": 25},
    "model": {"layers": [{"type": "dense", "units": 2, "activation": "tanh"}]},
}
SCHEDULES = [
    *members(Schedule),
    {"type": "cosine", "unit": "epoch", "over": 2},
    {"type": "cosine", "unit": "step", "over": 3},
    {"type": "performance", "patience": 1, "min_delta": 1.0},
    {"type": "exponential", "unit": "step", "warmup": 3},
]
OPTIMIZERS = ["nadam", "adamw", {"type": "sgd", "lr": 0.5, "momentum": 0.5}]


def fresh(spirals, optimizer, schedule, directory=None):
    return Trainer(prepare(spirals(**TINY, optimizer=optimizer, schedule=schedule), "cpu"), directory)


def run(trainer, control=None):
    events = list(trainer.run(control or Control()))
    assert events[-1].status in ("finished", "stopped"), events[-1]
    return [one.clone() for one in trainer.prepared.network.module.state_dict().values()]


def stopped(trainer, step):
    control = Control()
    control.send(c.Step(step))
    for event in trainer.run(control):
        if isinstance(event, RunPaused):
            control.send(c.Stop())


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=["nadam", "adamw", "sgd"])
def test_resumed_at_any_step_of_any_schedule_it_is_the_same_to_the_last_bit(spirals, tmp_path, schedule, optimizer):
    trainer = fresh(spirals, optimizer, schedule)
    assert trainer.prepared.total_steps == STEPS
    whole = run(trainer)
    for step in range(1, STEPS):
        stopped(fresh(spirals, optimizer, schedule, tmp_path), step)
        resumed = fresh(spirals, optimizer, schedule)
        resumed.restore(tmp_path / "last.pt")
        assert resumed.step == step
        assert all(map(torch.equal, run(resumed), whole)), f"resumed at step {step}"


@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
@pytest.mark.parametrize("name", members(Optimizer))
def test_every_tensor_of_an_optimizer_comes_back_to_where_torch_makes_it(name, schedule):
    """On a device that holds no values, so that one which was moved there by mistake is seen."""
    spec = of_type(Optimizer, parse(members(Optimizer)[name], {}))
    momentum = 0.9 if schedule == "one_cycle" else None

    def made(device):
        parameters = [nn.Parameter(torch.ones(3, 2, device=device)), nn.Parameter(torch.ones(4, device=device))]
        optimizer = spec.build(parameters)
        if momentum is not None:
            spec.set_momentum(optimizer.param_groups[0], momentum)
        return parameters, optimizer

    def trained(device):
        parameters, optimizer = made(device)
        for one in parameters:
            one.grad = torch.ones_like(one)
        optimizer.step()
        return parameters, optimizer

    try:
        parameters, expected = trained("meta")
    except RuntimeError:
        pytest.skip("its fused form needs a device that computes")
    _, there = trained("cpu")
    _, resumed = made("meta")
    entries = entries_of(spec, momentum, torch.device("meta"))
    saved = there.state_dict()
    assert entries.misfit(saved, parameters, partly=False) is None
    entries.load(resumed, saved)
    places = [
        [{key: (v.device, v.dtype, v.shape) for key, v in state.items()} for state in one.state.values()]
        for one in (resumed, expected)
    ]
    assert places[0] == places[1]


def test_a_run_on_another_device_says_so(spirals, tmp_path):
    stopped(fresh(spirals, "adam", "constant", tmp_path), 3)
    state = checkpoint.load(tmp_path / "last.pt")
    checkpoint.save(tmp_path / "last.pt", {**state, "device": "cuda:0"})
    resumed = fresh(spirals, "adam", "constant")
    resumed.restore(tmp_path / "last.pt")
    told = [event.text for event in resumed.run(Control()) if isinstance(event, LogEmitted)]
    assert told[0].startswith("was trained on cuda:0, now on cpu")


CALLBACKS = [{"type": "early_stopping", "patience": 50, "restore_best": True}, "checkpoint", "tensorboard"]


@pytest.fixture(scope="module")
def saved(spirals, tmp_path_factory):
    """The state of a real training in the middle of an epoch, with everything that a checkpoint can hold."""
    directory = tmp_path_factory.mktemp("saved") / "checkpoints"
    directory.mkdir()
    stopped(rich(spirals, directory), 5)
    return checkpoint.load(directory / "last.pt")


def rich(spirals, directory=None):
    experiment = spirals(**TINY, optimizer="adam", schedule={"type": "performance"}, callbacks=CALLBACKS)
    return Trainer(prepare(experiment, "cpu"), directory)


def places(value, path=()):
    """Every place in the structure of a state."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


REMOVED = object()
ODD = st.one_of(
    st.just(REMOVED),
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(
        [10**400, -(10**400), float("nan"), float("inf"), -1.0, "", "x", b"", [], {}, [1], {"a": 1}, {0: {}}]
    ),
    st.sampled_from([(), (0,), (2, 2), (5056,)]).map(torch.zeros),
    st.just(torch.tensor(float("nan"))),
    st.just(torch.zeros(5056, dtype=torch.uint8)),
)


def mutated(state, path, odd):
    """A copy with something else at a place, or without it."""
    changed = dict(state) if len(path) == 1 else copy.deepcopy({k: v for k, v in state.items() if k == path[0]})
    if len(path) > 1:
        changed = {**state, **changed}
    where = changed
    for key in path[:-1]:
        where = where[key]
    if isinstance(where, tuple):
        return None
    if odd is REMOVED:
        del where[path[-1]]
    else:
        where[path[-1]] = odd
    return changed


def outcome(spirals, state, directory):
    """What comes of a checkpoint: refused in a sentence before it is begun, or trained to the end."""
    (directory / "last.pt").unlink(missing_ok=True)
    checkpoint.save(directory / "last.pt", {key: value for key, value in state.items() if key != "format"})
    trainer = rich(spirals)
    try:
        trainer.restore(directory / "last.pt")
    except Refused as refused:
        sentence = str(refused)
        assert "last.pt: " in sentence and "\n" not in sentence and len(sentence) < 1000
        return "refused"
    *_, finished = trainer.run(Control())
    assert isinstance(finished, RunFinished) and finished.status == "finished"
    assert finished.step == STEPS
    return "trained"


def test_the_whole_state_is_gone_on_from(spirals, saved, tmp_path):
    assert outcome(spirals, saved, tmp_path) == "trained"


STRUCTURAL = {
    "no model": (("model",), REMOVED),
    "no optimizer": (("optimizer",), REMOVED),
    "no sums": (("sums",), REMOVED),
    "no rng": (("rng",), REMOVED),
    "no threads": (("threads",), REMOVED),
    "no device": (("device",), REMOVED),
    "no callbacks": (("callbacks",), REMOVED),
    "too few callbacks": (("callbacks",), []),
    "another callback's state": (("callbacks", 0), {"value": 1.0}),
    "negative step": (("step",), -1),
    "fractional step": (("step",), 5.5),
    "step beyond the end": (("step",), 10**9),
    "huge step": (("step",), 10**400),
    "sums of another step": (("step",), 6),
    "nan in sums": (("sums", "loss"), float("nan")),
    "text in sums": (("sums", "scores"), ["x"]),
    "elapsed of nan": (("elapsed",), float("nan")),
    "elapsed of text": (("elapsed",), "long"),
    "hand of 0": (("rates", "manual_factor"), 0.0),
    "hand of nan": (("rates", "manual_factor"), float("nan")),
    "no reduction": (("rates", "reduction"), None),
    "generator of wrong size": (("rng", "cpu"), torch.zeros(7, dtype=torch.uint8)),
    "generator of floats": (("rng", "cpu"), torch.zeros(5056)),
    "kept weights of another shape": (("kept", 0, "weights", "0.weight"), torch.zeros(9)),
    "kept at a later step": (("kept", 0, "step"), 7),
    "weights of nan": (("model", "0.weight"), torch.full((2, 2), float("nan"))),
    "weights of another type": (("model", "0.weight"), torch.zeros((2, 2), dtype=torch.float64)),
    "moment of another shape": (("optimizer", "state", 0, "exp_avg"), torch.zeros(1)),
    "moment that is text": (("optimizer", "state", 0, "exp_avg"), "x"),
    "optimizer's step of nan": (("optimizer", "state", 2, "step"), torch.tensor(float("nan"))),
    "no state of one parameter": (("optimizer", "state", 0), REMOVED),
    "state of no parameter": (("optimizer", "state", 99), {}),
    "over that is a number": (("over",), 3),
}


@pytest.mark.parametrize("what", STRUCTURAL)
def test_a_wrong_structure_is_refused_before_it_is_begun(spirals, saved, tmp_path, what):
    path, odd = STRUCTURAL[what]
    assert outcome(spirals, mutated(saved, path, odd), tmp_path) == "refused"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_whatever_a_checkpoint_holds_it_is_refused_or_trained_on(spirals, saved, tmp_path, data):
    path = data.draw(st.sampled_from(list(places(saved))))
    changed = mutated(saved, path, data.draw(ODD))
    if changed is not None:
        outcome(spirals, changed, tmp_path)
