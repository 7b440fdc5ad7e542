"""What the terminal can show, and the app that writes nothing else to it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from rich.color import ColorSystem
from textual.app import App
from textual.binding import Binding
from textual.filter import LineFilter

from tuitrain.tui.filters import Ascii, Harmless, Readable


def is_ascii_only(environment: Mapping[str, str]) -> bool:
    """Whether braille and block characters are not to be had: asked for, on a Linux console, or without UTF-8."""
    if environment.get("TUITRAIN_ASCII") or environment.get("TERM") == "linux":
        return True
    names = (environment.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next((name for name in names if name), "UTF-8")
    return locale not in ("C", "POSIX") and "UTF" not in locale.upper()


class TerminalApp(App[None]):
    """An app whose whole screen is harmless, readable in the colours that there are, and ASCII where it has to be."""

    def __init__(self) -> None:
        super().__init__()
        self.ascii_only = is_ascii_only(os.environ)
        filters: list[LineFilter] = [Harmless()]
        if self.ascii_only:
            filters.append(Ascii())
        if self.console.color_system == "standard" or self.no_color:
            few = self.console.color_system == "standard"
            filters.append(Readable(ColorSystem.STANDARD if few else ColorSystem.TRUECOLOR))
        self._terminal_filters = filters

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._terminal_filters]

    def get_key_display(self, binding: Binding) -> str:
        """Keys by a word where their signs are not to be had: ``enter`` for ⏎."""
        shown = super().get_key_display(binding)
        return shown if shown.isascii() or not self.ascii_only else binding.key
