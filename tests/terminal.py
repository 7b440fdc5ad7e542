"""A program on a pseudo-terminal, as an SSH login would have it, and what stands on its screen."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence

import pyte

KEYS = {
    "ctrl+c": "\x03",
    "ctrl+p": "\x10",
    "enter": "\r",
    "esc": "\x1b",
    "space": " ",
    "f5": "\x1b[15~",
    "f6": "\x1b[17~",
    "f8": "\x1b[19~",
    "up": "\x1b[A",
    "end": "\x1b[F",
}
RESTORED = {"the main screen": b"1049", "the mouse": b"1000", "all mouse moves": b"1003"}
PATIENCE_S = 120.0

# What pyte would print by mistake: queries, and modes that only change how keys are sent.
_NOISE = re.compile(rb"\x1b\[[?>=<][0-9;]*(?:\$p|[uqcmn])|\x1bP[^\x1b]*\x1b\\|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_UNFINISHED = re.compile(rb"\x1b[^A-Za-z~\\\x07]{0,40}$")


class Terminal:
    """Use it as a context: at its end the program is gone, whatever happened."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], columns: int = 120, lines: int = 40):
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._rest = self._written = b""
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._before = termios.tcgetattr(self._slave)
        self.process = subprocess.Popen(
            command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env={**environment, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that ctrl+c reaches it
        )

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def written(self) -> bytes:
        """Everything that the program has written so far."""
        return self._written

    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())
            self.read(0.1)

    def sees(self, *texts: str) -> None:
        """Wait until all of them stand on the screen."""
        self.until(lambda: all(text in self.text for text in texts), " and ".join(texts))

    def gone(self, text: str) -> None:
        """Wait until it no longer stands on the screen."""
        self.until(lambda: text not in self.text, f"the end of {text}")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, f"not seen: {what}\n{self.text}"
            self.read(0.05)

    def ends(self) -> int:
        """Wait for the program's end; its exit status."""
        self.until(lambda: self.process.poll() is not None, "the end of the program")
        self.read(0.1)
        return self.process.returncode

    def left_changed(self) -> list[str]:
        """What the program has not put back as it was."""
        changed = [name for name, mode in RESTORED.items() if self._last(mode, b"h") > self._last(mode, b"l")]
        if self._last(b"25", b"l") > self._last(b"25", b"h"):
            changed.append("the cursor")
        if termios.tcgetattr(self._slave) != self._before:
            changed.append("echo and line mode")
        return changed

    def read(self, seconds: float) -> None:
        """Take in what the program writes, for so long."""
        end = time.monotonic() + seconds
        while select.select([self._master], [], [], max(end - time.monotonic(), 0))[0]:
            data = self._rest + os.read(self._master, 65536)
            unfinished = _UNFINISHED.search(data)
            cut = unfinished.start() if unfinished else len(data)
            data, self._rest = data[:cut], data[cut:]
            self._written += data
            self._stream.feed(_NOISE.sub(b"", data))

    def _last(self, mode: bytes, switch: bytes) -> int:
        return self._written.rfind(b"?" + mode + switch)
