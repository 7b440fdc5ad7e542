"""The contract of every callback, and what each of them does."""

import io
import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from tuitrain.experiment import toml
from tuitrain.experiment.document import to_document
from tuitrain.optim.callback_base import (
    Action,
    AverageWeights,
    Callback,
    CallbackContext,
    CallbackSpec,
    EndDiverged,
    Evaluation,
    KeepWeights,
    SaveWeights,
    StopTraining,
)
from tuitrain.optim.callbacks import Checkpoint, EarlyStopping, Swa, Tensorboard, TerminateOnNan
from tuitrain.optim.monitor import Monitor
from tuitrain.spec import Invalid, Spec, members, parse

from ..narrow import of_type

MEMBERS: dict[str, type[Any]] = members(CallbackSpec)
SPECS: list[CallbackSpec] = [
    *(member() for member in MEMBERS.values()),
    EarlyStopping(monitor="validation.accuracy", patience=2, min_delta=0.25, restore_best=True),
    Checkpoint(monitor="train.loss"),
    Checkpoint(save_best_only=False, every=3),
    Swa(start=2, every=3),
    Tensorboard(histogram_every=2),
    Tensorboard(histogram_every=0),
]
NOWHERE = CallbackContext(None)

NUMBERS = st.integers(-4, 4).map(lambda n: n / 4) | st.sampled_from([math.nan, math.inf])
FIGURES = st.dictionaries(
    st.sampled_from(["validation.loss", "validation.accuracy", "train.loss"]), NUMBERS, min_size=1
)


class Holder(Spec):
    callbacks: tuple[CallbackSpec, ...] = Field(strict=False)


def evaluations(figures: list[Mapping[str, float]], per_epoch: int = 2) -> list[Evaluation]:
    """Two evaluations an epoch of ten steps, the second at its end."""
    return [
        Evaluation(5 * count, count / per_epoch, one, count % per_epoch == 0)
        for count, one in enumerate(figures, start=1)
    ]


def over(values: list[float], name: str = "validation.loss") -> list[Evaluation]:
    return evaluations([{name: value} for value in values], per_epoch=1)


def actions(callback: Callback, seen: list[Evaluation]) -> list[list[Action]]:
    return [list(callback.after_evaluation(evaluation)) for evaluation in seen]


def live(callback: Callback, seen: list[Evaluation]) -> list[object]:
    """Everything that the trainer would ask it around these evaluations, and its answers."""
    answers: list[object] = []
    for evaluation in seen:
        answers.append(callback.wants_gradients(evaluation.step, evaluation.epoch))
        if answers[-1]:
            callback.take_gradients(evaluation.step, {"dense_1.weight": torch.ones(2, 2)})
        answers.append(callback.before_update(evaluation.step, torch.tensor(1.0)))
        callback.after_window(evaluation.step, {"train.loss": 1.0, "lr": 0.1})
        callback.after_observation(evaluation.step, {"gradient_norm": {"dense_1": 1.0}})
        answers.append(list(callback.after_evaluation(evaluation)))
    return answers


