"""The contract of every regularizer: its formula in float64, weights and no biases, its TOML."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from tuitrain.experiment.document import to_document
from tuitrain.model.dense import Dense
from tuitrain.model.regularizers import Regularizer
from tuitrain.spec import members

FORMULAS: dict[str, Callable[[list[float]], float]] = {
    "none": lambda w: 0.0,
    "l1": lambda w: 0.01 * sum(map(abs, w)),
    "l2": lambda w: 0.01 * sum(x * x for x in w),
    "l1_l2": lambda w: sum(0.01 * abs(x) + 0.01 * x * x for x in w),
}
ALL: dict[str, type[Any]] = members(Regularizer)


def test_every_regularizer_has_a_formula_here() -> None:
    assert FORMULAS.keys() == ALL.keys()


@pytest.mark.parametrize("name", ALL)
def test_a_layer_is_penalised_by_its_weights_and_not_by_its_biases(name: str) -> None:
    layer = Dense.model_validate({"units": 3, "regularizer": name, "bias_init": {"type": "normal", "std": 5.0}})
    modules = layer.build((4,))
    found = layer.regularized(modules)
    if name == "none":
        assert found is None
        return
    assert found is not None
    regularizer, weights = found
    assert regularizer == ALL[name]() and [id(one) for one in weights] == [id(modules[0].get_parameter("weight"))]


@pytest.mark.parametrize("name", ALL)
def test_a_penalty_is_that_of_all_weights_and_its_gradients_are_autograds(name: str) -> None:
    torch.manual_seed(0)
    weights = [torch.randn(shape, dtype=torch.float64) for shape in [(3, 4), (5,), (2, 3, 2, 2)]]
    weights[0][0, 0] = 0.0
    leaves = [one.clone().requires_grad_() for one in weights]
    regularizer = ALL[name]()
    penalty = regularizer.penalty(leaves)
    expected = FORMULAS[name](torch.cat([one.flatten() for one in weights]).tolist())
    assert penalty.item() == pytest.approx(expected, rel=1e-12)
    by_autograd = torch.autograd.grad(penalty, leaves) if expected else [torch.zeros_like(one) for one in weights]
    for ours, theirs in zip(regularizer.gradients(weights), by_autograd, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-14, atol=0)


@pytest.mark.parametrize("name", ALL)
def test_the_document_makes_the_same_regularizer(name: str) -> None:
    regularizer = ALL[name]()
    assert isinstance(regularizer, Regularizer)
    adapter: TypeAdapter[Regularizer] = TypeAdapter(Regularizer)
    assert adapter.validate_python(name) == regularizer
    assert adapter.validate_python(to_document(regularizer, complete=True)) == regularizer
