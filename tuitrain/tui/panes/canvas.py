"""CanvasPane: a pane that draws a snapshot as lines, seldom, and sends only what changed to the terminal."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from typing import ClassVar

from rich.style import Style
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tuitrain.runs.snapshot import Snapshot
from tuitrain.tui.strips import DARK, LIGHT, Palette, changed

_TILES = 6
_TURNS = itertools.count()


def drawings_per_second(environment: Mapping[str, str]) -> int:
    """4, or 2 where every byte goes through an SSH login."""
    return 2 if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY") else 4


class _Tile(Widget):
    """Some columns of a canvas.

    Textual repaints a changed span from the left edge of its widget: with the canvas in tiles, that is a
    few cells instead of half a row.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = "_Tile { width: 1fr; height: 1fr; }"

    def __init__(self, canvas: CanvasPane) -> None:
        super().__init__()
        self._canvas = canvas
        self._style = Style()

    def render_lines(self, crop: Region) -> list[Strip]:
        self._style = self.rich_style  # composed of those of all widgets around it: once, not for every line
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        left = self.region.x - self._canvas.content_region.x
        return self._canvas.line(y).crop(left, left + self.size.width).apply_style(self._style)


class CanvasPane(Widget, can_focus=True):
    """Subclasses implement ``draw``, and call ``redraw_soon`` when something else that it shows has changed.

    A pane is drawn at most ``drawings_per_second`` times, only while it is visible and only if what it
    shows has changed; at once after a change of size.
    """

    ALLOW_SELECT = False
    MOST_DRAWINGS_PER_SECOND: ClassVar[int] = 4
    DEFAULT_CSS = """
    CanvasPane {
        layout: horizontal;
        width: 1fr;
        height: 1fr;
        border: round $foreground 25%;
        border-title-color: $foreground 75%;
        &:focus { border: round $primary; border-title-color: $foreground; border-title-style: bold; }
        &.-ascii { border: ascii $foreground 25%; }
        &.-ascii:focus { border: ascii $primary; }
    }
    """
    snapshot: reactive[Snapshot] = reactive(Snapshot(), repaint=False, always_update=True)
    ascii_only: reactive[bool] = reactive(False, repaint=False, toggle_class="-ascii")

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Strip, ...] = ()
        self._tiles = tuple(_Tile(self) for _ in range(_TILES))
        self._stale = True

    def draw(self, size: Size) -> tuple[Strip, ...]:
        """Exactly ``size.height`` lines of exactly ``size.width`` cells."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield from self._tiles

    def line(self, y: int) -> Strip:
        """A line of the latest drawing; blank where the pane has grown since."""
        return self._lines[y] if y < len(self._lines) else Strip.blank(self.content_size.width)

    @property
    def palette(self) -> Palette:
        return DARK if self.app.current_theme.dark else LIGHT

    def show_titles(self, title: str, subtitle: str = "") -> None:
        """In the frame; Textual would paint the whole pane anew even for those that it has."""
        if (title, subtitle) != (self.border_title, self.border_subtitle or ""):
            self.border_title, self.border_subtitle = title, subtitle

    def redraw_soon(self) -> None:
        self._stale = True

    watch_ascii_only = redraw_soon

    @on(Resize)
    def redraw(self) -> None:
        """Draw now, and have only the changed cells repainted."""
        if not self.content_size:
            return
        self._stale = False
        old, self._lines = self._lines, self.draw(self.content_size)
        if [line.cell_length for line in old] != [line.cell_length for line in self._lines]:
            for tile in self._tiles:
                tile.refresh()
            return
        origin = self.content_region.offset
        for region in changed(old, self._lines):
            for tile in self._tiles:
                if part := tile.region.intersection(region.translate(origin)):
                    tile.refresh(part.translate(-tile.region.offset))

    def on_mount(self) -> None:
        rate = min(drawings_per_second(os.environ), self.MOST_DRAWINGS_PER_SECOND)
        # The panes take turns: all of them drawn in one go would keep a key waiting for 40 ms.
        self.set_timer(next(_TURNS) % 4 / 4 / rate + 0.001, lambda: self.set_interval(1 / rate, self._redraw_if_needed))
        self.app.theme_changed_signal.subscribe(self, lambda _: self.redraw_soon())

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        if new.version != old.version or new.started is not old.started:
            self.redraw_soon()

    def _redraw_if_needed(self) -> None:
        if self._stale and self.is_on_screen:
            self.redraw()


class ScrollingPane(CanvasPane):
    """A canvas of more rows than have room. Subclasses implement ``action_go``, and ``page``: the rows that have."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "go(-1)", show=False),
        Binding("down", "go(1)", show=False),
        Binding("pageup", "go_pages(-1)", show=False),
        Binding("pagedown", "go_pages(1)", show=False),
    ]

    @property
    def page(self) -> int:
        raise NotImplementedError

    def action_go(self, by: int) -> None:
        """Go so many rows down."""
        raise NotImplementedError

    def action_go_pages(self, pages: int) -> None:
        self.action_go(pages * self.page)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.action_go(-1)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.action_go(1)
