"""What the tests of the whole program share: it as a process, in a place of its own, never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image

from tuitrain.metrics import METRIC
from tuitrain.runs.directory import RunDirectory, list_runs

# A busy machine must not fail a property that holds, and an ordinary run tries the same every time; the long one does
# not, and tries more.
settings.register_profile("ordinary", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=1_000)
settings.load_profile("ordinary")

KNOWN = {name: st.floats(0, 1) if metric.is_share else st.floats() for name, metric in METRIC.items()}
FIGURES = st.fixed_dictionaries({}, optional=KNOWN) | st.dictionaries(st.text(max_size=8), st.floats(), max_size=6)
st.register_type_strategy(Mapping, FIGURES)

PATIENCE_S = 150.0
SHARED = Path(__file__).parents[2] / "shared" / "data"
SMALL = ("--set", "data.samples=100", "--set", "batch_size=50", "--set", "threads=1")
"""Options for spirals-mlp that make an epoch two steps long."""

FUZZ = Path(__file__).parent / "fuzz"


def pytest_configure(config: pytest.Config) -> None:
    if config.option.markexpr == "long":
        settings.load_profile("long")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long run has the fuzz suite in it."""
    for item in items:
        if config.option.markexpr == "long" and FUZZ in item.path.parents:
            item.add_marker(pytest.mark.long)
            item.add_marker(pytest.mark.timeout(7200))


def wait_for(condition: Callable[[], object], what: str = "it", seconds: float = PATIENCE_S) -> None:
    """Look again and again until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.02)


@pytest.fixture
def real_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """TUITRAIN_DATA as it is set, or the data beside the repository; skips where there is neither."""
    if not os.environ.get("TUITRAIN_DATA"):
        if not SHARED.is_dir():
            pytest.skip("the files of MNIST and Fashion-MNIST are not here")
        monkeypatch.setenv("TUITRAIN_DATA", str(SHARED))


@dataclass(frozen=True)
class Program:
    """tuitrain as a user has it, with its runs in ``runs`` and no data set on the machine."""

    home: Path

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def out(self) -> Path:
        return self.home / "out"

    @property
    def err(self) -> Path:
        return self.home / "err"

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "tuitrain"]

    @property
    def environment(self) -> dict[str, str]:
        places = {"HOME": self.home, "XDG_CACHE_HOME": self.home / "cache", "XDG_DATA_HOME": self.home / "data"}
        ours = {**places, "TUITRAIN_RUNS": self.runs, "TUITRAIN_DATA": self.home / "nothing"}
        # A proxy that refuses: no test waits for a network, and none downloads.
        proxies = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
        # A terminal has a size of its own, and these would be taken for it: a worker of pytest-xdist has them.
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        return {**inherited, **proxies, **{name: str(path) for name, path in ours.items()}}

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [*self.command, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.home,
            timeout=PATIENCE_S,
        )

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Begin a command, in a process group of its own; what it prints goes to the files `out` and `err`."""
        with self.out.open("wb") as out, self.err.open("wb") as err:
            return subprocess.Popen(
                [*self.command, *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self.environment,
                cwd=self.home,
                process_group=0,
                # What a shell starts in the background ignores ctrl+c, and hands that down.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def the_run(self) -> RunDirectory:
        """The latest run."""
        return list_runs(self.runs)[0]

    def clean_up(self) -> None:
        """End what still trains: its lock says that its pid is its own."""
        for run in list_runs(self.runs):
            if run.is_held():
                kill(run)


def kill(run: RunDirectory) -> None:
    os.kill(run.read_info()["pid"], signal.SIGKILL)
    wait_for(lambda: not run.is_held(), f"the end of {run.name}")


@pytest.fixture
def tuitrain(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    program.clean_up()


@pytest.fixture(scope="session")
def write_images() -> Callable[..., Path]:
    """Writes folders of random colour images, ``{"cats": 3, "dogs": 4}``: a little larger than 16 x 12, as png."""

    def make(folder: Path, counts: dict[str, int], seed: int = 0) -> Path:
        source = np.random.default_rng(seed)
        for name, count in counts.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            for number in range(count):
                pixels = source.integers(0, 256, (18, 15, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / name / f"{number:04}.png")
        return folder

    return make
