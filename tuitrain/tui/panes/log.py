"""LogPane: what happened, in sentences."""

from __future__ import annotations

import time
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip

from tuitrain.runs.snapshot import LogLine, Snapshot
from tuitrain.tui.panes.canvas import CanvasPane
from tuitrain.tui.strips import fit, to_strip

STYLES = {"info": "", "warning": "yellow", "error": "bold red"}


class LogPane(CanvasPane):
    """The log lines of the run, oldest first. ``back`` is how many lines below the shown ones are hidden."""

    MOST_DRAWINGS_PER_SECOND = 1  # a line more moves all lines: the dearest of the panes
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_lines(1)", show=False),
        Binding("down", "scroll_lines(-1)", show=False),
        Binding("pageup", "scroll_pages(1)", show=False),
        Binding("pagedown", "scroll_pages(-1)", show=False),
        Binding("end", "scroll_lines(-100000)", show=False),
    ]
    HELP = """\
# Log

What happened, newest at the bottom: the figures of every epoch, checkpoints, changes of the learning rate, pauses.
The arrow keys scroll. What the trainer itself printed is in `trainer.log` in the run's directory.
"""

    back: reactive[int] = reactive(0, repaint=False)

    def on_mount(self) -> None:
        self.border_title = "Log"

    def draw(self, size: Size) -> tuple[Strip, ...]:
        lines = self.snapshot.log
        end = max(len(lines) - self.back, min(len(lines), size.height))
        shown = [self._strip(line, size.width) for line in lines[max(end - size.height, 0) : end]]
        return (*shown, *[Strip.blank(size.width)] * (size.height - len(shown)))

    def _strip(self, line: LogLine, width: int) -> Strip:
        clock = time.strftime("%H:%M:%S ", time.localtime(line.at))
        return to_strip([(clock, self.palette.quiet), (fit(line.text, width - len(clock)), STYLES[line.level])], width)

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        super().watch_snapshot(old, new)
        if new.state != old.state and self.is_mounted:
            self.redraw()

    def watch_back(self) -> None:
        if self.is_mounted:
            self.border_subtitle = f"{self.back} newer lines below" if self.back else ""
            self.redraw()

    def action_scroll_lines(self, by: int) -> None:
        most = max(len(self.snapshot.log) - self.content_size.height, 0)
        self.back = max(0, min(self.back + by, most))

    def action_scroll_pages(self, by: int) -> None:
        self.action_scroll_lines(by * max(self.content_size.height - 1, 1))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.action_scroll_lines(1)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.action_scroll_lines(-1)
