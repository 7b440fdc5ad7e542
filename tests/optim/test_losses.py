"""The contract of every loss: its formula in float64, its outputs and targets, its predictions."""

import pytest
import torch

from tuitrain.optim.losses import BinaryCrossEntropy, CrossEntropy, Loss, LossSpec, Mse
from tuitrain.spec import members

LABELS = torch.tensor([0, 2, 1, 2, 0])
Z = torch.tensor([[1.0, -2, 0.5], [0, 3, -1], [2, 2, 2], [-4, 0, 1], [0.1, 0.2, 0.3]], dtype=torch.float64)
ONE_HOT = torch.eye(3, dtype=torch.float64)[LABELS]


def bce(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    a = 1 / (1 + torch.exp(-z))
    return -(y * a.log() + (1 - y) * (1 - a).log())


EXPECTED = [
    (CrossEntropy(), -torch.log(Z.exp() / Z.exp().sum(1, keepdim=True))[range(5), LABELS].mean()),
    (BinaryCrossEntropy(), bce(Z, ONE_HOT).mean()),
    (BinaryCrossEntropy(over_outputs="sum"), bce(Z, ONE_HOT).sum(1).mean()),
    (Mse(), (Z - ONE_HOT).square().mean()),
]


def test_every_loss_has_a_formula_here() -> None:
    assert {loss.type for loss, _ in EXPECTED} == members(Loss).keys()


@pytest.mark.parametrize(("loss", "expected"), EXPECTED, ids=lambda value: str(value)[:40])
def test_the_loss_is_the_formula(loss: LossSpec, expected: torch.Tensor) -> None:
    targets = loss.targets(LABELS, 3)
    targets = targets.double() if targets.is_floating_point() else targets
    assert loss.outputs(3) == 3
    torch.testing.assert_close(loss.build()(Z, targets), expected, rtol=1e-12, atol=1e-12)
    assert loss.predictions(Z).tolist() == Z.argmax(1).tolist()


def test_two_classes_need_one_unit_under_binary_cross_entropy() -> None:
    loss, labels = BinaryCrossEntropy(), torch.tensor([0, 1, 1])
    z = torch.tensor([[-1.0], [2.0], [-0.5]], dtype=torch.float64)
    assert loss.outputs(2) == 1
    expected = bce(z.squeeze(1), labels.double()).mean()
    torch.testing.assert_close(loss.build()(z, loss.targets(labels, 2).double()), expected)
    assert loss.predictions(z).tolist() == [0, 1, 0]


def test_mse_without_classes_is_a_regression_on_one_unit() -> None:
    loss = Mse()
    assert loss.outputs(None) == 1
    assert loss.targets(torch.tensor([1.5, 2.0]), None).tolist() == [[1.5], [2.0]]
