"""RunBar: the state of the run, how far it is, how fast, and for how long still."""

import re
from collections.abc import Iterator

from rich.cells import cell_len
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip

from tuitrain.metrics import said
from tuitrain.runs.liveness import ago
from tuitrain.runs.snapshot import LIVE, Snapshot
from tuitrain.tui.fitting import joined, one_line, shortened
from tuitrain.tui.panes.canvas import CanvasPane
from tuitrain.tui.phases import RunStatus
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
LEAST_BAR, LONGEST_BAR = 8, 60
LEAST_FIGURES = 12
"""Cells in which a figure can be said beside a remark."""
_DATE = re.compile(r"^\d{8}-\d{6}-")


class RunBar(CanvasPane, can_focus=False):
    """Two lines on top of the dashboard."""

    MOST_DRAWINGS_PER_SECOND = 2
    DEFAULT_CSS = "RunBar, RunBar.-ascii { border: none; height: 2; padding: 0 1; }"

    status: reactive[RunStatus] = reactive(RunStatus(), repaint=False)

    def draw(self, size: Size) -> tuple[Strip, ...]:
        width, status = size.width, self.status
        if status.has_run:
            lines = [self._progress_line(width), self._figures_line(width)]
        else:
            badge = (" ready ", "bold black on green") if status.ready else (" wait ", "bold black on yellow")
            name = (shortened(f" {status.name}", width - len(badge[0])), "bold")
            lines = [[badge, name], [(with_remedy(status.idle, width), self.palette.quiet)]]
        return tuple(to_strip(line, size.width) for line in lines)[: size.height]

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        super().watch_snapshot(old, new)
        if new.state != old.state:
            self.redraw()

    watch_status = CanvasPane.redraw_soon

    def _progress_line(self, width: int) -> list[Span]:
        """The badge, then the name, the bar and the time left, each as far as the epoch leaves room for it."""
        snapshot, started = self.snapshot, self.snapshot.started
        label, style = STATES[snapshot.state]
        if snapshot.silence and snapshot.state in LIVE:
            style = STATES["preparing"][1]  # nobody knows whether it still trains
        badge, room = (f" {label} ", style), width - cell_len(label) - 2
        done = min(snapshot.step / started.total_steps, 1) if started and started.total_steps else 0
        epoch = min(int(snapshot.epoch) + 1, started.epochs) if started else 0
        progress = f" {int(done * 100):3}%  epoch {epoch:,}/{started.epochs:,}" if started else ""
        eta = f"  {_eta(snapshot)}"
        if cell_len(progress) + len(eta) > room:
            eta = ""
        room -= cell_len(progress) + len(eta)
        name = self.status.name if width >= NARROW else _DATE.sub("", self.status.name)
        name = shortened(f" {name}  ", room - LEAST_BAR if room >= 2 * LEAST_BAR else room)
        line: list[Span] = [badge, (name, "bold")]
        if started:
            bar, rest = ("━", "─") if not self.ascii_only else ("#", "-")
            length = max(min(room - cell_len(name), LONGEST_BAR), 0)
            full, quiet = round(done * length), self.palette.quiet
            line += [(bar * full, "bold green"), (rest * (length - full), quiet), (progress, ""), (eta, quiet)]
        return line

    def _figures_line(self, width: int) -> list[Span]:
        """For how long nothing was heard of the run, and what is remarked, have room before most of the figures."""
        heard = f"{ago(self.snapshot.silence)}  " if self.snapshot.silence else ""
        width -= cell_len(heard)
        remark = with_remedy(self.status.remark, width * 2 // 3)
        room = width - cell_len(remark) - 2 if remark else width
        pieces, ranks = zip(*_figures(self.snapshot, room), strict=True)
        text = joined(pieces, room, ranks=ranks) if room > LEAST_FIGURES else ""
        return [
            (heard, "bold yellow"),
            (text, self.palette.quiet),
            ("  " if text and remark else "", ""),
            (remark, "yellow"),
        ]


def _figures(snapshot: Snapshot, width: int) -> Iterator[tuple[str, int]]:
    """What there is to say of a run, and with which rank: where room is short, the highest is left out first."""
    started, window = snapshot.started, snapshot.window
    if not started:
        yield "waiting for the first event", 0
        return
    yield f"step {snapshot.step:,}/{started.total_steps:,}", 1
    if window:
        yield f"{window.samples_per_second:,.0f} samples/s", 5
        if window.data_wait >= 0.05:
            yield f"waiting for data {window.data_wait:.0%}", 4
    if validation := snapshot.last_validation:
        values = [f"{name} {value:.4f}" for name, value in said("validation", validation) if name != "loss"]
        if values:
            yield f"validation {', '.join(values)}", 3
    threads = f"cpu, {started.threads} thread{'s'[: started.threads != 1]}"
    device = started.device if started.device != "cpu" else threads
    yield f"{device} on {snapshot.host}" if snapshot.host else device, 6
    if window and window.memory:
        yield f"{window.memory / 2**20:,.0f} MiB", 7
    if snapshot.finished:
        yield with_remedy(snapshot.finished.reason, width), 0
    if snapshot.skipped:
        yield f"{snapshot.skipped:,} unreadable log lines skipped", 2
    if window and window.clipped is not None:
        yield f"clipped {window.clipped:.0%}", 8


def with_remedy(sentences: str, width: int) -> str:
    """What has room of a reason and its remedy: all, or else the last sentence, which says what to do.

    The log has it in full.
    """
    text = one_line(sentences)
    if cell_len(text) <= width:
        return text
    last = re.split(r"(?<=[.!?]) ", text)[-1]
    return shortened(last, width)


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
