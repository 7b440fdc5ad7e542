"""A program on a pseudo-terminal, as in an SSH login: its bytes, its screen, and how fast it answers a key."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from types import TracebackType

import pyte

F5, F6, UP, DOWN = b"\x1b[15~", b"\x1b[17~", b"\x1b[A", b"\x1b[B"

_CURSOR_TO = re.compile(rb"\x1b\[(\d+);(\d+)H")
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[?>=<][0-9;]*(?:\$p|[uqcmnt])|\x1bP[^\x1b]*\x1b\\")
_TORN = re.compile(rb"\x1b[^a-zA-Z~\\\x07]*\Z")
_TICK_S = 0.01


class Terminal:
    """Runs ``command`` until the ``with`` block ends. What it writes is taken in only by the methods that wait."""

    def __init__(self, command: Sequence[str], width: int = 120, height: int = 40) -> None:
        self._screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self._screen)
        self._pending = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        remote = ("SSH_CONNECTION", "SSH_TTY", "NO_COLOR")
        environment = {name: value for name, value in os.environ.items() if name not in remote}
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
            close_fds=True,
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.take(5.0, lambda _: self.process.poll() is not None)
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    @property
    def text(self) -> str:
        """The screen. Drawing it costs time, so it is done when somebody looks."""
        torn = _TORN.search(self._pending)
        end = torn.start() if torn else len(self._pending)
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", self._pending[:end]))
        self._pending = self._pending[end:]
        return "\n".join(self._screen.display)

    def take(self, seconds: float, stop: Callable[[bytes], bool] = lambda _: False) -> bytes:
        """What is written within so many seconds, or until ``stop`` of it holds."""
        taken, end = b"", time.perf_counter() + seconds
        while not stop(taken) and (left := end - time.perf_counter()) > 0:
            if select.select([self._master], [], [], min(left, _TICK_S))[0]:
                try:
                    data = os.read(self._master, 1 << 16)
                except OSError:  # the program has ended
                    break
                taken += data
                self._pending += data
        return taken

    def until(self, words: str, seconds: float = 60.0) -> float:
        """Wait for ``words`` on the screen; the seconds since the start of the program. Raises TimeoutError."""
        self.take(seconds, lambda _: words in self.text)
        now = time.perf_counter()
        if words not in self.text:
            raise TimeoutError(f"no {words!r} on the screen after {seconds:g} s:\n{self.text}")
        return now - self.began

    def press(self, key: bytes) -> None:
        os.write(self._master, key)

    def answer(self, key: bytes, title: str) -> float:
        """Seconds from a key to the first cell that is written into the pane with that title; at most 2."""
        lines = self.text.split("\n")
        top = next(row for row, line in enumerate(lines) if f"╭─ {title}" in line)
        left = lines[top].rindex("╭", 0, lines[top].index(f"╭─ {title}") + 1)
        right = lines[top].index("╮", left)
        bottom = next(row for row in range(top, len(lines)) if lines[row][left] == "╰")

        def is_inside(data: bytes) -> bool:
            places = ((int(row) - 1, int(column) - 1) for row, column in _CURSOR_TO.findall(data))
            return any(top <= row <= bottom and left <= column <= right for row, column in places)

        began = time.perf_counter()
        self.press(key)
        self.take(2.0, is_inside)
        return time.perf_counter() - began

    def resident(self) -> float | None:
        """Megabytes (10⁶) of memory that the program holds now; None where the system has no /proc."""
        try:
            with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        except OSError:
            return None
