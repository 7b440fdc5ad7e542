"""The contract of every optimizer: twenty steps follow the update rule written out in float64."""

import math

import pytest
import torch

from tuitrain.experiment.document import to_document
from tuitrain.optim.optimizers import Adam, Optimizer, OptimizerSpec, Sgd
from tuitrain.spec import Invalid, members, parse

START = [1.0, -2.0, 0.5]


def gradient(w: list[float], step: int) -> list[float]:
    return [math.sin(step + index) + 0.3 * value for index, value in enumerate(w)]


def sgd(spec: Sgd) -> list[float]:
    w, v = list(START), [0.0] * 3
    for step in range(20):
        g = gradient(w, step)
        v = [spec.momentum * old + new for old, new in zip(v, g, strict=True)]
        move = [a + spec.momentum * b for a, b in zip(g, v, strict=True)] if spec.nesterov else v
        w = [a - spec.lr * b for a, b in zip(w, move, strict=True)]
    return w


def adam(spec: Adam) -> list[float]:
    w, m, v = list(START), [0.0] * 3, [0.0] * 3
    for step in range(20):
        g = gradient(w, step)
        m = [spec.beta_1 * a + (1 - spec.beta_1) * b for a, b in zip(m, g, strict=True)]
        v = [spec.beta_2 * a + (1 - spec.beta_2) * b * b for a, b in zip(v, g, strict=True)]
        for index in range(3):
            m_hat = m[index] / (1 - spec.beta_1 ** (step + 1))
            v_hat = v[index] / (1 - spec.beta_2 ** (step + 1))
            w[index] -= spec.lr * m_hat / (math.sqrt(v_hat) + spec.epsilon)
    return w


CASES: list[tuple[OptimizerSpec, list[float]]] = [
    *((spec, sgd(spec)) for spec in (Sgd(lr=0.1), Sgd(momentum=0.9), Sgd(momentum=0.9, nesterov=True))),
    *((spec, adam(spec)) for spec in (Adam(), Adam(lr=0.1, beta_1=0.5, beta_2=0.9, epsilon=0.01))),
]


def test_every_optimizer_has_a_rule_here() -> None:
    assert {type(spec) for spec, _ in CASES} == set(members(Optimizer).values())


@pytest.mark.parametrize(("spec", "expected"), CASES, ids=lambda value: str(value)[:60])
def test_the_weights_follow_the_rule(spec: OptimizerSpec, expected: list[float]) -> None:
    weights = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimizer = spec.build([weights])
    for step in range(20):
        weights.grad = torch.tensor(gradient(weights.tolist(), step), dtype=torch.float64)
        optimizer.step()
    assert weights.tolist() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", members(Optimizer))
def test_the_document_makes_the_same_optimizer(name: str) -> None:
    spec = members(Optimizer)[name]()
    assert parse(type(spec), to_document(spec, complete=True)) == spec


def test_nesterov_needs_momentum() -> None:
    with pytest.raises(Invalid, match="nesterov: needs a momentum greater than 0"):
        parse(Sgd, {"nesterov": True})
