"""How fast the log of a run grows: every preset, and what writes most, each trained for some seconds.

    python benchmarks/log_growth.py [--seconds 15] [PRESET...]

A log may have its first 152 kB at once, and 4 kB a second on top: short runs have everything. ``beyond`` is what was
written per second in the second half of the time, once that is used up. Presets whose data is not here are left out.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tuitrain.experiment import presets
from tuitrain.runs.directory import list_runs
from tuitrain.runs.events import EpochCompleted, Event, LayersObserved, WindowCompleted
from tuitrain.runs.log import EventReader

LONG = ("--set", "epochs=1000000")
WIDE = (*LONG, "--set", 'batch_size="full"')
EXTREMES: dict[str, tuple[str, ...]] = {
    "digits-mlp, an epoch a step": ("digits-mlp", *WIDE),
    "spirals-mlp, an epoch a step": ("spirals-mlp", *WIDE),
    "spirals-mlp, validated every step": ("spirals-mlp", *LONG, "--set", "validate_every=1"),
    "spirals-mlp, observed every step": ("spirals-mlp", *LONG, "--set", "observe.every=1"),
    "hundred-layers, an epoch a step": ("hundred-layers", *WIDE, "--set", "data.limit=200"),
}


@dataclass(frozen=True)
class Growth:
    """Of a log: bytes per second over all its time and over the second half, steps, and events of a kind a second."""

    seconds: float
    whole: float
    beyond: float
    steps: float
    events: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("names", nargs="*", metavar="PRESET", help="instead of all, and of the extremes")
    options = parser.parse_args()
    cases = {name: (name, *LONG) for name in options.names or presets.names()}
    print("| training | seconds | bytes/s | beyond | steps/s | epochs/s | windows/s | observations/s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, words in (cases if options.names else cases | EXTREMES).items():
        growth = measure(words, options.seconds)
        if growth:
            events = " | ".join(f"{rate:,.1f}" for rate in growth.events.values())
            figures = f"{growth.seconds:.1f} | {growth.whole:,.0f} | {growth.beyond:,.0f} | {growth.steps:,.0f}"
            print(f"| {name} | {figures} | {events} |", flush=True)


def measure(words: tuple[str, ...], seconds: float) -> Growth | None:
    """Train for so long; None where it cannot be trained here."""
    with tempfile.TemporaryDirectory() as directory:
        runs = Path(directory)
        command = [sys.executable, "-m", "tuitrain", "run", *words, "--plain", "--runs-dir", directory]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not (list_runs(runs) and list_runs(runs)[0].events.exists()):
                if process.poll() is not None:
                    return None
                time.sleep(0.05)
            log = list_runs(runs)[0].events
            sizes, began = [log.stat().st_size], time.monotonic()
            for half in (0.5, 1.0):
                while time.monotonic() < began + half * seconds and process.poll() is None:
                    time.sleep(0.05)
                sizes.append(log.stat().st_size)
            took = time.monotonic() - began
        finally:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGTERM)
            process.wait()
        return _growth(_events(log), sizes, took, seconds)


def _growth(events: list[Event], sizes: list[int], took: float, seconds: float) -> Growth:
    _, middle, last = sizes
    kinds = {"epochs": EpochCompleted, "windows": WindowCompleted, "observations": LayersObserved}
    steps = max((event.step for event in events if isinstance(event, WindowCompleted)), default=0)
    counts = {name: sum(isinstance(event, kind) for event in events) / took for name, kind in kinds.items()}
    return Growth(took, last / took, (last - middle) / (seconds / 2), steps / took, counts)


def _events(log: Path) -> list[Event]:
    reader, found = EventReader(log), []
    while not reader.caught_up:
        found += reader.read()
    return found


if __name__ == "__main__":
    main()
