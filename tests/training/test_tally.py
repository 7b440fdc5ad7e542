import torch
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.training.tally import Tally

STEP = st.tuples(st.integers(-1000, 1000).map(float), st.integers(1, 5), st.booleans())


@given(st.lists(STEP, max_size=200))
def test_nothing_is_lost_however_often_it_is_taken(steps):
    tally = Tally(lambda outputs: outputs.argmax(-1))
    losses, sizes, correct = [], [], 0
    for loss, size, right in steps:
        outputs = torch.eye(3)[torch.ones(size, dtype=torch.long)]
        tally.add(torch.tensor(loss), torch.tensor(loss / 2), outputs, torch.full((size,), 1 if right else 2))
        if size == 5:
            counted = tally.take()
            losses += counted.losses
            sizes += counted.sizes
            correct += counted.correct
            assert counted.penalties == [one / 2 for one in counted.losses]
    counted = tally.take()
    assert losses + counted.losses == [loss for loss, _, _ in steps]
    assert sizes + counted.sizes == [size for _, size, _ in steps]
    assert correct + counted.correct == sum(size for _, size, right in steps if right)
    assert tally.take().losses == []


def test_without_classes_nothing_is_correct():
    tally = Tally(None)
    tally.add(torch.tensor(1.0), None, torch.zeros(3, 1), torch.zeros(3))
    counted = tally.take()
    assert (counted.correct, counted.penalties, counted.sizes) == (0, [0.0], [3])
