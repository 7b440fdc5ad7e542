import torch
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.training import batches
from tuitrain.training.batches import Loader, Samples, order


def samples(count, features=2):
    inputs = torch.arange(count * features, dtype=torch.float32).view(count, features)
    labels = torch.arange(count)
    return Samples(inputs, labels * 10, labels)


@given(st.integers(1, 900), st.integers(1, 900), st.integers(0, 3))
def test_an_epoch_has_every_sample_once_in_its_order(count, size, epoch):
    size = min(size, count)
    seen = list(Loader(samples(count), size, seed=5).epoch(epoch))
    expected = order(5, epoch, count) if size < count else torch.arange(count)
    labels = torch.cat([batch[2] for batch in seen])
    assert torch.equal(labels, expected)
    assert torch.equal(torch.cat([batch[0] for batch in seen])[:, 0], 2.0 * expected)
    assert torch.equal(torch.cat([batch[1] for batch in seen]), 10 * expected)
    assert [len(batch[2]) for batch in seen] == [size] * (count // size) + [count % size] * (count % size > 0)


@given(st.integers(1, 400), st.integers(1, 7), st.data())
def test_an_epoch_can_be_entered_anywhere_with_the_same_memory_alignment(count, size, data):
    size = min(size, count)
    loader = Loader(samples(count, features=3), size, seed=1)
    whole = list(loader.epoch(0))
    first = data.draw(st.integers(0, len(whole)))
    rest = list(loader.epoch(0, first))
    assert len(rest) == len(whole) - first
    for (x, _, y), (x2, _, y2) in zip(whole[first:], rest, strict=True):
        assert torch.equal(x, x2)
        assert torch.equal(y, y2)
        assert x.data_ptr() % 64 == x2.data_ptr() % 64


def test_orders_differ_between_epochs_and_seeds():
    assert len({tuple(order(seed, epoch, 50).tolist()) for seed in range(5) for epoch in range(5)}) == 25


def test_large_inputs_are_fetched_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(batches, "CHUNK_ELEMENTS", 100)
    loader = Loader(samples(64, features=5), 4, seed=0)
    x = [batch[0] for batch in loader.epoch(0)]
    assert all(part.untyped_storage().nbytes() <= 400 for part in x)
    assert loader.waited > 0
