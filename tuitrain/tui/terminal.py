"""What the terminal can show, and the app that writes nothing else to it.

Textual applies the filters to every line of every widget, its borders, titles and scroll bars included. They keep the
width of each line.
"""

import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.binding import Binding
from textual.color import Color
from textual.filter import LineFilter

from tuitrain.printable import printable

LEAST_CONTRAST = 3.0
"""Of letters with what is behind them; what the WCAG asks of large letters."""

_ASCII = {
    **dict.fromkeys("▼▾⭘↓", "v"),
    **dict.fromkeys("▲▴↑", "^"),
    **dict.fromkeys("▶►▸→⏎", ">"),
    **dict.fromkeys("◀◄◂←", "<"),
    **dict.fromkeys("•●◉★✓", "*"),
    **dict.fromkeys("×✗✕✖╳", "x"),
    **dict.fromkeys("─━═╌┄┈╴╶╸╺▔▁▂▃▄▀—–‑−", "-"),
    **dict.fromkeys("│┃║╎┆┊╵╷╹╻▏▎▍▌▋▊▉▐▕‖┤├", "|"),
    **dict.fromkeys("█■▇▆▅", "#"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    "…": "~",
    "·": ".",
    "∂": "d",
    "±": "+",
    "≥": ">",
    "≤": "<",
}


class Harmless(LineFilter):
    """Takes out what could steer the terminal, and links. Names and texts are escaped before, where they are drawn."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [_harmless(segment) for segment in segments]


class Ascii(LineFilter):
    """Writes every other character as one of ASCII that looks alike."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(_mapped(segment.text, _ascii), segment.style)
            for segment in segments
        ]


class Readable(LineFilter):
    """Makes letters black or white where the colours that the terminal has leave them too little contrast.

    Colours that differ in a palette of millions are the same in one of sixteen.
    """

    def __init__(self, system: ColorSystem) -> None:
        super().__init__()
        self._system = system

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        behind = background.rich_color
        return [
            segment
            if segment.style is None or not any(map(str.isalnum, segment.text))
            else Segment(segment.text, _readable(segment.style, behind, self._system))
            for segment in segments
        ]


def _harmless(segment: Segment) -> Segment:
    text, style = segment.text, segment.style
    if style is not None and style.link:
        style = style.update_link(None)
    elif text.isprintable():
        return segment
    return Segment(_mapped(text, _shown), style)


def _mapped(text: str, change: Callable[[str], str]) -> str:
    return set_cell_size("".join(change(character) for character in text), cell_len(text))


@lru_cache(maxsize=1024)
def _shown(character: str) -> str:
    if character not in "\n\t" and printable(character) == character:
        return character
    return "?" * cell_len(character)


@lru_cache(maxsize=1024)
def _ascii(character: str) -> str:
    if character.isascii():
        return character
    width = cell_len(character)
    known = _ASCII.get(character) or ("+" if unicodedata.name(character, "").startswith("BOX DRAWINGS") else "")
    base = unicodedata.normalize("NFKD", character)[0]
    return (known or (base if base.isascii() else "?"))[:width].ljust(width, "?")


@lru_cache(maxsize=4096)
def _readable(style: Style, background: RichColor, system: ColorSystem) -> Style:
    letters, behind = style.color, style.bgcolor or background
    if letters is None or letters.is_default or behind.is_default:
        return style
    shown, back = (_luminance(color, system) for color in (letters, behind))
    if _contrast(shown, back) >= LEAST_CONTRAST:
        return style
    better = max((0.0, "black"), (1.0, "bright_white"), key=lambda choice: _contrast(choice[0], back))
    return style + Style(color=better[1], dim=False)


def _luminance(color: RichColor, system: ColorSystem) -> float:
    """The relative luminance of WCAG 2 of the colour that the terminal has for it."""
    channels = (channel / 255 for channel in color.downgrade(system).get_truecolor())
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


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
