import os
import resource
import sys
from pathlib import Path

import pytest
import torch

from tuitrain.errors import MissingData, Refused
from tuitrain.runs.events import RunFinished
from tuitrain.training.control import Control
from tuitrain.training.device import choose, describe_devices, is_out_of_memory, memory_used, set_threads
from tuitrain.training.prepare import prepare
from tuitrain.training.trainer import Trainer

from ..narrow import of_type, present


def test_what_was_prepared_is_counted(spirals):
    prepared = prepare(spirals(), "cpu")
    assert (prepared.steps_per_epoch, prepared.total_steps, prepared.parameters) == (11, 33, 92)
    assert (len(prepared.train), len(present(prepared.validation))) == (102, 26)
    assert prepared.parameters == sum(p.numel() for p in prepared.network.module.parameters())


def test_preparing_leaves_the_network_as_it_was_drawn(spirals):
    torch.manual_seed(3)
    one = prepare(spirals(), "cpu")
    torch.manual_seed(4)
    other = prepare(spirals(), "cpu")
    for left, right in zip(one.network.module.parameters(), other.network.module.parameters(), strict=True):
        assert torch.equal(left, right)
        assert left.grad is None


def test_a_batch_that_is_larger_than_the_data_is_refused(spirals):
    with pytest.raises(Refused, match=r"^batch_size: 103 is more than the 102 samples .* 'full'"):
        prepare(spirals(batch_size=103))


def test_an_experiment_that_was_not_checked_is_checked(spirals):
    mended = spirals(model={"output": {"activation": "relu"}}, loss="mse")
    broken = mended.model_copy(update={"loss": spirals().loss})
    with pytest.raises(Refused, match=r"model\.output\.activation"):
        prepare(broken)


@pytest.fixture
def _little_memory():
    limits = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, limits)


@pytest.mark.skipif(sys.platform != "linux", reason="only there is the limit kept")
@pytest.mark.usefixtures("_little_memory")
def test_what_does_not_fit_into_memory_is_refused_with_the_remedy(spirals):
    wide = {"type": "dense", "units": 100_000}
    with pytest.raises(Refused, match=r"not enough memory.*batch_size smaller"):
        prepare(spirals(model={"layers": [wide, wide]}), "cpu")


def test_a_missing_data_set_is_refused(spirals, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("TUITRAIN_DATA", str(tmp_path))
    with pytest.raises(MissingData):
        prepare(spirals(data={"type": "mnist"}, model={"layers": ["flatten"]}))


def test_devices():
    assert describe_devices()[0] == "cpu"
    assert choose("cpu") == torch.device("cpu")
    assert str(choose("auto")) in describe_devices()
    with pytest.raises(Refused, match=r"'cuda:99' is not on this machine; there is cpu"):
        choose("cuda:99")
    assert memory_used(torch.device("cpu")) > 1 << 20


def test_threads():
    assert set_threads(2) == torch.get_num_threads() == 2
    assert set_threads("auto") == torch.get_num_threads() == max(1, len(os.sched_getaffinity(0)) - 1)


def test_out_of_memory_is_told_from_other_errors():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(RuntimeError("shapes do not match"))


def lonely(spirals, count, batch_size, **changes):
    """Prepares a batch norm for so many samples to train on."""
    data = {"type": "spirals", "samples": 100, "limit": count, "validation": "none"}
    model = {"layers": [{"type": "dense", "units": 4}, "batch_norm", {"type": "dense", "units": 3}]}
    return prepare(spirals(data=data, model=model, batch_size=batch_size, **changes), "cpu")


@pytest.mark.parametrize(
    ("count", "batch_size", "where", "fitting"),
    [
        (7, 2, "leaves one sample of 7 for the last batch", 4),
        (7, 3, "leaves one sample of 7 for the last batch", 4),
        (7, 6, "leaves one sample of 7 for the last batch", 7),
        (7, 1, "is one sample", 4),
        (8, 1, "is one sample", 2),
        (2, 1, "is one sample", 2),
    ],
)
def test_a_sample_alone_is_refused_with_a_batch_size_that_fits(spirals, count, batch_size, where, fitting):
    sentence = f"batch_size: {batch_size} {where}, and batch_norm_1 needs at least two; take {fitting}, or another"
    with pytest.raises(Refused) as caught:
        lonely(spirals, count, batch_size)
    assert str(caught.value).startswith(sentence)
    assert lonely(spirals, count, fitting).batch_size == fitting


@pytest.mark.parametrize("batch_size", [1, "full"])
def test_a_single_sample_is_no_matter_of_the_batch_size(spirals, batch_size):
    with pytest.raises(Refused, match=r"^data: there is one sample to train on, and batch_norm_1 needs .* take more"):
        lonely(spirals, 1, batch_size)


def test_a_batch_norm_that_is_never_trained_takes_a_sample_alone(spirals):
    *_, last = Trainer(lonely(spirals, 7, 2, freeze={"layers": 2, "epochs": 3})).run(Control())
    assert of_type(RunFinished, last).step == 12
    for thawed_or_trained in ({"layers": 2, "epochs": 2}, {"layers": 1, "epochs": 3}):
        with pytest.raises(Refused, match="batch_norm_1 needs"):
            lonely(spirals, 7, 2, freeze=thawed_or_trained)
