"""Events and commands as single lines of JSON, with their class under ``kind``."""

from __future__ import annotations

import json
from typing import TypeVar, get_args

from tuitrain.runs.commands import Command
from tuitrain.runs.events import Event
from tuitrain.runs.plain import from_plain, parse_object, to_plain

T = TypeVar("T")

_EVENTS: dict[str, type[Event]] = {kind.__name__: kind for kind in Event.__subclasses__()}
_COMMANDS: dict[str, type[Command]] = {kind.__name__: kind for kind in get_args(Command)}


def encode(event: Event) -> str:
    """One line of ``events.jsonl``, without its newline."""
    return _encode(event)


def decode(line: bytes | str) -> Event | None:
    """The event of a line, None if its kind is unknown (a newer log). Raises ValueError on an unreadable line."""
    return _decode(line, _EVENTS)


def encode_command(command: Command) -> str:
    """The content of a file in ``commands/``."""
    return _encode(command)


def decode_command(line: bytes | str) -> Command | None:
    """The command of a file, None if its kind is unknown. Raises ValueError if it is unreadable."""
    return _decode(line, _COMMANDS)


def _encode(value: object) -> str:
    plain = {"kind": type(value).__name__, **to_plain(type(value), value)}
    return json.dumps(plain, separators=(",", ":"), allow_nan=False)


def _decode(line: bytes | str, kinds: dict[str, type[T]]) -> T | None:
    plain = parse_object(line)
    kind = kinds.get(from_plain(str, plain.get("kind")))
    return None if kind is None else from_plain(kind, plain)
