"""The lock of a run: an flock that the kernel lets go when the trainer dies, however it dies.

A pid proves nothing (it may be a zombie's, or another program's by now); the lock does.
"""

import fcntl
import os
import time
from pathlib import Path

from tuitrain.errors import Refused
from tuitrain.files import open_unlinked

_TRIES = 20
_WAIT_S = 0.05


def hold(path: Path) -> int:
    """Take the lock for as long as this process lives, or until the returned descriptor is closed.

    Tries for a second, because a viewer's look (`is_held`) may be in the way for an instant.
    Raises Refused if another trainer has it, or if it cannot be taken here.
    """
    try:
        descriptor = open_unlinked(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise Refused(f"{path}: cannot be opened ({error.strerror}). Is the run's directory yours to write?") from None
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            time.sleep(_WAIT_S)
        except OSError as error:
            os.close(descriptor)
            raise Refused(
                f"{path}: this file system has no locks ({error.strerror}). Point TUITRAIN_RUNS to another one."
            ) from None
    os.close(descriptor)
    raise Refused(f"{path.parent.name} is being trained by another process. Attach to it, or stop it first.")


def is_held(path: Path) -> bool:
    """Whether a trainer on this host holds the lock."""
    try:
        descriptor = open_unlinked(path)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False  # without locks on this file system nobody holds one
    finally:
        os.close(descriptor)
