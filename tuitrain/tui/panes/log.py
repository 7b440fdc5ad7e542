"""LogPane: what happened, in sentences."""

import time
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip

from tuitrain.runs.snapshot import Snapshot
from tuitrain.tui.fitting import wrapped
from tuitrain.tui.panes.canvas import ScrollingPane
from tuitrain.tui.strips import to_strip

STYLES = {"info": "", "warning": "yellow", "error": "bold red"}


class LogPane(ScrollingPane):
    """The log lines of the run, oldest first. ``back`` is how many rows below the shown ones are hidden."""

    MOST_DRAWINGS_PER_SECOND = 1  # a line more moves all lines: the dearest of the panes
    BINDINGS: ClassVar[list[BindingType]] = [Binding("end", "go(100000)", show=False)]
    BORDER_TITLE = "Log"
    HELP = """\
# Log

What happened, newest at the bottom: the figures of every epoch, checkpoints, changes of the learning rate, pauses.
The arrow keys scroll. What the trainer itself printed is in `trainer.log` in the run's directory.
"""

    back: reactive[int] = reactive(0, repaint=False)

    def draw(self, size: Size) -> tuple[Strip, ...]:
        rows = list(islice(self._newest_first(size.width), self.back + size.height))
        first = max(min(self.back, len(rows) - size.height), 0)
        shown = rows[first : first + size.height][::-1]
        return (*shown, *[Strip.blank(size.width)] * (size.height - len(shown)))

    def _newest_first(self, width: int) -> Iterator[Strip]:
        """The rows of all lines from the last one up: a line that has no room in one row goes on in the next."""
        for line in reversed(self.snapshot.log):
            clock = time.strftime("%H:%M:%S ", time.localtime(line.at))
            first, *others = wrapped(line.text, width - len(clock))
            style = STYLES[line.level]
            for text in reversed(others):
                yield to_strip([(" " * len(clock), ""), (text, style)], width)
            yield to_strip([(clock, self.palette.quiet), (first, style)], width)

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        super().watch_snapshot(old, new)
        if new.state != old.state:
            self.redraw()

    def watch_back(self) -> None:
        self.border_subtitle = f"{self.back} newer lines below" if self.back else ""
        self.redraw()

    @property
    def page(self) -> int:
        return max(self.content_size.height - 1, 1)

    def action_go(self, by: int) -> None:
        width, height = self.content_size
        most = max(sum(1 for _ in self._newest_first(width)) - height, 0)
        self.back = max(0, min(self.back - by, most))
