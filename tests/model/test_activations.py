"""The contract of every activation: its formula in float64, its range, its TOML."""

from collections.abc import Callable

import pytest
import torch

from tuitrain.model.activations import Activation, ActivationSpec
from tuitrain.spec import members

FORMULAS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "linear": lambda z: z,
    "relu": lambda z: (z + z.abs()) / 2,
    "sigmoid": lambda z: 1 / (1 + torch.exp(-z)),
    "tanh": lambda z: (torch.exp(2 * z) - 1) / (torch.exp(2 * z) + 1),
}
Z = torch.linspace(-8, 8, 1001, dtype=torch.float64)
ALL = members(Activation)


def test_every_activation_has_a_formula_here() -> None:
    assert FORMULAS.keys() == ALL.keys()


@pytest.mark.parametrize("name", ALL)
def test_the_module_computes_the_formula(name: str) -> None:
    activation = ALL[name]()
    assert isinstance(activation, ActivationSpec)
    torch.testing.assert_close(activation.build((1001,))(Z), FORMULAS[name](Z), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_bounds_are_what_the_ends_approach(name: str) -> None:
    activation = ALL[name]()
    assert isinstance(activation, ActivationSpec)
    ends = activation.build((2,))(torch.tensor([-40.0, 40.0], dtype=torch.float64)).tolist()
    if activation.bounds is None:
        assert max(map(abs, ends)) == 40
    else:
        assert ends == pytest.approx(activation.bounds, abs=1e-9)
