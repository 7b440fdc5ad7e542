import torch
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.data.augment import Augment
from tuitrain.data.transforms import Augmentation
from tuitrain.training import batches
from tuitrain.training.batches import Loader, Samples, order


def images(count, seed=0):
    """Samples that a batch can be recognised by: their labels are their numbers."""
    inputs = torch.randn(count, 1, 6, 5, generator=torch.Generator().manual_seed(seed))
    labels = torch.arange(count)
    return Samples(inputs, labels, labels, Augmentation(Augment(crop=2, flip=True, rotate=15.0, noise=0.2), 9))


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


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2), st.data())
def test_a_sample_is_augmented_the_same_whatever_the_batch_size_and_where_the_epoch_is_entered(
    count, size, epoch, data
):
    """The reference is the full batch, whose samples stand in their own order."""
    full = next(Loader(images(count), count, seed=5).epoch(epoch))[0]
    loader = Loader(images(count), min(size, count), seed=5)
    first = data.draw(st.integers(0, -(-count // min(size, count)) - 1))
    for inputs, _, labels in loader.epoch(epoch, first):
        assert torch.equal(inputs, full[labels])


def test_only_the_batches_of_an_epoch_are_augmented():
    part = images(10)
    for batch in (part.first(10), next(part.chunks(10)), next(part.fetch(torch.arange(10), 10))):
        assert torch.equal(batch[0], part.inputs)
    for epoch in range(2):
        for inputs, _, labels in Loader(part, 4, seed=0).epoch(epoch):
            assert not torch.equal(inputs, part.inputs[labels])


def test_without_augmentation_nothing_is_copied():
    part = samples(12)
    (whole,) = Loader(part, 12, seed=0).epoch(3)
    for batch in (whole, part.first(5), next(part.chunks(5))):
        assert batch[0].data_ptr() == part.inputs.data_ptr()
        assert batch[1].data_ptr() == part.targets.data_ptr()


@given(st.integers(1, 50), st.integers(1, 60))
def test_chunks_are_all_samples_in_order(count, most):
    part = samples(count)
    seen = list(part.chunks(most))
    assert torch.equal(torch.cat([batch[0] for batch in seen]), part.inputs)
    assert torch.equal(torch.cat([batch[1] for batch in seen]), part.targets)
    assert torch.equal(torch.cat([batch[2] for batch in seen]), part.labels)
    assert all(len(batch[2]) <= most for batch in seen)


def test_chunks_of_large_inputs_are_small(monkeypatch):
    monkeypatch.setattr(batches, "CHUNK_ELEMENTS", 100)
    assert [len(batch[2]) for batch in samples(45, features=5).chunks(30)] == [20, 20, 5]
    assert [len(batch[2]) for batch in samples(2, features=500).chunks(30)] == [1, 1]


def test_the_first_samples():
    inputs, targets, labels = samples(9).first(4)
    assert (inputs.shape, targets.tolist(), labels.tolist()) == ((4, 2), [0, 10, 20, 30], [0, 1, 2, 3])
    assert len(samples(3).first(4)[2]) == 3
