"""Frozen values to plain JSON values and back, from their type annotations alone.

Dataclasses become objects, tuples and named tuples arrays; a float that is not finite becomes
``"nan"``, ``"inf"`` or ``"-inf"``, because JSON has no such numbers.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Hashable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class Rounded:
    """Marks a float that is written only as precisely as the format ``spec`` says."""

    spec: str


Measured = Annotated[float, Rounded(".4g")]
"""A statistic: four significant digits."""
Milliseconds = Annotated[float, Rounded(".3f")]
"""A time in seconds, to the millisecond."""


def to_plain(kind: Any, value: object) -> Any:
    """``value``, an instance of the annotation ``kind``, as what ``json.dumps`` takes."""
    return _encoder(kind)(value)


def from_plain(kind: type[T], plain: object) -> T:
    """The inverse of `to_plain`; unknown fields are ignored. Raises ValueError where ``plain`` does not fit."""
    decode: Callable[[object], T] = _decoder(cast(Hashable, kind))
    return decode(plain)


def parse_object(text: bytes | str) -> dict[str, Any]:
    """A JSON object, of bytes in UTF-8. Raises ValueError if it is none, however broken it is."""
    try:
        return _object(json.loads(text if isinstance(text, str) else text.decode()))
    except RecursionError:
        raise ValueError("nested too deeply") from None


@cache
def _encoder(kind: Any) -> Convert:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        spec = next(mark.spec for mark in arguments[1:] if isinstance(mark, Rounded))
        return lambda value: _encode_float(_rounded(value, spec))
    if kind is float:
        return _encode_float
    if kind in (int, str, bool) or origin is Literal:
        return lambda value: value
    if inner := _optional(kind):
        encode = _encoder(inner)
        return lambda value: None if value is None else encode(value)
    if item := _item(kind):
        encode = _encoder(item)
        return lambda value: [encode(element) for element in value]
    if parts := _parts(kind):
        encoders = [_encoder(part) for part in parts]
        return lambda value: [encode(element) for encode, element in zip(encoders, value, strict=True)]
    members = [(name, _encoder(hint)) for name, hint in _members(kind).items()]
    return lambda value: {name: encode(getattr(value, name)) for name, encode in members}


@cache
def _decoder(kind: Any) -> Convert:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _decoder(arguments[0])
    if kind is float:
        return _decode_float
    if kind in (int, str, bool):
        return lambda plain: plain if type(plain) is kind else _misfit(kind.__name__, plain)
    if origin is Literal:
        return lambda plain: plain if plain in arguments else _misfit(f"one of {', '.join(arguments)}", plain)
    if inner := _optional(kind):
        decode = _decoder(inner)
        return lambda plain: None if plain is None else decode(plain)
    if item := _item(kind):
        decode = _decoder(item)
        return lambda plain: tuple([decode(element) for element in _array(plain)])
    if parts := _parts(kind):
        decoders = [_decoder(part) for part in parts]
        make: Convert = getattr(kind, "_make", tuple)
        return lambda plain: make([decode(e) for decode, e in zip(decoders, _array(plain), strict=True)])
    return _object_decoder(kind)


def _object_decoder(kind: Any) -> Convert:
    hints = _members(kind)
    members = [
        (member.name, _decoder(hints[member.name]), member.default is MISSING and member.default_factory is MISSING)
        for member in fields(kind)
    ]

    def decode_object(value: object) -> object:
        plain = _object(value)
        values = {}
        for name, decode, required in members:
            if name in plain:
                try:
                    values[name] = decode(plain[name])
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
            elif required:
                raise ValueError(f"{name}: is missing")
        return kind(**values)

    return decode_object


def _rounded(value: float, spec: str) -> float:
    rounded = float(format(value, spec))
    return value if math.isinf(rounded) else rounded  # the largest numbers must not become infinite


def _encode_float(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(value)


def _decode_float(plain: object) -> float:
    if type(plain) is float:
        return plain
    if type(plain) is int and abs(plain) < 1 << 1023:
        return float(plain)
    if isinstance(plain, str) and plain in ("nan", "inf", "-inf"):
        return float(plain)
    _misfit("a number", plain)


def _misfit(expected: str, found: object) -> NoReturn:
    raise ValueError(f"must be {expected}, got {found!r:.40}")


def _array(plain: object) -> list[Any]:
    return plain if isinstance(plain, list) else _misfit("an array", plain)


def _object(plain: object) -> dict[str, Any]:
    return plain if isinstance(plain, dict) else _misfit("an object", plain)


def _optional(kind: Any) -> Any:
    """X, where ``kind`` is ``X | None``."""
    if get_origin(kind) not in (Union, types.UnionType):
        return None
    (inner,) = (argument for argument in get_args(kind) if argument is not types.NoneType)
    return inner


def _item(kind: Any) -> Any:
    """X, where ``kind`` is ``tuple[X, ...]``."""
    arguments = get_args(kind)
    return arguments[0] if get_origin(kind) is tuple and arguments[-1] is Ellipsis else None


def _parts(kind: Any) -> tuple[Any, ...]:
    """The element types of ``tuple[X, Y]`` or of a named tuple."""
    if get_origin(kind) is tuple:
        return get_args(kind)
    return tuple(get_type_hints(kind, include_extras=True).values()) if hasattr(kind, "_fields") else ()


def _members(kind: Any) -> dict[str, Any]:
    if not is_dataclass(kind):
        raise TypeError(f"{kind!r} has no plain form")
    hints = get_type_hints(kind, include_extras=True)
    return {member.name: hints[member.name] for member in fields(kind)}
