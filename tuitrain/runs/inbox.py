"""``commands/``: requests in, one small file each, which is removed once the log has the answer."""

import itertools
import os
import secrets
import time
from dataclasses import dataclass

from tuitrain.errors import Refused
from tuitrain.files import open_unlinked
from tuitrain.runs.codec import decode_command, encode
from tuitrain.runs.commands import Command
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.files import write_text

_SUFFIX = ".json"
_LIMIT = 4096
_count = itertools.count()


def send(directory: RunDirectory, command: Command) -> str:
    """Ask the trainer for something; returns the id that its answer will carry. Ids sort by time.

    Raises Refused if the run's directory cannot be written.
    """
    identity = f"{time.time_ns():020d}-{next(_count):06d}-{secrets.token_hex(4)}"
    try:
        write_text(directory.commands / f"{identity}{_SUFFIX}", encode(command), durable=False)
    except OSError as error:
        raise Refused(
            f"{directory.commands}: cannot leave a command there ({error.strerror}). Is the run yours, the disk full?"
        ) from None
    return identity


@dataclass(frozen=True)
class Request:
    """A command that came in, or why it cannot be obeyed (then ``command`` is None)."""

    id: str
    command: Command | None
    why: str = ""


class Inbox:
    """The trainer's side. Every id is handed out once, by `poll` or by `refuse_leftovers`.

    Answer it with an event first and call `answered` then: a trainer that dies in between leaves
    the file to its next life, which refuses it, so nothing is obeyed twice.
    """

    def __init__(self, directory: RunDirectory) -> None:
        self._path = directory.commands
        self._seen: set[str] = set()

    def refuse_leftovers(self) -> list[str]:
        """The ids that were sent to an earlier life of this run: to be refused."""
        return self._new()

    def poll(self) -> list[Request]:
        """What has come since the last time, oldest first."""
        return [self._read(identity) for identity in self._new()]

    def answered(self, identity: str) -> None:
        """The answer is in the log: remove the request."""
        try:
            (self._path / f"{identity}{_SUFFIX}").unlink(missing_ok=True)
        except OSError:
            return  # it stays, but among the seen
        self._seen.discard(identity)

    def _new(self) -> list[str]:
        try:
            with os.scandir(self._path) as entries:
                found = [entry.name.removesuffix(_SUFFIX) for entry in entries if _is_request(entry)]
        except OSError:
            return []
        new = sorted(identity for identity in found if identity not in self._seen)
        self._seen.update(new)
        return new

    def _read(self, identity: str) -> Request:
        try:
            with open(self._path / f"{identity}{_SUFFIX}", "rb", opener=open_unlinked) as file:
                command = decode_command(file.read(_LIMIT))
        except (OSError, ValueError) as error:
            return Request(identity, None, f"cannot be read: {error}")
        return Request(identity, command, "" if command else "this version of tuitrain does not know this command")


def _is_request(entry: os.DirEntry[str]) -> bool:
    """Hidden files are still being written; what is no file was not left by `send`."""
    return entry.name.endswith(_SUFFIX) and not entry.name.startswith(".") and entry.is_file(follow_symlinks=False)
