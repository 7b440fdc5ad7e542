"""RunBar: the state of the run, how far it is, how fast, and for how long still."""

from __future__ import annotations

from dataclasses import dataclass

from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip

from tuitrain.printable import printable
from tuitrain.runs.liveness import ago
from tuitrain.runs.sentences import named_figures
from tuitrain.runs.snapshot import LIVE, Snapshot
from tuitrain.tui.panes.canvas import CanvasPane
from tuitrain.tui.strips import Span, to_strip

STATES = {
    "running": ("▶ training", "bold black on green"),
    "paused": ("‖ paused", "bold black on yellow"),
    "finished": ("✓ finished", "bold black on cyan"),
    "stopped": ("■ stopped", "bold black on cyan"),
    "failed": ("✗ failed", "bold white on red"),
    "diverged": ("✗ diverged", "bold white on red"),
    "lost": ("✗ trainer gone", "bold white on red"),
    "preparing": ("… preparing", "bold black on yellow"),
}


NARROW = 100
"""Below this width the time is left out of a run's name, to the good of the progress bar."""


@dataclass(frozen=True)
class Idle:
    """What is said while there is no run: whether the trainer in stand-by can start at once."""

    text: str
    ready: bool = False


class RunBar(CanvasPane, can_focus=False):
    """Two lines on top of the dashboard."""

    MOST_DRAWINGS_PER_SECOND = 2
    DEFAULT_CSS = "RunBar, RunBar.-ascii { border: none; height: 2; padding: 0 1; }"

    has_run: reactive[bool] = reactive(False, repaint=False)
    idle: reactive[Idle] = reactive(Idle("the trainer is getting ready"), repaint=False)
    run_name: reactive[str] = reactive("", repaint=False)
    remark: reactive[str] = reactive("", repaint=False)

    def draw(self, size: Size) -> tuple[Strip, ...]:
        lines = self._run_lines(size.width) if self.has_run else self._idle_lines()
        return tuple(to_strip(line, size.width) for line in lines)[: size.height]

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        super().watch_snapshot(old, new)
        if new.state != old.state and self.is_mounted:
            self.redraw()

    def watch_has_run(self) -> None:
        self.redraw_soon()

    def watch_idle(self) -> None:
        self.redraw_soon()

    def watch_run_name(self) -> None:
        self.redraw_soon()

    def watch_remark(self) -> None:
        self.redraw_soon()

    def _idle_lines(self) -> list[list[Span]]:
        badge = (" ready ", "bold black on green") if self.idle.ready else (" wait ", "bold black on yellow")
        return [[badge, (f" {self.run_name}", "bold")], self._second(self.idle.text)]

    def _run_lines(self, width: int) -> list[list[Span]]:
        snapshot, started = self.snapshot, self.snapshot.started
        label, style = STATES[snapshot.state]
        heard = f"{ago(snapshot.silence)}  " if snapshot.silence else ""
        if heard and snapshot.state in LIVE:
            style = STATES["preparing"][1]  # nobody knows whether it still trains
        bar, rest = ("━", "─") if not self.ascii_only else ("#", "-")
        name = self.run_name if width >= NARROW else self.run_name[len("20260101-000000-") :]
        line = [(f" {label} ", style), (f" {name}  ", "bold")]
        if started:
            done = min(snapshot.step / started.total_steps, 1) if started.total_steps else 0
            epoch = min(int(snapshot.epoch) + 1, started.epochs)
            after, eta = f" {done:4.0%}  epoch {epoch}/{started.epochs}  ", _eta(snapshot)
            room = max(min(width - sum(len(text) for text, _ in line) - len(after) - len(eta), 60), 8)
            full = round(done * room)
            quiet = self.palette.quiet
            line += [(bar * full, "bold green"), (rest * (room - full), quiet), (after, ""), (eta, quiet)]
        room = width - len(self.remark) - 2 - len(heard)
        figures = self._second(_that_fits(_figures(snapshot), _clipped(snapshot), room))
        return [line, [(heard, "bold yellow"), *figures]]

    def _second(self, text: str) -> list[Span]:
        return [(text, self.palette.quiet), (f"  {self.remark}" if self.remark else "", "yellow")]


def _figures(snapshot: Snapshot) -> list[str]:
    started, window = snapshot.started, snapshot.window
    if not started:
        return ["waiting for the first event"]
    figures = [f"step {snapshot.step:,}/{started.total_steps:,}"]
    if window:
        figures.append(f"{window.samples_per_second:,.0f} samples/s")
        if window.data_wait >= 0.05:
            figures.append(f"waiting for data {window.data_wait:.0%}")
    if validation := snapshot.last_validation:
        said = [f"{name} {value:.4f}" for name, value in named_figures(validation) if name != "loss"]
        figures += [f"validation {', '.join(said)}"] if said else []
    figures.append(
        started.device if started.device != "cpu" else f"cpu, {started.threads} thread{'s'[: started.threads != 1]}"
    )
    if snapshot.host:
        figures[-1] += f" on {printable(snapshot.host)}"
    if window and window.memory:
        figures.append(f"{window.memory / 2**20:,.0f} MiB")
    if snapshot.finished:
        figures.append(snapshot.finished.reason)
    if snapshot.skipped:
        figures.append(f"{snapshot.skipped} unreadable log lines skipped")
    return figures


def _clipped(snapshot: Snapshot) -> str:
    clipped = snapshot.window.clipped if snapshot.window else None
    return "" if clipped is None else f"clipped {clipped:.0%}"


def _that_fits(figures: list[str], dispensable: str, width: int) -> str:
    """The figures, and one more where there is room for it."""
    text, longer = "  ".join(figures), "  ".join([*figures, dispensable])
    return longer if dispensable and len(longer) <= width else text


def _eta(snapshot: Snapshot) -> str:
    started = snapshot.started
    if not started or not snapshot.step or snapshot.silence or snapshot.state not in ("running", "paused"):
        return f"took {_duration(snapshot.elapsed)}" if snapshot.finished else ""
    left = snapshot.elapsed / snapshot.step * (started.total_steps - snapshot.step)
    return f"{_duration(left)} left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
