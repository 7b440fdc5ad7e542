"""Performance scheduling: the rates of torch's ReduceLROnPlateau, evaluation by evaluation."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim.lr_scheduler import ReduceLROnPlateau

from tuitrain.optim.performance import Performance
from tuitrain.optim.schedule_base import Reduction

LR = 0.4
figures = st.lists(st.floats(0, 4, width=16), max_size=60)


def after_evaluation(reduction: Reduction, figures: dict[str, float], planned: float = 1.0) -> float:
    """The rate that becomes of the planned one after an evaluation."""
    reduction.evaluate(figures)
    return reduction.rate(planned)


@given(
    figures,
    st.sampled_from(["validation.loss", "validation.accuracy"]),
    st.integers(1, 4),
    st.sampled_from([0.1, 0.5, 0.9]),
    st.sampled_from([0.0, 0.25]),
    st.sampled_from([0.0, 0.07, 1.0]),
)
def test_the_rates_are_those_of_torch(
    values: list[float], monitor: str, patience: int, factor: float, min_delta: float, min_lr: float
) -> None:
    spec = Performance.model_validate(
        {"monitor": monitor, "patience": patience, "factor": factor, "min_delta": min_delta, "min_lr": min_lr}
    )
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    theirs = ReduceLROnPlateau(
        optimizer,
        mode="min" if monitor == "validation.loss" else "max",
        patience=patience - 1,
        factor=factor,
        threshold=min_delta,
        threshold_mode="abs",
        min_lr=min(min_lr, LR),  # torch would raise a rate that begins below
        eps=0.0,
    )
    ours = spec.build()
    for value in values:
        theirs.step(value)
        assert after_evaluation(ours, {monitor: value}, LR) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)


def test_evaluations_without_the_figure_do_not_count() -> None:
    reduction = Performance(patience=2, factor=0.5).build()
    after_evaluation(reduction, {"validation.loss": 1.0})
    assert [after_evaluation(reduction, {"train.loss": 9.0}) for _ in range(5)] == [1.0] * 5
    assert [after_evaluation(reduction, {"validation.loss": 1.0, "train.loss": 0.0}) for _ in range(4)] == [
        1.0,
        0.5,
        0.5,
        0.25,
    ]


def test_a_figure_that_is_not_finite_is_no_improvement() -> None:
    reduction = Performance(patience=1, factor=0.5).build()
    assert after_evaluation(reduction, {"validation.loss": 1.0}) == 1.0
    assert after_evaluation(reduction, {"validation.loss": float("nan")}) == 0.5
    assert after_evaluation(reduction, {"validation.loss": float("-inf")}) == 0.25


@given(figures, figures)
def test_it_goes_on_from_its_state(before: list[float], after: list[float]) -> None:
    spec = Performance(patience=2, factor=0.5)
    first, second = spec.build(), spec.build()
    for value in before:
        after_evaluation(first, {"validation.loss": value})
    second.load_state_dict(first.state_dict())
    assert [after_evaluation(first, {"validation.loss": v}) for v in after] == [
        after_evaluation(second, {"validation.loss": v}) for v in after
    ]


def test_the_least_rate_is_one_whatever_is_planned() -> None:
    reduction = Performance(patience=1, factor=0.1, min_lr=0.01).build()
    for _ in range(4):
        reduction.evaluate({"validation.loss": 1.0})
    assert [reduction.rate(planned) for planned in (1.0, 0.02, 0.005)] == [0.01, 0.01, 0.005]
