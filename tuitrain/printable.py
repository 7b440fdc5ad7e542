"""Text from outside, made harmless: everything that goes to a terminal goes through `printable` first.

Names of files and layers, log lines and messages can hold control characters. A terminal obeys them: they clear its
screen, set its title, turn text around, or fill its clipboard.
"""

import contextlib
import io
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, cast

_KEPT = frozenset("\n\t\u200c\u200d")
"""Line ends and tabs, and the joiners that Persian, Hindi and emoji are written with."""

_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of control and format characters, lone surrogates, and separators of lines and paragraphs."""


def printable(text: str) -> str:
    r"""The text with every character that could steer a terminal as its Python escape: ESC becomes ``\x1b``.

    A lone surrogate, which stands for an undecodable byte of a file name, becomes ``\udcff`` and so can be encoded.
    """
    if text.isprintable():
        return text
    return "".join(one if _is_harmless(one) else one.encode("unicode_escape").decode() for one in text)


def _is_harmless(character: str) -> bool:
    return character in _KEPT or unicodedata.category(character) not in _STEERING


class PrintableStream:
    """A text stream on its way to ``stream``: what is written is made harmless, and what cannot be encoded escaped."""

    def __init__(self, stream: TextIO) -> None:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(printable(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def printable_stream(stream: TextIO) -> TextIO:
    """See `PrintableStream`."""
    return cast(TextIO, PrintableStream(stream))


@contextlib.contextmanager
def printable_output() -> Iterator[None]:
    """Everything that is printed meanwhile is made harmless; a stream that this process has not stays None."""
    with contextlib.ExitStack() as stack:
        if sys.stdout is not None:
            stack.enter_context(contextlib.redirect_stdout(printable_stream(sys.stdout)))
        if sys.stderr is not None:
            stack.enter_context(contextlib.redirect_stderr(printable_stream(sys.stderr)))
        yield


def exact(stream: TextIO) -> TextIO:
    """For a file's text that must come out as it is: the stream without `PrintableStream`, but for a terminal's."""
    return stream._stream if isinstance(stream, PrintableStream) and not stream.isatty() else stream
