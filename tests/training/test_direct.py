"""A plain step by torch's kernels: bit for bit what torch's modules, backward pass and optimizers make of it."""

from typing import Any

import pytest
import torch
from torch import nn

from tuitrain.experiment.document import to_experiment
from tuitrain.model.activations import Activation
from tuitrain.model.base import Layer
from tuitrain.model.regularizers import Regularizer
from tuitrain.optim.clipping import Clipping
from tuitrain.optim.losses import Loss
from tuitrain.optim.optimizers import Optimizer
from tuitrain.runs.events import WindowCompleted
from tuitrain.spec import members
from tuitrain.training import direct, step
from tuitrain.training.control import Control
from tuitrain.training.direct import DirectCalls, TorchCalls, calls_of
from tuitrain.training.prepare import prepare
from tuitrain.training.trainer import Trainer

IMAGE, SEQUENCE = [1, 8, 8], [8, 8]
SEQUENCES = ("simple_rnn", "gru", "lstm")
OWN: dict[str, dict[str, Any]] = {
    "block": {"repeat": 2, "layers": [{"type": "dense", "units": 8, "activation": "relu"}, "batch_norm"]},
    "residual": {"layers": [{"type": "conv2d", "filters": 4, "stride": 2, "padding": "same"}, "batch_norm"]},
    "group_norm": {"groups": 1},
    "reshape": {"shape": [4, 4, 4]},
    "pretrained": {"size": 32, "backbone": "mobilenet_v3_small"},
}
DENSE = {"type": "dense", "units": 8, "activation": "relu", "init": "he_normal"}
DIGITS = {
    "epochs": 2,
    "batch_size": 20,
    "threads": 1,
    "observe": {"every": 3},
    "data": {"type": "digits", "limit": 90, "validation": {"size": 30, "take": "first"}},
    "model": {"layers": ["flatten", DENSE, "batch_norm", {"type": "dropout", "rate": 0.1}, DENSE]},
    "optimizer": {"type": "sgd", "lr": 0.1},
}
"""Five steps an epoch, the last of them on half a batch; every third is observed."""
CLIPPED = {"by_value": {"value": 0.01}, "by_norm": {"norm": 0.01}, "by_global_norm": {"norm": 0.01}}


def with_model(*layers: Any, **changes: Any) -> dict[str, Any]:
    return {**DIGITS, "model": {"layers": layers}, **changes}


def with_layer(name: str) -> dict[str, Any]:
    shape = {"dense": [64], "block": [64]}.get(name, SEQUENCE if name in SEQUENCES else IMAGE)
    return with_model({"type": "reshape", "shape": shape}, {"type": name, **OWN.get(name, {})}, "flatten", DENSE)


def optimized(**fields: Any) -> dict[str, Any]:
    return {**DIGITS, "optimizer": fields}


CASES: dict[str, dict[str, Any]] = {
    **{f"layer {name}": with_layer(name) for name in members(Layer)},
    "batch norm of an image": with_model(*({"type": "conv2d", "filters": 2}, "batch_norm", "flatten")),
    "batch norm of a sequence": with_model({"type": "reshape", "shape": SEQUENCE}, "batch_norm", "flatten"),
    **{f"activation {name}": with_model("flatten", {**DENSE, "activation": name}) for name in members(Activation)},
    **{f"optimizer {name}": optimized(type=name) for name in members(Optimizer)},
    "momentum": optimized(type="sgd", momentum=0.9),
    "nesterov": optimized(type="sgd", momentum=0.9, nesterov=True, weight_decay=0.01),
    **{f"loss {name}": {**DIGITS, "loss": {"type": name}} for name in members(Loss)},
    **{f"clipping {name}": {**DIGITS, "clipping": {"type": name, **CLIPPED[name]}} for name in members(Clipping)},
    **{f"regularizer {name}": with_model("flatten", {**DENSE, "regularizer": name}) for name in members(Regularizer)},
    "regularized recurrence": with_model({"type": "reshape", "shape": SEQUENCE}, {"type": "gru", "regularizer": "l2"}),
    "max norm": with_model("flatten", {**DENSE, "max_norm": 0.5}),
    **{
        f"frozen {optimizer}": {**optimized(type=optimizer, **more), "epochs": 3, "freeze": {"layers": 2, "epochs": 1}}
        for optimizer, more in {"sgd": {"momentum": 0.9}, "adam": {}, "adamw": {}, "rmsprop": {}}.items()
    },
    **{f"one_cycle {name}": {**optimized(type=name), "schedule": "one_cycle"} for name in ("sgd", "adam", "adamw")},
    "guarded": {**DIGITS, "callbacks": ["terminate_on_nan"]},
    "validated within epochs": {**DIGITS, "validate_every": 2},
    "one batch": {**DIGITS, "batch_size": "full", "epochs": 4},
}  # fmt: skip


