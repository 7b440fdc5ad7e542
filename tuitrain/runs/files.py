"""Files that matter: written beside and renamed, so that a reader sees the old or the new content and nothing else."""

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from tuitrain.files import open_unlinked, read_at_most
from tuitrain.runs.values import parse_object

LARGEST_JSON = 1 << 20
"""Bytes: far more than any file has that is read whole, but for history.json."""


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Replace ``path`` by ``text`` (0600; ``durable``: it outlives a power cut). Raises OSError, ``path`` as it was."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    if durable:
        sync(path.parent)


def write_json(path: Path, document: Any, *, indent: int | None = 2) -> None:
    """`write_text` of a JSON document. Raises ValueError on a number that is not finite."""
    write_text(path, json.dumps(document, indent=indent, allow_nan=False) + "\n")


def read_json(path: Path, most: int = LARGEST_JSON) -> dict[str, Any]:
    """The JSON object in ``path``, of at most so many bytes.

    Raises OSError if it cannot be read (see `open_unlinked`), ValueError if it is none.
    """
    return parse_object(read_at_most(path, most, open_unlinked))


def sync(path: Path) -> None:
    """Have what was written to this file, or renamed in this directory, on the disk before returning."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritten(path: Path, error: OSError) -> str:
    """That a file could not be written, why, and the remedy."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    remedy = "Free some space." if is_full else "See to it that the run's directory is there and can be written."
    return f"{path}: cannot be written ({error.strerror or error}). {remedy}"
