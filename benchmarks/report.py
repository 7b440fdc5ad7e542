"""The tables that the benchmark prints."""

from __future__ import annotations

import contextlib
import os
import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles

from trainings import Net


@dataclass
class Watched:
    """What was seen on the terminal while it trained."""

    first_paint: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    first_step: list[float] = field(default_factory=list)
    traffic: dict[str, float] = field(default_factory=dict)
    keys: list[float] = field(default_factory=list)
    loss_shown: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Compared:
    """Steps per second, a number for each turn: those of one index were taken within seconds of each other."""

    bare: list[float]
    headless: list[float]
    unobserved: list[float]
    dashboard: list[float]


def ratio(ours: list[float], theirs: list[float]) -> str:
    """The median of the ratios of turns that follow each other, and the middle half of them."""
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    low, middle, high = quantiles(ratios, n=4, method="inclusive")
    return f"{middle:.3f} ({low:.2f} to {high:.2f})"


def speed_table(compared: dict[Net, Compared]) -> str:
    lines = [
        "| net | bare loop, steps/s | trainer, steps/s | with dashboard, steps/s | trainer / bare "
        "| with dashboard / bare | with / without observation |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for net, rates in compared.items():
        speeds = " | ".join(f"{median(one):,.0f}" for one in (rates.bare, rates.headless, rates.dashboard))
        ratios = (
            ratio(rates.headless, rates.bare),
            ratio(rates.dashboard, rates.bare),
            ratio(rates.headless, rates.unobserved),
        )
        lines.append(f"| {net} | {speeds} | {' | '.join(ratios)} |")
    return "\n".join(lines)


def screen_table(started: Watched, watched: Watched, plots_ms: float) -> str:
    traffic = {**started.traffic, **watched.traffic}
    memory = f"{max(watched.memory):.0f} MB" if watched.memory else "not known here"
    rows = [
        ("first paint after `tuitrain` + Enter", "≤ 0.8 s", f"{median(started.first_paint):.2f} s"),
        ("stand-by ready after `tuitrain` + Enter", "", f"{median(started.ready):.1f} s"),
        ("start key to first step, stand-by ready", "≤ 1 s", f"{median(started.first_step):.2f} s"),
        (f"key to redraw while training, p95 of {len(watched.keys)}", "≤ 50 ms", f"{1000 * p95(watched.keys):.0f} ms"),
        ("a single step's loss to the screen, p95", "≤ 0.6 s", f"{p95(watched.loss_shown):.2f} s"),
        *(
            (f"bytes to the terminal while training `{name}`, 120×40", "≤ 5 kB/s", f"{rate / 1000:.1f} kB/s")
            for name, rate in traffic.items()
        ),
        ("all four plots redrawn at 160×50", "≤ 25 ms", f"{plots_ms:.0f} ms"),
        ("memory of the dashboard's process", "≤ 120 MB", memory),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in (("what", "budget", "measured"), ("---",) * 3, *rows))


def p95(values: list[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


def machine(data: str, threads: int) -> str:
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return (
        f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"torch {version('torch')}, textual {version('textual')}; {threads} thread(s) everywhere; data: {data}."
    )
