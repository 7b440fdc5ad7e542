"""Trainings side by side: each is a process that is stopped (SIGSTOP) while another has its turn.

So all of them see the same machine: what else it does, and how warm it is, comes and goes within seconds.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tuitrain.data.vision import FashionMnist
from tuitrain.runs.directory import RunDirectory, list_runs
from tuitrain.runs.events import WindowCompleted
from tuitrain.runs.log import EventReader

TUITRAIN = (sys.executable, "-m", "tuitrain")
SETTLE_S = 0.3
"""After a stop the first window of a run is older than its turn: rates are of what follows."""

Mark = tuple[float, int]
"""A moment, in seconds since the epoch, and the steps done by then."""
Turn = tuple[float, float]

EXPERIMENT = """\
name = "{name}"
epochs = 1000
batch_size = {batch}
data = {{ type = "fashion_mnist", standardize = "scale", validation = "none" }}
optimizer = {{ type = "sgd", lr = 0.01 }}

[model]
defaults = {{ activation = "relu", init = "he_normal" }}
layers = [{{ type = "flatten" }}, {layers}]
"""


@dataclass(frozen=True)
class Net:
    """784 inputs, hidden layers of relu units, each with batch norm behind it or none, 10 classes."""

    hidden: tuple[int, ...]
    batch: int
    norm: bool = False

    @property
    def name(self) -> str:
        return f"deep-{len(self.hidden)}" if len(self.hidden) > 3 else "-".join(map(str, self.hidden))

    def __str__(self) -> str:
        hidden = self.name if len(self.hidden) <= 3 else f"{len(self.hidden)}×{self.hidden[0]}"
        return f"784-{hidden}-10, {'batch norm, ' if self.norm else ''}batch {self.batch}"

    def write(self, directory: Path) -> Path:
        """The experiment as a file."""
        norm = ['{ type = "batch_norm" }'] if self.norm else []
        layers = ", ".join(one for units in self.hidden for one in [f'{{ type = "dense", units = {units} }}', *norm])
        path = directory / f"{self.name}.toml"
        path.write_text(EXPERIMENT.format(name=self.name, batch=self.batch, layers=layers), encoding="utf-8")
        return path


@dataclass(frozen=True)
class Training:
    """A process that trains, while it is not stopped; ``marks`` reads how far it was when."""

    pid: int
    marks: Callable[[], list[Mark]]

    def halt(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def go(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def turn(self, seconds: float, wait: Callable[[float], object] = time.sleep) -> Turn:
        """Train for a while; ``wait`` passes the time."""
        self.go()
        began = time.time()
        wait(SETTLE_S + seconds)
        ended = time.time()
        self.halt()
        return began + SETTLE_S, ended

    def rates(self, turns: list[Turn]) -> list[float]:
        """Steps per second in each turn."""
        marks = self.marks()
        result = []
        for began, ended in turns:
            inside = [mark for mark in marks if began <= mark[0] <= ended]
            (first, before), (last, after) = inside[0], inside[-1]
            result.append((after - before) / (last - first))
        return result


@contextlib.contextmanager
def bare(experiment: Path, directory: Path) -> Iterator[Training]:
    """The bare loop, halted after its first steps."""
    file = directory / f"{experiment.stem}.marks"
    process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("bare.py")), str(experiment), str(file)])
    training = Training(process.pid, lambda: _read_marks(file))
    try:
        wait_for(lambda: file.exists() and file.stat().st_size > 0)
        training.halt()
        yield training
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def headless(experiment: Path, runs: Path, *settings: str) -> Iterator[Training]:
    """``tuitrain run``, halted after its first steps."""
    command = [*TUITRAIN, "run", str(experiment), "--plain", "--runs-dir", str(runs)]
    for setting in settings:
        command += ["--set", setting]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    training = Training(process.pid, lambda: windows(first_run(runs)))
    try:
        wait_for(lambda: bool(list_runs(runs)) and bool(training.marks()))
        training.halt()
        yield training
    finally:
        training.go()
        process.terminate()
        process.wait()


@contextlib.contextmanager
def ended(run: RunDirectory) -> Iterator[None]:
    """End the trainer of a run, which is no child of ours, however the block ends."""
    try:
        yield
    finally:
        if run.is_held():
            for number in (signal.SIGCONT, signal.SIGTERM):
                os.kill(run.read_info()["pid"], number)
            wait_for(lambda: not run.is_held())


def first_run(runs: Path) -> RunDirectory:
    """The oldest run in a directory, once there is one."""
    wait_for(lambda: bool(list_runs(runs)))
    return list_runs(runs)[-1]


def window_events(run: RunDirectory) -> list[WindowCompleted]:
    reader, found = EventReader(run.events), []
    while not reader.caught_up:
        found += [event for event in reader.read() if isinstance(event, WindowCompleted)]
    return found


def windows(run: RunDirectory) -> list[Mark]:
    return [(event.at, event.step) for event in window_events(run)]


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("a training did not begin, or did not end, in time")
        time.sleep(0.005)


def have_data(directory: Path) -> str:
    """Fashion-MNIST if it is on this machine, else the same amount of generated pictures; says which."""
    if FashionMnist().where():
        return "Fashion-MNIST"
    raw = directory / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    _generate(raw, "train", 60_000)
    _generate(raw, "t10k", 10)
    os.environ["TUITRAIN_DATA"] = str(directory)
    return "generated pictures"


def _generate(raw: Path, part: str, count: int) -> None:
    """One picture of noise for each class, darkened by more noise: it can be learned."""
    import torch

    generator = torch.Generator().manual_seed(0)
    classes = torch.randint(0, 256, (10, 28, 28), generator=generator)
    labels = torch.arange(count) % 10
    noise = torch.rand((count, 28, 28), generator=generator)
    pictures = (classes[labels] * noise).to(torch.uint8)
    for name, magic, sizes, values in (
        (f"{part}-images-idx3-ubyte", 0x803, (count, 28, 28), pictures),
        (f"{part}-labels-idx1-ubyte", 0x801, (count,), labels.to(torch.uint8)),
    ):
        header = struct.pack(f">{1 + len(sizes)}I", magic, *sizes)
        (raw / f"{name}.gz").write_bytes(gzip.compress(header + values.numpy().tobytes(), 1))


def _read_marks(file: Path) -> list[Mark]:
    lines = file.read_text(encoding="ascii").splitlines()[:-1]  # the last may be half written
    return [(float(moment), int(steps)) for moment, steps in map(str.split, lines)]
