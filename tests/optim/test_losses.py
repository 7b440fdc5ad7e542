"""The contract of every loss: its formula in float64, its outputs and targets, its predictions."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tuitrain.experiment.document import to_document
from tuitrain.optim.losses import BinaryCrossEntropy, CrossEntropy, Huber, Loss, Mae, Mse, Quadratic
from tuitrain.spec import Invalid, members, parse

LABELS = torch.tensor([0, 2, 1, 2, 0])
Z = torch.tensor([[1.0, -2, 0.5], [0, 3, -1], [2, 2, 2], [-4, 0, 1], [0.1, 0.2, 0.3]], dtype=torch.float64)
ONE_HOT = torch.eye(3, dtype=torch.float64)[LABELS]
VALUES = torch.tensor([1.5, -2.0, 0.25, 3.0, 0.0], dtype=torch.float64)
ALL: dict[str, type[Any]] = members(Loss)


def bce(z: Tensor, y: Tensor) -> Tensor:
    a = 1 / (1 + torch.exp(-z))
    return -(y * a.log() + (1 - y) * (1 - a).log())


def cross_entropy(z: Tensor, y: Tensor) -> Tensor:
    return -(y * torch.log(z.exp() / z.exp().sum(1, keepdim=True))).sum(1)


def huber(r: Tensor, delta: float) -> Tensor:
    return torch.where(r.abs() <= delta, r * r / 2, delta * (r.abs() - delta / 2))


EXPECTED: list[tuple[Loss, Tensor]] = [
    (CrossEntropy(), cross_entropy(Z, ONE_HOT).mean()),
    (CrossEntropy(label_smoothing=0.3), cross_entropy(Z, ONE_HOT * 0.7 + 0.1).mean()),
    (BinaryCrossEntropy(), bce(Z, ONE_HOT).mean()),
    (BinaryCrossEntropy(over_outputs="sum"), bce(Z, ONE_HOT).sum(1).mean()),
    (BinaryCrossEntropy(label_smoothing=0.25), bce(Z, ONE_HOT * 0.75 + 0.125).mean()),
    (Mse(), (Z - ONE_HOT).square().mean()),
    (Mae(), (Z - ONE_HOT).abs().mean()),
    (Huber(), huber(Z - ONE_HOT, 1.0).mean()),
    (Huber(delta=0.25), huber(Z - ONE_HOT, 0.25).mean()),
    (Quadratic(), (Z - ONE_HOT).square().sum(1).mean() / 2),
]
REGRESSION: list[tuple[Loss, Tensor]] = [
    (Mse(), (Z[:, 0] - VALUES).square().mean()),
    (Mae(), (Z[:, 0] - VALUES).abs().mean()),
    (Huber(delta=2.0), huber(Z[:, 0] - VALUES, 2.0).mean()),
    (Quadratic(), (Z[:, 0] - VALUES).square().mean() / 2),
]


def double(targets: Tensor) -> Tensor:
    return targets.double() if targets.is_floating_point() else targets


def test_every_loss_has_a_formula_here() -> None:
    assert {type(loss) for loss, _ in EXPECTED} == set(ALL.values())
    assert {type(loss) for loss, _ in REGRESSION} == {loss for loss in ALL.values() if not loss.needs_classes}


@pytest.mark.parametrize(("loss", "expected"), EXPECTED, ids=lambda value: str(value)[:60])
def test_the_loss_of_classes_is_the_formula(loss: Loss, expected: Tensor) -> None:
    targets = double(loss.targets(LABELS, 3))
    assert loss.outputs(3) == 3
    rounding = 1e-12 if loss.model_fields_set <= {"over_outputs", "delta"} else 1e-7  # smoothed targets are float32
    torch.testing.assert_close(loss.build()(Z, targets), expected, rtol=rounding, atol=rounding)
    assert loss.predictions(Z).tolist() == Z.argmax(1).tolist()


@pytest.mark.parametrize(("loss", "expected"), REGRESSION, ids=lambda value: str(value)[:60])
def test_the_loss_of_a_regression_is_the_formula_on_one_unit(loss: Loss, expected: Tensor) -> None:
    targets = loss.targets(VALUES.float(), None)
    assert loss.outputs(None) == 1 and targets.shape == (5, 1)
    torch.testing.assert_close(loss.build()(Z[:, :1], targets.double()), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("loss", [loss for loss, _ in EXPECTED], ids=lambda value: str(value)[:60])
def test_a_loss_is_a_mean_over_the_batch(loss: Loss) -> None:
    compute, targets = loss.build(), double(loss.targets(LABELS, 3))
    alone = [compute(Z[index : index + 1], targets[index : index + 1]) for index in range(len(Z))]
    torch.testing.assert_close(compute(Z, targets), torch.stack(alone).mean(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_the_document_makes_the_same_loss(name: str) -> None:
    loss = ALL[name]()
    assert parse(ALL[name], to_document(loss, complete=True)) == loss


def test_two_classes_need_one_unit_under_binary_cross_entropy() -> None:
    loss, labels = BinaryCrossEntropy(), torch.tensor([0, 1, 1])
    z = torch.tensor([[-1.0], [2.0], [-0.5]], dtype=torch.float64)
    assert loss.outputs(2) == 1
    expected = bce(z.squeeze(1), labels.double()).mean()
    torch.testing.assert_close(loss.build()(z, loss.targets(labels, 2).double()), expected)
    assert loss.predictions(z).tolist() == [0, 1, 0]


def test_two_classes_can_have_a_unit_each_under_binary_cross_entropy() -> None:
    loss, labels = BinaryCrossEntropy(units="per_class"), torch.tensor([0, 1, 1])
    z = torch.tensor([[-1.0, 0.5], [2.0, 3.0], [0.5, -0.5]], dtype=torch.float64)
    assert loss.outputs(2) == 2
    expected = bce(z, torch.eye(2, dtype=torch.float64)[labels]).mean()
    torch.testing.assert_close(loss.build()(z, loss.targets(labels, 2).double()), expected)
    assert loss.predictions(z).tolist() == [1, 1, 0]


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_labels_are_not_smoothed_away(name: str) -> None:
    with pytest.raises(Invalid, match="label_smoothing: must be less than 1, got 1"):
        parse(ALL[name], {"label_smoothing": 1.0})
