"""Workers are processes that import torch: few tests start them, and one pair serves several."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tuitrain.errors import Refused
from tuitrain.experiment.document import to_experiment
from tuitrain.runs.events import EpochCompleted
from tuitrain.training.batches import Loader
from tuitrain.training.control import Control
from tuitrain.training.prepare import Prepared, prepare
from tuitrain.training.streaming import Streamed
from tuitrain.training.trainer import Trainer

from ..narrow import of_type, present

PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory, write_images: Callable[..., Path]) -> Path:
    return write_images(tmp_path_factory.mktemp("pets"), {"cats": 30, "dogs": 20})


def prepared(pets: Path, stream: bool) -> Prepared:
    document: dict[str, Any] = {
        "epochs": 3,
        "batch_size": 7,
        "threads": 1,
        "data": {
            "type": "image_folder",
            "path": str(pets),
            "size": [16, 12],
            "standardize": "per_pixel",
            "validation": {"size": 11, "take": "last"},
            "augment": {"crop": 2, "flip": True, "rotate": 20.0, "noise": 0.1},
            "stream": stream,
        },
        "model": {"layers": [{"type": "flatten"}, {"type": "dropout", "rate": 0.2}, {"type": "dense", "units": 5}]},
    }
    return prepare(to_experiment(document), "cpu")


@pytest.fixture(scope="module")
def in_memory(pets: Path) -> Prepared:
    return prepared(pets, stream=False)


@pytest.fixture(scope="module")
def streamed(pets: Path) -> Iterator[Prepared]:
    made = prepared(pets, stream=True)
    yield made
    made.train.close()
    present(made.validation).close()


def workers(made: Prepared) -> Any:
    return of_type(Streamed, made.train.inputs)._workers


def assert_equal(one: Iterator[tuple[torch.Tensor, ...]], other: Iterator[tuple[torch.Tensor, ...]]) -> int:
    count = 0
    for left, right in zip(one, other, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))
        count += 1
    return count


@pytest.mark.parametrize(("epoch", "first"), [(0, 0), (1, 0), (1, 3), (2, 5), (2, 6)])
def test_batches_are_those_of_the_same_samples_in_memory(
    streamed: Prepared, in_memory: Prepared, epoch: int, first: int
) -> None:
    one, other = (Loader(part.train, 7, seed=4).epoch(epoch, first) for part in (streamed, in_memory))
    assert assert_equal(one, other) == 6 - first


def test_an_epoch_that_was_given_up_leaves_nothing_behind(streamed: Prepared, in_memory: Prepared) -> None:
    abandoned = Loader(streamed.train, 7, seed=4).epoch(0)
    next(abandoned)
    del abandoned
    one, other = (Loader(part.train, 7, seed=4).epoch(1) for part in (streamed, in_memory))
    assert assert_equal(one, other) == 6


def test_a_full_batch(streamed: Prepared, in_memory: Prepared) -> None:
    one, other = (Loader(part.train, 39, seed=4).epoch(1) for part in (streamed, in_memory))
    assert assert_equal(one, other) == 1


def test_validation_in_chunks(streamed: Prepared, in_memory: Prepared) -> None:
    assert assert_equal(*(present(part.validation).chunks(4) for part in (streamed, in_memory))) == 3


def test_the_first_samples_need_no_worker(pets: Path, in_memory: Prepared) -> None:
    made = prepared(pets, stream=True)
    assert assert_equal(iter([made.train.first(5)]), iter([in_memory.train.first(5)])) == 1
    assert workers(made) is None


def test_training_is_the_same_and_its_random_numbers_are_its_own(streamed: Prepared, pets: Path) -> None:
    """With dropout, which draws from the generator of the process."""
    one, other = prepared(pets, stream=False), streamed
    losses = []
    for part in (one, other):
        events = list(Trainer(part).run(Control()))
        losses.append([(e.train, e.validation) for e in events if isinstance(e, EpochCompleted)])
    assert losses[0] == losses[1]
    for left, right in zip(one.network.module.parameters(), other.network.module.parameters(), strict=True):
        assert torch.equal(left, right)


def test_a_file_that_went_away_is_named(streamed: Prepared, pets: Path, tmp_path: Path) -> None:
    file = pets / "cats" / "0001.png"
    file.rename(tmp_path / "moved.png")
    complaint = rf"^{file}: No such file or directory; it could be read when"
    with pytest.raises(Refused, match=complaint):
        list(Loader(streamed.train, 7, seed=4).epoch(0))
    with pytest.raises(Refused, match=complaint):
        streamed.train.first(39)
    (tmp_path / "moved.png").rename(file)
    assert len(list(Loader(streamed.train, 7, seed=4).epoch(0))) == 6


def test_a_worker_that_was_killed_is_told_of_and_then_replaced(streamed: Prepared) -> None:
    loader = Loader(streamed.train, 7, seed=4)

    def two_epochs() -> int:
        return len([*loader.epoch(0), *loader.epoch(1)])  # of the first all may have been read ahead

    assert two_epochs() == 12
    for worker in workers(streamed)._workers:
        os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(Refused, match="a process that decodes images was killed"):
        two_epochs()
    assert two_epochs() == 12
    streamed.train.close()
    assert workers(streamed) is None


PROGRAM = """
import sys, threading, time
import torch
from tuitrain.data.folder import ImageFolder
from tuitrain.training.batches import Loader, Samples
from tuitrain.training.streaming import Streamed

