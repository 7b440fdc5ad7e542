"""What a program writes to a terminal, byte by byte."""

import os
import pty
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 120.0


@dataclass(frozen=True)
class Written:
    """``text`` is what reached the terminal; a byte that is no UTF-8 is a lone surrogate in it."""

    text: str
    status: int


def on_terminal(command: Sequence[str | bytes], environment: Mapping[str, str], cwd: Path) -> Written:
    """Run a command to its end with a pseudo-terminal for its output."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env={**environment, "TERM": "xterm"}, cwd=cwd
    ) as process:
        os.close(slave)
        written = b""
        try:
            while data := os.read(master, 65536):
                written += data
        except OSError:  # Linux says so when the last one has closed it
            pass
        finally:
            os.close(master)
            try:
                process.wait(PATIENCE_S)
            finally:
                process.kill()
    # The terminal itself puts a carriage return before each line end.
    return Written(written.replace(b"\r\n", b"\n").decode(errors="surrogateescape"), process.returncode)
