"""What the dashboard and the trainer cost, side by side with a bare PyTorch loop; prints tables in Markdown.

    python benchmarks/overhead.py [--seconds S] [--quick]

Needs what the tests need (pip install -e '.[test]') and about eight minutes on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from redraw import redraw_ms
from report import Compared, Watched, machine, screen_table, speed_table
from terminal import DOWN, F5, F6, UP, Terminal
from trainings import (
    TUITRAIN,
    Net,
    Training,
    Turn,
    bare,
    ended,
    first_run,
    have_data,
    headless,
    window_events,
    windows,
)

from tuitrain.runs.directory import RunDirectory

NETS = (Net((30, 30), 10), Net((300, 100), 32), Net((100,) * 20, 32, norm=True))
NEVER = "observe.every=1000000000"


@dataclass(frozen=True)
class Amount:
    """How much is measured: seconds of a turn, turns of each, key presses and single steps a net, starts."""

    seconds: float
    turns: int = 16
    keys: int = 40
    steps: int = 8
    starts: int = 5
    traffic_s: float = 8.0


def start(terminal: Terminal, runs: Path, watched: Watched) -> RunDirectory:
    """Open the dashboard, and start a run once its trainer stands by."""
    watched.first_paint.append(terminal.until("─ Model"))
    watched.ready.append(terminal.until("F5 starts"))
    pressed = time.time()
    terminal.press(F5)
    run = first_run(runs)
    terminal.take(20.0, lambda _: bool(windows(run)))
    window = window_events(run)[0]
    began = window.at - window.elapsed
    watched.first_step.append(began + window.elapsed / window.steps - pressed)
    return run


def starts(amount: Amount, scratch: Path) -> Watched:
    """As a user has it who types ``tuitrain``: the preset that opens."""
    watched = Watched()
    for index in range(amount.starts):
        runs = scratch / f"start-{index}"
        with Terminal([*TUITRAIN, "--runs-dir", str(runs)]) as terminal:
            run = start(terminal, runs, watched)
            with ended(run):
                if index == 0:
                    terminal.take(1.0)
                    watched.traffic[run.name[16:]] = traffic(terminal, amount)
    return watched


def watch(experiment: Path, runs: Path, amount: Amount, watched: Watched) -> RunDirectory:
    """Start in the dashboard, look on, press keys, take single steps; then leave the run going."""
    with Terminal([*TUITRAIN, str(experiment), "--runs-dir", str(runs)]) as terminal:
        run = start(terminal, runs, Watched())
        terminal.take(2.0)
        watched.traffic[run.name[16:]] = traffic(terminal, amount)
        pauses = random.Random(0)  # no multiple of the dashboard's own rhythm
        for index in range(amount.keys):
            watched.keys.append(terminal.answer(DOWN if index % 2 else UP, "Model"))
            terminal.take(pauses.uniform(0.1, 0.3))
        terminal.press(F5)
        terminal.until("paused")
        watched.loss_shown += [single_step(terminal, run) for _ in range(amount.steps)]
        if (memory := terminal.resident()) is not None:
            watched.memory.append(memory)
        terminal.press(F5)
        terminal.until("▶ training")
    return run


def traffic(terminal: Terminal, amount: Amount) -> float:
    """Bytes per second that the dashboard writes while it trains."""
    return len(terminal.take(amount.traffic_s)) / amount.traffic_s


def single_step(terminal: Terminal, run: RunDirectory) -> float:
    """Seconds from a step's event to its loss in the legend of the plot."""
    before = len(windows(run))
    terminal.press(F6)
    terminal.take(5.0, lambda _: len(windows(run)) > before)
    window = window_events(run)[-1]
    words = {f"train {window.loss.mean:.4f}", f"train {window.loss.mean:.2e}"}
    terminal.take(5.0, lambda _: any(word in terminal.text for word in words))
    return time.time() - window.at


def compare(net: Net, amount: Amount, scratch: Path, watched: Watched) -> Compared:
    experiment = net.write(scratch)
    runs, unobserved_runs = scratch / f"{experiment.stem}-runs", scratch / f"{experiment.stem}-unobserved"
    with contextlib.ExitStack() as stack:
        loop = stack.enter_context(bare(experiment, scratch))
        unobserved = stack.enter_context(headless(experiment, unobserved_runs, NEVER))
        run = watch(experiment, runs, amount, watched)
        stack.enter_context(ended(run))
        trained = Training(run.read_info()["pid"], lambda: windows(run))
        trained.halt()
        turns: dict[str, list[Turn]] = {"bare": [], "headless": [], "unobserved": [], "dashboard": []}
        for _ in range(amount.turns):
            turns["bare"].append(loop.turn(amount.seconds))
            turns["headless"].append(trained.turn(amount.seconds))
            turns["unobserved"].append(unobserved.turn(amount.seconds))
            with Terminal([*TUITRAIN, "attach", str(run.path)]) as terminal:
                terminal.until("step ")
                turns["dashboard"].append(trained.turn(amount.seconds, terminal.take))
        return Compared(
            loop.rates(turns["bare"]),
            trained.rates(turns["headless"]),
            unobserved.rates(turns["unobserved"]),
            trained.rates(turns["dashboard"]),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0, metavar="S", help="a turn lasts so long (default: 1)")
    parser.add_argument("--quick", action="store_true", help="three minutes instead of eight, and rough")
    options = parser.parse_args()
    quick = Amount(options.seconds, turns=2, keys=5, steps=2, starts=1, traffic_s=2.0)
    amount = quick if options.quick else Amount(options.seconds)
    began, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="tuitrain-benchmark-") as directory:
        scratch = Path(directory)
        data = have_data(scratch)
        plots_ms = redraw_ms()
        started, watched = starts(amount, scratch), Watched()
        compared = {net: compare(net, amount, scratch, watched) for net in NETS}
        threads = first_run(scratch / "start-0").read_info()["threads"]
    print(machine(data, threads))
    print(f"Load average before {load:.2f}, at the end {os.getloadavg()[0]:.2f} (about 1 of it is this benchmark).\n")
    print(speed_table(compared), screen_table(started, watched, plots_ms), sep="\n\n")
    turns = f"{amount.turns} turns of {amount.seconds:g} s, taken one after the other"
    print(f"\nMedians of {turns} (in brackets the middle half); all of it took {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
