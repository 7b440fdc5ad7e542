"""The lock of a run that goes on: a trainer that is stopping is waited for, one that trains is not."""

import os
import time

from tuitrain.errors import Refused
from tuitrain.runs import events as e
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.log import EventReader

PATIENCE_S = 60.0
"""How long a stopping trainer may take to write its last checkpoint."""

TAIL = 1 << 16
"""Bytes at the end of a log in which its last events are: a trainer that was asked to stop logs few more."""


def hold_when_stopped(directory: RunDirectory) -> int:
    """Take the lock of a run, once the trainer that holds it has stopped; gives its descriptor.

    Raises:
        Refused: if a trainer has the run that was not asked to stop, or has not stopped after PATIENCE_S.
    """
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return directory.hold_lock()  # tries for a second
        except Refused:
            if not directory.is_held():
                return directory.hold_lock()  # it was let go just now, or it cannot be taken here
            if time.monotonic() >= end or not _is_stopping(directory):
                raise


def _is_stopping(directory: RunDirectory) -> bool:
    """Whether the log's last life was asked to stop, or is over."""
    try:
        reader = EventReader(directory.events, max(0, os.path.getsize(directory.events) - TAIL))
        events = reader.read()
        while not reader.caught_up:
            events += reader.read()
    except OSError:
        return False
    stopping = False
    for event in events:
        match event:
            case e.RunStarted() | e.RunContinued():
                stopping = False
            case e.CommandAccepted(command="Stop") | e.RunFinished():
                stopping = True
    return stopping