side = 300 if sys.argv[2] == "large" else 8
spec = ImageFolder(path=sys.argv[1], size=(side, side), stream=True)
loaded = spec.load(0)
samples = Samples(Streamed(loaded.train_x, torch.device("cpu")), loaded.train_y, loaded.train_y)
done = threading.Event()

def train():
    loader = Loader(samples, 4, seed=0)
    epoch = 0
    while True:
        for _ in loader.epoch(epoch):
            time.sleep(0.01)
            if epoch:
                done.set()
                time.sleep(1000)
        epoch += 1

threading.Thread(target=train, daemon=True).start()
done.wait()
print(*(worker.pid for worker in samples.inputs._workers._workers), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def trainer(
    pets: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[subprocess.Popen[str], list[int], Path]]:
    """A process whose stdin ends it in the middle of an epoch, the pids of its workers, and its stderr."""
    errors = tmp_path / "errors"
    with errors.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(pets), getattr(request, "param", "small")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
            process_group=0,
        )
    with process:
        try:
            yield process, [int(pid) for pid in present(process.stdout).readline().split()], errors
        finally:
            process.kill()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@linux
def test_workers_end_when_their_process_is_killed(trainer: Any) -> None:
    process, workers, _ = trainer
    assert workers and all(map(is_alive, workers))
    process.kill()
    wait_for(lambda: not any(map(is_alive, workers)))


@linux
@pytest.mark.parametrize("trainer", ["large"], indirect=True)
def test_workers_that_wait_for_a_reader_end_with_a_killed_process_too(trainer: Any) -> None:
    """Their images are more than a pipe holds, so they wait to put them into one that nobody reads any more."""
    process, workers, _ = trainer
    process.send_signal(signal.SIGSTOP)  # what they decode now is not read
    assert workers and all(map(is_alive, workers))
    process.kill()
    wait_for(lambda: not any(map(is_alive, workers)))


@linux
def test_workers_hear_no_signal_of_their_group_and_end_with_their_process(trainer: Any) -> None:
    process, workers, errors = trainer
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        for worker in workers:
            os.kill(worker, number)
    time.sleep(0.2)
    assert all(map(is_alive, workers))
    process.stdin.close()
    assert process.wait(PATIENCE_S) == 0
    assert not any(map(is_alive, workers))
    assert errors.read_text() == ""
