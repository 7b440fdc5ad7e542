"""Stopping a run from outside: the command, what became of it, and the lock of a run that is stopping."""

import os
import time

from tuitrain.errors import Refused
from tuitrain.printable import printable
from tuitrain.runs import events as e
from tuitrain.runs.commands import Stop
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.follow import Follower
from tuitrain.runs.inbox import send
from tuitrain.runs.liveness import ago
from tuitrain.runs.log import EventReader
from tuitrain.runs.sentences import state_words
from tuitrain.runs.snapshot import LIVE

ANSWER_S = 5.0
"""A trainer answers within a tenth of a second, in the midst of a long step too."""
_TICK_S = 0.05


def stop(run: RunDirectory) -> tuple[bool, str]:
    """Whether the run is over or ends after its current step, and what to say.

    Raises:
        Refused: if the command cannot be left for the trainer.
        OSError: if the log cannot be read.
    """
    name = printable(run.name)
    follower = Follower(run)
    snapshot = follower.catch_up()
    if snapshot.state not in LIVE:
        return True, f"{name} is not running: {state_words(snapshot)}."
    answers = EventReader(run.events, _size(run))
    identity = send(run, Stop())
    end = time.monotonic() + ANSWER_S
    while time.monotonic() < end:
        for event in answers.read():
            match event:
                case e.CommandAccepted(id=answered) if answered == identity:
                    return True, f"{name} stops after its current step."
                case e.CommandRefused(id=answered, why=why) if answered == identity:
                    over = follower.catch_up().state not in LIVE
                    return over, f"{name} refused to stop: {printable(why)}."
        snapshot = follower.catch_up()
        if snapshot.state not in LIVE:
            return True, f"{name} is not running any more: {state_words(snapshot)}."
        time.sleep(_TICK_S)
    where = f" on {printable(snapshot.host)}" if snapshot.host else ""
    heard = f", {ago(snapshot.silence)}" if snapshot.silence else ""
    return False, (
        f"{name} was asked to stop, but its trainer{where} has not answered within {ANSWER_S:g} s{heard}. "
        "If it goes on, it stops then."
    )


def _size(run: RunDirectory) -> int:
    """Of the log; an answer can only be beyond."""
    try:
        return run.events.stat().st_size
    except FileNotFoundError:
        return 0


STOPPING_S = 60.0
"""How long a stopping trainer may take to write its last checkpoint."""

TAIL = 1 << 16
"""Bytes at the end of a log in which its last events are: a trainer that was asked to stop logs few more."""


def hold_when_stopped(directory: RunDirectory) -> int:
    """Take the lock of a run, once the trainer that holds it has stopped; gives its descriptor.

    Raises:
        Refused: if a trainer has the run that was not asked to stop, or has not stopped after STOPPING_S.
    """
    end = time.monotonic() + STOPPING_S
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
