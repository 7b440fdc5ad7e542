"""The contract of every schedule: its formula at every step, torch's trajectory where it has one, and its TOML."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler as torch_schedules

from tuitrain.experiment.document import to_document
from tuitrain.optim.cycles import Cyclic, OneCycle
from tuitrain.optim.performance import Performance
from tuitrain.optim.schedule_base import Schedule
from tuitrain.optim.schedules import (
    ConstantRate,
    Cosine,
    Exponential,
    PiecewiseConstant,
    Power,
    StepDecay,
)
from tuitrain.spec import Invalid, members, parse, summary

PER_EPOCH, TOTAL, LR = 7, 70, 0.3
ALL = members(Schedule)
Formula = Callable[[int], float]


def straight(begin: tuple[float, float], end: tuple[float, float], t: float) -> float:
    return begin[1] + (end[1] - begin[1]) * (t - begin[0]) / (end[0] - begin[0])


def one_cycle(t: int) -> float:
    """The defaults over 70 steps: up in 0.45 · 70 - 1 = 30.5 steps, down in as many, and 8 steps to the end."""
    low, top = LR / 10, LR
    if t <= 30:
        return straight((0, low), (30.5, top), t)
    if t <= 61:
        return straight((30.5, top), (61, low), t)
    return straight((61, low), (69, low / 1000), t)


FORMULAS: dict[str, list[tuple[Schedule, Formula]]] = {
    "constant": [(ConstantRate(), lambda t: LR)],
    "power": [
        (Power(), lambda t: LR / (1 + t / 10_000)),
        (Power(unit="epoch", s=3, c=0.5), lambda t: LR / math.sqrt(1 + (t // PER_EPOCH) / 3)),
    ],
    "exponential": [
        (Exponential(), lambda t: LR * 0.1 ** ((t // PER_EPOCH) / 20)),
        (Exponential(unit="step", decay=0.25, over=50), lambda t: LR * math.exp(t / 50 * math.log(0.25))),
    ],
    "step": [
        (StepDecay(), lambda t: LR),
        (StepDecay(unit="step", step_size=20, gamma=0.5), lambda t: LR * [1, 0.5, 0.25, 0.125][t // 20]),
        (StepDecay(step_size=4, gamma=0.2), lambda t: LR * [1, 0.2, 0.04][t // (4 * PER_EPOCH)]),
    ],
    "piecewise_constant": [
        (PiecewiseConstant(), lambda t: LR if t // PER_EPOCH < 5 else LR / 10),
        (PiecewiseConstant(boundaries=(1, 3, 7)), lambda t: LR / 10 ** sum(t // PER_EPOCH >= at for at in (1, 3, 7))),
        (PiecewiseConstant(values=(0.01, 0.005, 0.001)), lambda t: 0.01 if t // PER_EPOCH < 5 else 0.005),
        (
            PiecewiseConstant(unit="step", boundaries=(1, 40), values=(0.5, 2.0, 0.25)),
            lambda t: 0.5 if t == 0 else 2.0 if t < 40 else 0.25,
        ),
    ],
    "cosine": [
        (Cosine(), lambda t: LR * (1 + math.cos(math.pi * t / TOTAL)) / 2),
        (Cosine(unit="epoch"), lambda t: LR * (1 + math.cos(math.pi * (t // PER_EPOCH) / 10)) / 2),
        (
            Cosine(over=30, min_lr=0.1),
            lambda t: 0.1 + 0.2 * (1 + math.cos(math.pi * t / 30)) / 2 if t < 30 else 0.1,
        ),
    ],
    "one_cycle": [(OneCycle(), one_cycle), (OneCycle(max_lr=0.01), lambda t: one_cycle(t) * 0.01 / LR)],
    "cyclic": [
        (Cyclic(), lambda t: LR + 3 * LR * t / 2000),
        (Cyclic(max_lr=1.0), lambda t: LR + 0.7 * t / 2000),
        (
            Cyclic(max_lr=1.0, unit="epoch", step_size=4),
            lambda t: LR + 0.7 * [0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25][t // PER_EPOCH % 8],
        ),
    ],
    "performance": [(Performance(), lambda t: LR)],
}
CASES = [case for cases in FORMULAS.values() for case in cases]
every_case = pytest.mark.parametrize(
    ("schedule", "formula"), CASES, ids=[f"{summary(one)}-{index}" for index, (one, _) in enumerate(CASES)]
)


def rates(schedule: Schedule, total: int = TOTAL) -> list[float]:
    return [schedule.rate(LR, step, PER_EPOCH, total) for step in range(total)]


def test_every_schedule_has_a_formula_here() -> None:
    assert FORMULAS.keys() == ALL.keys()
    assert all(type(schedule) is ALL[name] for name, cases in FORMULAS.items() for schedule, _ in cases)


@every_case
def test_the_rate_follows_the_formula(schedule: Schedule, formula: Formula) -> None:
    assert rates(schedule) == pytest.approx([formula(step) for step in range(TOTAL)], rel=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_the_document_makes_the_same_schedule(name: str) -> None:
    schedule = ALL[name]()
    assert parse(ALL[name], to_document(schedule, complete=True)) == schedule


TorchSchedule = Callable[[torch.optim.Optimizer], torch_schedules.LRScheduler]
TORCH: list[tuple[Schedule, TorchSchedule]] = [
    (StepDecay(unit="step", step_size=11, gamma=0.3), lambda sgd: torch_schedules.StepLR(sgd, 11, gamma=0.3)),
    (Exponential(unit="step", decay=0.9, over=1), lambda sgd: torch_schedules.ExponentialLR(sgd, 0.9)),
    (
        PiecewiseConstant(unit="step", boundaries=(5, 50), values=(LR, LR / 2, LR / 4)),
        lambda sgd: torch_schedules.MultiStepLR(sgd, [5, 50], gamma=0.5),
    ),
    (Cosine(min_lr=0.02), lambda sgd: torch_schedules.CosineAnnealingLR(sgd, TOTAL, eta_min=0.02)),
    (
        OneCycle(max_lr=0.7, pct_start=0.3, div_factor=25, final_div_factor=10),
        lambda sgd: torch_schedules.OneCycleLR(
            sgd,
            0.7,
            total_steps=TOTAL,
            pct_start=0.3,
            div_factor=25,
            final_div_factor=10,
            anneal_strategy="linear",
            three_phase=True,
        ),
    ),
    (
        Cyclic(max_lr=2.0, step_size=9),
        lambda sgd: torch_schedules.CyclicLR(sgd, LR, 2.0, step_size_up=9, cycle_momentum=False),
    ),
    (
        ConstantRate(warmup=20),
        lambda sgd: torch_schedules.LinearLR(sgd, start_factor=1 / 20, total_iters=19),
    ),
]


@pytest.mark.parametrize(("schedule", "make"), TORCH, ids=[summary(one) for one, _ in TORCH])
def test_the_rates_and_momenta_are_those_of_torch(schedule: Schedule, make: TorchSchedule) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR, momentum=0.5)
    theirs = make(optimizer)
    (group,) = optimizer.param_groups
    for step in range(TOTAL):
        assert schedule.rate(LR, step, PER_EPOCH, TOTAL) == pytest.approx(group["lr"], rel=1e-10)
        momentum = schedule.momentum(step, PER_EPOCH, TOTAL)
        assert (0.5 if momentum is None else momentum) == pytest.approx(group["momentum"], rel=1e-10)
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of its own use of a deprecated argument
            if step < TOTAL - 1:
                theirs.step()


def test_one_cycle_leaves_the_momentum_alone_when_told_to() -> None:
    assert OneCycle(cycle_momentum=False).momentum(3, PER_EPOCH, TOTAL) is None


MAX_LR = st.floats(1e-9, 1000) | st.just("auto")
DOCUMENTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "power": st.fixed_dictionaries({"s": st.floats(1, 1e9), "c": st.floats(1e-3, 10)}),
    "exponential": st.fixed_dictionaries({"decay": st.floats(1e-9, 1), "over": st.floats(1e-9, 1e9)}),
    "step": st.fixed_dictionaries({"gamma": st.floats(1e-9, 1), "step_size": st.integers(1, 10**9)}),
    "cosine": st.fixed_dictionaries({"min_lr": st.floats(0, 1000), "over": st.integers(1, 10**6) | st.just("end")}),
    "piecewise_constant": st.fixed_dictionaries(
        {"boundaries": st.lists(st.integers(1, 10**6), min_size=1, max_size=400, unique=True).map(sorted)}
    ),
    "one_cycle": st.fixed_dictionaries(
        {
            "max_lr": MAX_LR,
            "pct_start": st.floats(1e-6, 0.5),
            "div_factor": st.floats(1, 1e6),
            "final_div_factor": st.floats(1, 1e9),
        }
    ),
    "cyclic": st.fixed_dictionaries({"max_lr": MAX_LR, "step_size": st.integers(1, 10**9)}),
}


@given(st.data())
def test_a_rate_is_finite_and_never_negative(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(ALL)))
    document = data.draw(DOCUMENTS.get(name, st.just({})))
    if "unit" in ALL[name].model_fields:
        document["unit"] = data.draw(st.sampled_from(["step", "epoch"]))
    schedule = parse(ALL[name], {**document, "warmup": data.draw(st.integers(0, 1000))})
    assert isinstance(schedule, Schedule)
    total = data.draw(st.integers(1, 10**9))
    per_epoch = data.draw(st.integers(1, total))
    step = data.draw(st.integers(0, total - 1))
    lr0 = data.draw(st.floats(1e-9, 1000))
    rate = schedule.rate(lr0, step, per_epoch, total)
    assert 0 <= rate <= 1000 * (1 + 1e-9)
    momentum = schedule.momentum(step, per_epoch, total)
    assert momentum is None or 0 <= momentum < 1
    settled = schedule.settled(lr0)
    assert settled.rate(lr0, step, per_epoch, total) == rate
    assert parse(ALL[name], to_document(settled, complete=True)) == settled
    assert "auto" not in to_document(settled, complete=True).values()


@pytest.mark.parametrize("name", ALL)
def test_warmup_brings_the_rate_up_in_equal_parts(name: str) -> None:
    plain, warm = ALL[name](), ALL[name].model_validate({"warmup": 10})
    assert isinstance(plain, Schedule) and isinstance(warm, Schedule)
    ratios = [ours / theirs for ours, theirs in zip(rates(warm), rates(plain), strict=True)]
    assert ratios == pytest.approx([min(1.0, (step + 1) / 10) for step in range(TOTAL)], rel=1e-12)
    assert rates(warm)[9:] == rates(plain)[9:]


def test_one_cycle_of_a_training_too_short_for_it_ends_low() -> None:
    assert rates(OneCycle(), total=2) == pytest.approx([LR / 10, LR / 10_000])
    assert rates(OneCycle(), total=1) == pytest.approx([LR / 10])


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"boundaries": [5, 5], "values": [1, 2, 3]}, "boundaries: must rise, but 5 follows 5"),
        ({"boundaries": [5, 9], "values": [1, 2]}, "values: needs one value more than boundaries: 3 for 2, got 2"),
        (
            {"boundaries": [5], "values": [1, 2, 3]},
            "values: needs one value more than boundaries: 2 for 1, got 3",
        ),
        ({"boundaries": [0, 9]}, r"boundaries\[0\]: must be at least 1, got 0"),
        ({"boundaries": []}, "boundaries: needs at least 1"),
        ({"values": [1, 2, 0.0]}, r"values\[2\]: must be greater than 0, got 0.0"),
    ],
)
def test_boundaries_and_values_that_do_not_fit_are_refused(document: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Invalid, match=f"^{sentence}$"):
        parse(PiecewiseConstant, document)


def test_the_least_momentum_is_not_above_the_greatest() -> None:
    with pytest.raises(Invalid, match=r"^min_momentum: must be at most max_momentum, 0.5, got 0.85$"):
        parse(OneCycle, {"max_momentum": 0.5})


@pytest.mark.parametrize("name", ALL)
def test_only_a_schedule_that_follows_the_training_says_that_its_preview_cannot_tell(name: str) -> None:
    schedule = ALL[name]()
    assert isinstance(schedule, Schedule)
    follows = schedule.build() is not None
    assert (schedule.preview_note is not None, schedule.monitors() is not None) == (follows, follows)


@every_case
def test_a_schedule_says_whether_the_rate_of_the_optimizer_plays_a_part(schedule: Schedule, formula: Formula) -> None:
    one, other = ([schedule.rate(lr, step, PER_EPOCH, TOTAL) for step in range(TOTAL)] for lr in (0.01, 0.02))
    assert (one != other) is schedule.uses_lr0


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("lr", [1e-4, 0.3, 900.0])
def test_no_default_of_a_schedule_is_above_a_few_times_the_rate_of_the_optimizer(name: str, lr: float) -> None:
    schedule = ALL[name]()
    assert isinstance(schedule, Schedule)
    planned = [schedule.rate(lr, step, PER_EPOCH, TOTAL) for step in range(TOTAL)]
    assert schedule.problems(lr) == ()
    assert lr / 10 <= max(planned) <= 4 * lr


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (OneCycle(), ("one_cycle", "from lr: max_lr=0.001")),
        (OneCycle(max_lr=0.05), ("one_cycle max_lr=0.05",)),
        (OneCycle(pct_start=0.3), ("one_cycle pct_start=0.3", "from lr: max_lr=0.001")),
        (Cyclic(step_size=500), ("cyclic step_size=500", "from lr: max_lr=0.004")),
        (PiecewiseConstant(), ("piecewise_constant", "from lr: values=0.001,0.0001,1e-05")),
        (PiecewiseConstant(boundaries=(3,), values=(0.2, 0.1)), ("piecewise_constant boundaries=3 values=0.2,0.1",)),
        (Exponential(over=5), ("exponential over=5",)),
        (ConstantRate(), ("constant",)),
    ],
    ids=summary,
)
def test_a_schedule_says_which_rates_follow_from_that_of_the_optimizer(
    schedule: Schedule, words: tuple[str, ...]
) -> None:
    assert schedule.in_words(0.001) == words


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        (Cyclic(max_lr=0.05), "max_lr: 0.05 is below the rate that the schedule begins with, 0.1; at least that"),
        (Cosine(min_lr=0.2), "min_lr: 0.2 is above the rate that the schedule begins with, 0.1; at most that"),
        (Performance(min_lr=0.2), "min_lr: 0.2 is above the rate that the schedule begins with, 0.1; at most that"),
    ],
    ids=summary,
)
def test_bounds_on_the_wrong_side_of_the_first_rate(schedule: Schedule, problem: str) -> None:
    assert [str(one) for one in schedule.problems(0.1)] == [problem]


@pytest.mark.parametrize(
    "schedule", [Cyclic(), Cyclic(max_lr=0.1), Cosine(min_lr=0.1), Performance(min_lr=0.1), OneCycle()], ids=summary
)
def test_bounds_that_just_fit(schedule: Schedule) -> None:
    assert schedule.problems(0.1) == ()