def stored(state: Mapping[str, Any]) -> Any:
    """A state as it comes back from a checkpoint."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_the_file_makes_the_same_callback(spec: CallbackSpec) -> None:
    holder = Holder(callbacks=(spec,))
    for complete in (False, True):
        text = toml.dumps(to_document(holder, complete=complete))
        assert parse(Holder, toml.loads(text, "here.toml")) == holder


@pytest.mark.parametrize("name", MEMBERS)
def test_a_bare_name_stands_for_the_defaults(name: str) -> None:
    assert parse(Holder, {"callbacks": [name]}).callbacks == (MEMBERS[name](),)


@pytest.mark.parametrize("name", MEMBERS)
def test_every_field_has_its_help(name: str) -> None:
    assert MEMBERS[name].__doc__
    assert all(field.description for key, field in MEMBERS[name].model_fields.items() if key != "type")


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_it_works_here_and_needs_a_figure_that_there_is(spec: CallbackSpec) -> None:
    spec.check()
    assert spec.monitors() in (None, *get_args(Monitor))


@pytest.mark.parametrize("spec", SPECS, ids=str)
@settings(max_examples=25)
@given(figures=st.lists(FIGURES, max_size=12), cut=st.integers(0, 12))
def test_a_resumed_callback_goes_on_as_if_never_interrupted(
    spec: CallbackSpec, figures: list[Mapping[str, float]], cut: int
) -> None:
    seen = evaluations(figures)
    with tempfile.TemporaryDirectory() as name:
        whole, before = (spec.build(CallbackContext(Path(name, run))) for run in ("whole", "resumed"))
        expected = [live(whole, [one]) for one in seen]
        live(before, seen[:cut])
        state = stored(before.state_dict())
        before.close()
        after = spec.build(CallbackContext(Path(name, "resumed"), resumed_at=5 * cut))
        after.load_state_dict(state)
        assert [live(after, [one]) for one in seen[cut:]] == expected[cut:]
        whole.close()
        after.close()


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_nothing_is_written_where_there_is_no_directory(
    spec: CallbackSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    callback = spec.build(NOWHERE)
    live(callback, over([1.0, 2.0]))
    callback.close()
    assert list(tmp_path.iterdir()) == []


def test_nothing_heavy_is_imported_before_building() -> None:
    program = """
import sys
from tuitrain.optim.callback_base import CallbackContext
from tuitrain.optim.callback_base import CallbackSpec
from tuitrain.spec import members
for member in members(CallbackSpec).values():
    spec = member()
    spec.check(), spec.monitors(), spec.build(CallbackContext(None)).after_evaluation
