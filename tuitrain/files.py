"""Openers for files that others may have put there: ``open(path, "rb", opener=open_regular)``.

A pipe in a file's place is waited for, a device such as /dev/zero never ends, and a link leads to a file that
somebody else chose. These openers raise OSError instead, with a ``strerror`` that can be shown.
"""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

Opener = Callable[[str, int], int]

PRIVATE = 0o600


def open_regular(path: str | Path, flags: int = os.O_RDONLY) -> int:
    """A descriptor of the regular file at ``path`` or where its links lead; one that is made is 0600. Raises OSError.

    For what a user names: experiments, data.
    """
    # Without O_NONBLOCK, opening a pipe would wait for its other end; of a regular file it changes nothing.
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY, PRIVATE)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))


def open_unlinked(path: str | Path, flags: int = os.O_RDONLY) -> int:
    """As `open_regular`, but not through a symbolic link at ``path`` itself. Raises OSError.

    For the files of a run: a link planted there would have a trainer write into whatever file it leads to.
    """
    try:
        return open_regular(path, flags | os.O_NOFOLLOW)
    except OSError as error:
        if os.path.islink(path):
            raise OSError(error.errno, "it is a symbolic link", str(path)) from None
        raise


def read_at_most(path: str | Path, most: int, opener: Opener = open_regular) -> bytes:
    """The content of a file of at most so many bytes; raises OSError if it is larger, or cannot be opened."""
    with open(path, "rb", buffering=0, opener=opener) as file:
        content = bytearray()
        while data := file.read(most + 1 - len(content)):
            content += data
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes", str(path))
    return bytes(content)
