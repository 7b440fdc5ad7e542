"""Events and commands as single lines of JSON, with their class under ``kind``."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import msgspec

from tuitrain.runs.commands import Command
from tuitrain.runs.events import FIGURES, Event, WindowCompleted
from tuitrain.runs.values import decoder, from_plain, parse_object, to_plain

T = TypeVar("T")

_EVENTS: dict[str, type[Event]] = {kind.__name__: kind for kind in Event.__subclasses__()}
_COMMANDS: dict[str, type[Command]] = {kind.__name__: kind for kind in Command.__subclasses__()}


class _Tagged(msgspec.Struct):
    """A line, of which only the kind is read."""

    kind: str


_tagged = decoder(_Tagged)
_decoder_of: Callable[[type], Callable[[bytes | str], Any]] = cache(decoder)
"""Made when a line of the kind is first read, because most programs read only some."""


def encode(value: Event | Command) -> str:
    """One line of ``events.jsonl``, without its newline, or the content of a file in ``commands/``."""
    plain = {"kind": type(value).__name__, **to_plain(type(value), value)}
    return json.dumps(plain, separators=(",", ":"), allow_nan=False)


def decode(line: bytes | str) -> Event | None:
    """The event of a line, None if its kind is unknown (a newer log). Raises ValueError on an unreadable line."""
    return _decode(line, _EVENTS)


def decode_command(line: bytes | str) -> Command | None:
    """The command of a file, None if its kind is unknown. Raises ValueError if it is unreadable."""
    return _decode(line, _COMMANDS)


def _decode(line: bytes | str, kinds: dict[str, type[T]]) -> T | None:
    kind = kinds.get(_tagged(line).kind)
    if kind is None:
        return None
    try:
        value: T = _decoder_of(kind)(line)
    except ValueError:
        plain = parse_object(line)
        if (upgraded := _upgraded(plain)) == plain:
            raise
        value = from_plain(kind, upgraded)
    return value


def _upgraded(plain: dict[str, Any]) -> dict[str, Any]:
    """A line from before metrics had names: those without a meaning are null, those of a window beside its loss."""
    if plain["kind"] == WindowCompleted.__name__ and "figures" not in plain:
        plain = {**plain, "figures": {name: plain.get(name) for name in ("accuracy", "mae")}}
    named = {field: plain[field] for field in FIGURES if isinstance(plain.get(field), dict)}
    known = {field: {key: one for key, one in figures.items() if one is not None} for field, figures in named.items()}
    return {**plain, **known}
