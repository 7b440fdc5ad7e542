"""The file descriptors of a trainer: what libraries print goes into trainer.log, never into a protocol."""

import os
import sys
from pathlib import Path
from typing import TextIO

from tuitrain.files import open_unlinked


def keep_stdout() -> TextIO:
    """The real stdout, for the caller alone: from now on everybody else's stdout is stderr."""
    sys.stdout.flush()
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return kept


def to_log(path: Path) -> None:
    """Send stdout and stderr, also those of native code, to the end of a file (see `open_unlinked`). Raises OSError."""
    sys.stdout.flush()
    sys.stderr.flush()
    log = open_unlinked(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def close_stdin() -> None:
    """Whoever reads stdin from now on finds its end."""
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(nothing, 0)
    os.close(nothing)