def all_bits(trainer):
    """Everything that training changes, and the losses on the way."""
    windows = [event for event in trainer.run(Control()) if isinstance(event, WindowCompleted)]
    state = trainer.prepared.network.module.state_dict(keep_vars=True)
    optimizer = trainer._stepper.optimizer.state_dict()["state"]
    kept = {f"{number}.{name}": one for number, entries in optimizer.items() for name, one in entries.items()}
    losses = {f"loss of step {event.step}": event.loss.last for event in windows}
    return {**state, **kept, **losses}


@pytest.mark.parametrize("case", CASES)
def test_it_changes_no_bit(case, monkeypatch):
    monkeypatch.setattr("tuitrain.training.windows.SECONDS", 0.0)  # so that every step has a window of its own
    experiment = to_experiment(CASES[case])
    directly = Trainer(prepare(experiment, "cpu"))
    assert type(directly._stepper.calls) is DirectCalls
    ours = all_bits(directly)
    monkeypatch.setattr(step, "calls_of", lambda module, optimizer, *_: TorchCalls(module, optimizer))
    theirs = all_bits(Trainer(prepare(experiment, "cpu")))
    assert ours.keys() == theirs.keys() and sum(key.startswith("loss") for key in ours) >= 4
    for key, one in ours.items():
        assert torch.equal(torch.as_tensor(one), torch.as_tensor(theirs[key])), key


@pytest.mark.parametrize(("optimizer", "steps"), [("sgd", 0), ("adam", 1), ("adamw", 1), ("rmsprop", 10)])
def test_the_optimizer_steps_itself_only_where_its_kernel_cannot(optimizer, steps):
    trainer, seen = Trainer(prepare(to_experiment(optimized(type=optimizer)), "cpu")), []
    trainer._stepper.optimizer.register_step_pre_hook(lambda *_: seen.append(1))
    list(trainer.run(Control()))
    assert len(seen) == steps


class Without:
    """torch, but for one name."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, name):
        if name == self.name:
            raise AttributeError(f"module 'torch' has no attribute {name!r}")
        return getattr(torch, name)


@pytest.mark.parametrize(
    "changed",
    [
        {"torch": Without("_fused_sgd_")},
        {"torch": Without("autograd")},
        {"_sgd": lambda weights: None},
        {"_sgd": lambda group, weights, gradients: torch._foreach_add_(weights, gradients, alpha=-0.5)},
    ],
    ids=["kernel missing", "engine missing", "other arguments", "other arithmetic"],
)
def test_a_function_that_torch_has_changed_is_not_used(changed, monkeypatch, stepper_of):
    prepared = prepare(to_experiment(DIGITS), "cpu")
    assert type(stepper_of(prepared).calls) is DirectCalls
    for name, value in changed.items():
        monkeypatch.setattr(direct, name, value)
        monkeypatch.setitem(direct.KERNELS, torch.optim.SGD, (lambda group: (), direct._sgd))
    stepper = stepper_of(prepared)
    assert type(stepper.calls) is TorchCalls
    assert stepper.plain(prepared.train.first(20)).loss.isfinite()


def test_another_device_than_the_cpu_goes_torchs_own_way():
    module = nn.Sequential(nn.Linear(2, 2, device="meta"))
    build = to_experiment(DIGITS).optimizer.build
    calls = calls_of(module, torch.optim.SGD(module.parameters()), build, torch.device("meta"))
    assert type(calls) is TorchCalls


def test_a_trial_leaves_the_generator_as_it_is():
    before = torch.get_rng_state()
    assert direct.are_right(to_experiment(DIGITS).optimizer.build)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("register", ["register_forward_hook", "register_forward_pre_hook"])
def test_a_module_with_a_hook_is_called(register, stepper_of):
    prepared, seen = prepare(to_experiment(DIGITS), "cpu"), []
    getattr(prepared.network.module[1], register)(lambda *_: seen.append(1))
    stepper = stepper_of(prepared)
    stepper.train_mode()
    stepper.plain(prepared.train.first(20))
    assert len(seen) == 1
