import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.training.score import Labels, Scores
from tuitrain.training.tally import Done, Tally

CLASSES = Scores(Labels(classes=3, mean=1.0), lambda outputs: outputs.argmax(-1))
STEP = st.tuples(st.integers(-1000, 1000).map(float), st.integers(1, 5), st.booleans())


def regression(mean=0.0):
    return Scores(Labels(classes=None, mean=mean), lambda outputs: outputs)


def done(loss, outputs, penalty=None, factor=None):
    return Done(torch.tensor(loss), penalty, outputs, factor)


@given(st.lists(STEP, max_size=200))
def test_nothing_is_lost_however_often_it_is_taken(steps):
    tally = Tally(CLASSES)
    losses, sizes, correct = [], [], 0.0
    for loss, size, right in steps:
        outputs = torch.eye(3)[torch.ones(size, dtype=torch.long)]
        step = done(loss, outputs, torch.tensor(loss / 2), torch.tensor(loss / 4))
        tally.add(step, torch.full((size,), 1 if right else 2))
        if size == 5:
            counted = tally.take()
            losses += counted.losses
            sizes += counted.sizes
            correct += sum(part[0] for part in counted.scores)
            assert counted.penalties == [one / 2 for one in counted.losses]
            assert counted.factors == [one / 4 for one in counted.losses]
    counted = tally.take()
    assert losses + counted.losses == [loss for loss, _, _ in steps]
    assert sizes + counted.sizes == [size for _, size, _ in steps]
    assert correct + sum(part[0] for part in counted.scores) == sum(size for _, size, right in steps if right)
    assert tally.take().losses == []


def test_what_nobody_penalises_or_clips_has_no_figures():
    tally = Tally(regression())
    tally.add(done(1.0, torch.zeros(3, 1)), torch.zeros(3))
    counted = tally.take()
    assert (counted.penalties, counted.factors, counted.sizes) == ([0.0], [], [3])


def test_a_regression_is_scored_step_by_step():
    tally = Tally(regression())
    for label in (1.0, 2.0, 4.0):
        tally.add(done(0.0, torch.tensor([[1.0], [2.0]])), torch.tensor([label, 2 * label]))
    assert tally.take().scores == [
        [abs(1 - y) + abs(2 - 2 * y), (1 - y) ** 2 + (2 - 2 * y) ** 2, 3 * y, 5 * y * y] for y in (1.0, 2.0, 4.0)
    ]


BATCH = st.integers(1, 40) | st.sampled_from([4096, 40_000])


@given(st.lists(BATCH, min_size=1, max_size=4), st.integers(1, 30), st.sets(st.integers(0, 60)), st.integers(1, 4))
def test_the_sums_of_a_step_do_not_depend_on_when_they_are_taken(sizes, repeat, cuts, threads):
    source = torch.Generator().manual_seed(0)
    batches = [torch.rand((2, size), generator=source) for size in sizes for _ in range(repeat if size < 1000 else 2)]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    tally = Tally(regression())
    scores = []
    for step, (outputs, labels) in enumerate(batches):
        tally.add(done(0.0, outputs[:, None]), labels)
        if step in cuts:
            scores += tally.take().scores
    scores += tally.take().scores
    single = []
    for outputs, labels in batches:
        tally.add(done(0.0, outputs[:, None]), labels)
        single += tally.take().scores
    torch.set_num_threads(before)
    assert scores == single
    assert len(scores) == len(batches)


@pytest.mark.parametrize("value", [3.3, 0.1, -1e6 / 3, 0.0])
@pytest.mark.parametrize("count", [1, 7, 1000])
@pytest.mark.parametrize("steps", [1, 9])
def test_targets_that_are_all_equal_have_no_r2(value, count, steps):
    score = regression(mean=0.7)
    y = torch.full((count,), value, dtype=torch.float64)
    sums = torch.stack([score.sums(torch.zeros(count, 1), y) for _ in range(steps)]).sum(0)
    assert set(score.figures(sums.tolist(), count * steps, "train")) == {"mae"}


def test_a_shift_keeps_the_digits_of_targets_far_from_0():
    y = 1e7 + torch.arange(1000) % 5
    score = regression(mean=float(y.float().mean()))
    sums = score.sums((y + 1).unsqueeze(1), y)
    assert score.figures(sums.tolist(), 1000, "train") == {"mae": 1.0, "r2": pytest.approx(0.5, rel=1e-12)}
