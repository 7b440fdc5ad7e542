"""The contract of every schedule: a rate at every step, equal to the formula, and the TOML comes back."""

from collections.abc import Callable

import pytest

from tuitrain.experiment.document import to_document
from tuitrain.optim.schedules import Exponential, Schedule, ScheduleSpec
from tuitrain.spec import members

PER_EPOCH, TOTAL, LR = 7, 70, 0.3
FORMULAS: dict[str, Callable[[int], float]] = {
    "constant": lambda step: LR,
    "exponential": lambda step: LR * 0.1 ** ((step // PER_EPOCH) / 20),
}
ALL = members(Schedule)


def test_every_schedule_has_a_formula_here() -> None:
    assert FORMULAS.keys() == ALL.keys()


@pytest.mark.parametrize("name", ALL)
def test_the_rate_follows_the_formula(name: str) -> None:
    schedule = ALL[name]()
    assert isinstance(schedule, ScheduleSpec)
    rates = [schedule.rate(LR, step, PER_EPOCH, TOTAL) for step in range(TOTAL)]
    assert rates == pytest.approx([FORMULAS[name](step) for step in range(TOTAL)], rel=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_the_document_makes_the_same_schedule(name: str) -> None:
    schedule = ALL[name]()
    assert ALL[name].model_validate(to_document(schedule, complete=True)) == schedule


def test_exponential_per_step_reaches_decay_after_that_many_steps() -> None:
    schedule = Exponential(unit="step", decay=0.25, over=50)
    assert schedule.rate(LR, 0, PER_EPOCH, TOTAL) == LR
    assert schedule.rate(LR, 50, PER_EPOCH, TOTAL) == pytest.approx(LR / 4, rel=1e-12)
    assert schedule.rate(LR, 25, PER_EPOCH, TOTAL) == pytest.approx(LR / 2, rel=1e-12)
