"""The contract of every optimizer: twenty steps follow the update rule written out in float64."""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from tuitrain.experiment.document import to_document
from tuitrain.optim.optimizers import (
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Nadam,
    Optimizer,
    RmsProp,
    Sgd,
)
from tuitrain.spec import Invalid, members, parse

STEPS = 20
START = [1.0, -2.0, 0.5]
ALL = members(Optimizer)

Rule = Callable[[int, float, float], float]
"""(step from 1, weight, gradient) → the new weight; one for each weight, it remembers what it needs."""


def gradient(weight: float, index: int, step: int) -> float:
    return math.sin(step + index) + 0.3 * weight


def sgd(spec: Sgd) -> Rule:
    v = 0.0

    def update(t: int, w: float, g: float) -> float:
        nonlocal v
        g += spec.weight_decay * w
        v = spec.momentum * v + g
        return w - spec.lr * (g + spec.momentum * v if spec.nesterov else v)

    return update


def adagrad(spec: Adagrad) -> Rule:
    s = spec.initial_accumulator_value

    def update(t: int, w: float, g: float) -> float:
        nonlocal s
        s += g * g
        return w - spec.lr * g / (math.sqrt(s) + spec.epsilon)

    return update


def adadelta(spec: Adadelta) -> Rule:
    s, u = 0.0, 0.0

    def update(t: int, w: float, g: float) -> float:
        nonlocal s, u
        s = spec.rho * s + (1 - spec.rho) * g * g
        d = g * math.sqrt(u + spec.epsilon) / math.sqrt(s + spec.epsilon)
        u = spec.rho * u + (1 - spec.rho) * d * d
        return w - spec.lr * d

    return update


def rmsprop(spec: RmsProp) -> Rule:
    s, m, v = 0.0, 0.0, 0.0

    def update(t: int, w: float, g: float) -> float:
        nonlocal s, m, v
        s = spec.rho * s + (1 - spec.rho) * g * g
        m = spec.rho * m + (1 - spec.rho) * g
        v = spec.momentum * v + g / (math.sqrt(s - m * m if spec.centered else s) + spec.epsilon)
        return w - spec.lr * v

    return update


def adam(spec: Adam | AdamW, weight_decay: float = 0.0) -> Rule:
    m, v = 0.0, 0.0

    def update(t: int, w: float, g: float) -> float:
        nonlocal m, v
        w -= spec.lr * weight_decay * w
        m = spec.beta_1 * m + (1 - spec.beta_1) * g
        v = spec.beta_2 * v + (1 - spec.beta_2) * g * g
        m_hat, v_hat = m / (1 - spec.beta_1**t), v / (1 - spec.beta_2**t)
        return w - spec.lr * m_hat / (math.sqrt(v_hat) + spec.epsilon)

    return update


def adamw(spec: AdamW) -> Rule:
    return adam(spec, spec.weight_decay)


def adamax(spec: Adamax) -> Rule:
    m, u = 0.0, 0.0

    def update(t: int, w: float, g: float) -> float:
        nonlocal m, u
        m = spec.beta_1 * m + (1 - spec.beta_1) * g
        u = max(spec.beta_2 * u, abs(g) + spec.epsilon)
        return w - spec.lr * m / (1 - spec.beta_1**t) / u

    return update


def nadam(spec: Nadam) -> Rule:
    m, v, product = 0.0, 0.0, 1.0

    def mu(t: int) -> float:
        decay: float = 0.96 ** (0.004 * t)
        return spec.beta_1 * (1 - 0.5 * decay)

    def update(t: int, w: float, g: float) -> float:
        nonlocal m, v, product
        product *= mu(t)
        m = spec.beta_1 * m + (1 - spec.beta_1) * g
        v = spec.beta_2 * v + (1 - spec.beta_2) * g * g
        ahead = mu(t + 1) * m / (1 - product * mu(t + 1)) + (1 - mu(t)) * g / (1 - product)
        return w - spec.lr * ahead / (math.sqrt(v / (1 - spec.beta_2**t)) + spec.epsilon)

    return update


RULES: dict[str, tuple[Callable[[Any], Rule], list[Optimizer]]] = {
    "sgd": (
        sgd,
        [
            Sgd(),
            Sgd(momentum=0.9),
            Sgd(momentum=0.9, nesterov=True),
            Sgd(lr=0.1, momentum=0.5, nesterov=True, weight_decay=0.2),
        ],
    ),
    "adagrad": (adagrad, [Adagrad(), Adagrad(lr=0.5, initial_accumulator_value=0.0, epsilon=0.01)]),
    "adadelta": (adadelta, [Adadelta(), Adadelta(lr=1.0, rho=0.7, epsilon=1e-3)]),
    "rmsprop": (
        rmsprop,
        [RmsProp(), RmsProp(lr=0.1, rho=0.5, momentum=0.9, epsilon=0.01), RmsProp(centered=True, epsilon=0.1)],
    ),
    "adam": (adam, [Adam(), Adam(lr=0.1, beta_1=0.5, beta_2=0.9, epsilon=0.01)]),
    "adamax": (adamax, [Adamax(), Adamax(lr=0.1, beta_1=0.5, beta_2=0.6, epsilon=0.01)]),
    "nadam": (nadam, [Nadam(), Nadam(lr=0.1, beta_1=0.5, beta_2=0.9, epsilon=0.01)]),
    "adamw": (adamw, [AdamW(), AdamW(lr=0.1, beta_1=0.5, beta_2=0.9, epsilon=0.01, weight_decay=0.5)]),
}
CASES = [(spec, rule) for rule, specs in RULES.values() for spec in specs]