print(sorted({"torch", "tensorboard", "numpy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def keras(values: list[float], patience: int, min_delta: float) -> tuple[list[int], int | None]:
    """Keras's rule for a loss: where the best weights are taken, and after which value training ends."""
    best, wait, kept = math.inf, 0, []
    for index, value in enumerate(values):
        wait += 1
        if math.isfinite(value) and best - value > min_delta:
            best, wait = value, 0
            kept.append(index)
        elif wait >= patience:
            return kept, index
    return kept, None


@given(
    st.lists(NUMBERS, max_size=30), st.integers(0, 5), st.sampled_from([0.0, 0.25, 0.5]), st.sampled_from([1.0, -1.0])
)
def test_early_stopping_is_that_of_keras(values: list[float], patience: int, min_delta: float, sign: float) -> None:
    kept, end = keras(values, patience, min_delta)
    monitor: Any = "validation.loss" if sign > 0 else "validation.r2"
    spec = EarlyStopping(monitor=monitor, patience=patience, min_delta=min_delta, restore_best=True)
    done = actions(spec.build(NOWHERE), over([sign * value for value in values], monitor))
    stops = [index for index, one in enumerate(done) if any(isinstance(action, StopTraining) for action in one)]
    assert stops[:1] == ([] if end is None else [end])
    until = done if end is None else done[:end]
    put_back = [
        [KeepWeights(f"put back the weights of step {5 * count}, the best")] for count, _ in enumerate(until, 1)
    ]
    assert [index for index, one in enumerate(until) if one == put_back[index]] == kept
    assert all(one in ([], put_back[index]) for index, one in enumerate(until))


def test_early_stopping_ignores_evaluations_of_other_figures() -> None:
    callback = EarlyStopping(patience=2).build(NOWHERE)
    losses: list[Mapping[str, float]] = [{"validation.loss": 0.5}, {"validation.loss": 0.6}]
    others: list[Mapping[str, float]] = [{"train.loss": 0.1}] * 5
    assert not any(actions(callback, evaluations(losses + others)))
    assert any(actions(callback, evaluations([{"validation.loss": 0.5}])))


def test_early_stopping_says_why() -> None:
    spec = EarlyStopping(patience=2, min_delta=0.001)
    assert actions(spec.build(NOWHERE), over([0.5, 0.4995, 0.6]))[2] == [
        StopTraining("validation.loss was not better than 0.5 by more than 0.001 in the last 2 evaluations")
    ]
    assert actions(spec.build(NOWHERE), over([math.nan, math.nan]))[1] == [
        StopTraining("validation.loss was not finite in the last 2 evaluations")
    ]
    assert actions(EarlyStopping().build(NOWHERE), over([0.5, 0.5]))[1] == [
        StopTraining("validation.loss was not better than 0.5 in the last evaluation")
    ]


def test_without_restore_best_no_weights_are_kept() -> None:
    assert actions(EarlyStopping().build(NOWHERE), over([3.0, 2.0, 1.0])) == [[], [], []]


@given(st.lists(NUMBERS, max_size=20))
def test_the_best_checkpoint_is_that_of_the_lowest_loss(values: list[float]) -> None:
    done = actions(Checkpoint().build(NOWHERE), over(values))
    for index, (value, one) in enumerate(zip(values, done, strict=True)):
        lowest = math.isfinite(value) and all(value < old or math.isnan(old) for old in values[:index])
        assert [action.file for action in one if isinstance(action, SaveWeights)] == (["best.pt"] if lowest else [])


def test_the_best_checkpoint_says_why() -> None:
    done = actions(Checkpoint(monitor="train.accuracy").build(NOWHERE), over([0.25, 0.125, 0.5], "train.accuracy"))
    assert done == [
        [SaveWeights("best.pt", "train.accuracy 0.25 is the best so far")],
        [],
        [SaveWeights("best.pt", "train.accuracy 0.5 is the best so far")],
    ]


def test_checkpoints_every_few_epochs_fall_on_their_ends() -> None:
    spec = Checkpoint(save_best_only=False, every=2)
    seen = evaluations([{"validation.loss": 1.0}] * 10, per_epoch=2)
    done = actions(spec.build(NOWHERE), seen)
    saved = [(evaluation, action) for evaluation, one in zip(seen, done, strict=True) for action in one]
    assert {evaluation.epoch: of_type(SaveWeights, action).file for evaluation, action in saved} == {
        2.0: "epoch-0002.pt",
        4.0: "epoch-0004.pt",
    }
    assert spec.monitors() is None


def test_the_epochs_that_are_averaged() -> None:
    seen = evaluations([{"validation.loss": 1.0}] * 18, per_epoch=2)
    done = actions(Swa(start=2, every=3).build(NOWHERE), seen)
    assert {one.epoch: wanted for one, wanted in zip(seen, done, strict=True) if wanted} == {
        2.0: [AverageWeights("put the mean of the weights of epoch 2, in their place")],
        5.0: [AverageWeights("put the mean of the weights of 2 epochs, 2 to 5, in their place")],
        8.0: [AverageWeights("put the mean of the weights of 3 epochs, 2 to 8, in their place")],
    }


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_terminate_on_nan_leaves_finite_weights(bad: float) -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    callback = TerminateOnNan().build(NOWHERE)
    assert callback.checks_updates
    ending = None
    for step, factor in enumerate([1.0, 2.0, bad, 1.0], start=1):
        optimizer.zero_grad()
        loss = (factor * weight).sum()
        loss.backward()
        ending = callback.before_update(step, loss)
        if ending:
            break
        optimizer.step()
    assert ending == EndDiverged(f"the loss was {bad} at step 3; the weights are those before it")
    torch.testing.assert_close(weight.detach(), torch.full((3,), 0.7))


@pytest.mark.parametrize("name", [name for name in MEMBERS if name != "terminate_on_nan"])
def test_only_who_checks_updates_is_asked_at_every_step(name: str, tmp_path: Path) -> None:
    callback = MEMBERS[name]().build(CallbackContext(tmp_path))
    callback.close()
    assert not callback.checks_updates
    assert type(callback).before_update is Callback.before_update


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"type": "early_stopping", "patience": -1}, r"callbacks\[0\]\.patience: must be at least 0, got -1"),
        ({"type": "early_stopping", "monitor": "loss"}, r"callbacks\[0\]\.monitor: must be 'validation\.loss', "),
        ({"type": "checkpoint", "every": 0}, r"callbacks\[0\]\.every: must be at least 1, got 0"),
        ({"type": "tensorbord"}, r"callbacks\[0\]: unknown type 'tensorbord'; did you mean 'tensorboard'\?"),
    ],
)
def test_a_bad_value_is_named_with_its_path(document: Mapping[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        parse(Holder, {"callbacks": [document]})