@pytest.fixture
def _double() -> Iterator[None]:
    """torch keeps the numbers that belong to no weight (nadam's M) in the default type."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def test_every_optimizer_has_a_rule_here() -> None:
    assert RULES.keys() == ALL.keys()
    assert all(type(spec) is ALL[name] for name, (_, specs) in RULES.items() for spec in specs)


def followed(spec: Optimizer, rule: Callable[[Any], Rule]) -> list[list[float]]:
    """The weights after each step, as the rule has it."""
    weights, updates, path = list(START), [rule(spec) for _ in START], []
    for t in range(1, STEPS + 1):
        weights = [update(t, w, gradient(w, i, t)) for i, (w, update) in enumerate(zip(weights, updates, strict=True))]
        path.append(weights)
    return path


def trained(spec: Optimizer) -> list[list[float]]:
    """The weights after each step, as torch has it; one of them is a parameter of its own."""
    parameters = [torch.nn.Parameter(torch.tensor(part, dtype=torch.float64)) for part in (START[:2], START[2:])]
    optimizer, path = spec.build(parameters), []
    for t in range(1, STEPS + 1):
        weights = [w for parameter in parameters for w in parameter.tolist()]
        gradients = torch.tensor([gradient(w, i, t) for i, w in enumerate(weights)], dtype=torch.float64)
        parameters[0].grad, parameters[1].grad = gradients[:2].clone(), gradients[2:].clone()
        optimizer.step()
        path.append([w for parameter in parameters for w in parameter.tolist()])
    return path


@pytest.mark.usefixtures("_double")
@pytest.mark.parametrize(("spec", "rule"), CASES, ids=[str(spec) for spec, _ in CASES])
def test_the_weights_follow_the_rule(spec: Optimizer, rule: Callable[[Any], Rule]) -> None:
    for weights, expected in zip(trained(spec), followed(spec, rule), strict=True):
        assert weights == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", ALL)
def test_the_document_makes_the_same_optimizer(name: str) -> None:
    spec = ALL[name]()
    assert parse(type(spec), to_document(spec, complete=True)) == spec


@pytest.mark.parametrize("name", ALL)
def test_an_optimizer_goes_on_from_its_state(name: str) -> None:
    spec = ALL[name]()
    assert isinstance(spec, Optimizer)
    weights = torch.nn.Parameter(torch.tensor(START))
    optimizer = spec.build([weights])
    for t in range(3):
        weights.grad = torch.tensor([gradient(w, i, t) for i, w in enumerate(weights.tolist())])
        optimizer.step()
    other = torch.nn.Parameter(weights.detach().clone())
    resumed = spec.build([other])
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    weights.grad = other.grad = torch.tensor([1.0, 0.5, -2.0])
    optimizer.step()
    resumed.step()
    assert torch.equal(weights, other)


@pytest.mark.parametrize("name", ALL)
def test_the_momentum_of_a_group_is_the_one_that_steps_are_made_with(name: str) -> None:
    """Set to another value before the first step, it trains like an optimizer that was built with that value."""
    spec = ALL[name]()
    assert isinstance(spec, Optimizer)
    field = {"momentum": "momentum", "betas": "beta_1", None: None}[spec.momentum_entry]
    expected = ALL[name].model_validate({field: 0.6} if field else {})
    assert isinstance(expected, Optimizer)
    paths = []
    for one, momentum in ((spec, 0.6), (expected, None)):
        weights = torch.nn.Parameter(torch.tensor(START))
        optimizer = one.build([weights])
        for group in optimizer.param_groups:
            if momentum is not None:
                one.set_momentum(group, momentum)
        for t in range(3):
            weights.grad = torch.tensor([gradient(w, i, t) for i, w in enumerate(weights.tolist())])
            optimizer.step()
        paths.append(weights.tolist())
    assert paths[0] == paths[1]
    assert field or name in ("adagrad", "adadelta")


def test_nesterov_needs_momentum() -> None:
    with pytest.raises(Invalid, match="nesterov: needs a momentum greater than 0"):
        parse(Sgd, {"nesterov": True})
