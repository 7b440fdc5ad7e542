"""Frozen values to plain JSON values and back, from their type annotations alone.

Dataclasses become objects, tuples and named tuples arrays; a float that is not finite becomes
``"nan"``, ``"inf"`` or ``"-inf"``, because JSON has no such numbers. Annotations may bound numbers (`Interval`) and
lengths (`MaxLen`): what is beyond is refused when it is read.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Hashable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from annotated_types import Interval, MaxLen

T = TypeVar("T")
Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class Rounded:
    """Marks a float that is written only as precisely as the format ``spec`` says."""

    spec: str


def to_plain(kind: Any, value: object) -> Any:
    """``value``, an instance of the annotation ``kind``, as what ``json.dumps`` takes."""
    return _encoder(kind)(value)


def from_plain(kind: type[T], plain: object) -> T:
    """The inverse of `to_plain`; unknown fields are ignored. Raises ValueError where ``plain`` does not fit."""
    decode: Callable[[object], T] = _decoder(cast(Hashable, kind))
    return decode(plain)


def fits(kind: Any, plain: object) -> bool:
    """Whether `from_plain` takes it."""
    try:
        from_plain(kind, plain)
    except ValueError:
        return False
    return True


def shorten(text: str, most: int) -> str:
    """A text of at most so many characters: of a longer one its beginning and its end."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}…{text[len(text) - (most - half - 1) :]}"


def parse_object(text: bytes | str) -> dict[str, Any]:
    """A JSON object, of bytes in UTF-8. Raises ValueError if it is none, however broken it is."""
    try:
        return _object(_JSON.decode(text if isinstance(text, str) else text.decode()))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)


@cache
def _encoder(kind: Any) -> Convert:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _marked_encoder(arguments[0], arguments[1:])
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
        return _marked_decoder(arguments[0], arguments[1:])
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


def _marked_encoder(kind: Any, marks: tuple[Any, ...]) -> Convert:
    for mark in marks:
        if isinstance(mark, Rounded):
            spec = mark.spec
            return lambda value: _encode_float(_rounded(value, spec))
        if isinstance(mark, MaxLen) and kind is str:
            most = mark.max_length
            return lambda value: shorten(value, most)
    return _encoder(kind)


def _marked_decoder(kind: Any, marks: tuple[Any, ...]) -> Convert:
    decode = _decoder(kind)
    for mark in marks:
        if isinstance(mark, Interval):
            decode = _within(kind, decode, cast(float, mark.ge), cast(float, mark.le))
        elif isinstance(mark, MaxLen):
            decode = _no_longer(decode, mark.max_length)
    return decode


def _within(kind: Any, decode: Convert, low: float, high: float) -> Convert:
    """Refuses what is not a number, too: it is within nothing."""

    def decode_bounded(plain: Any) -> Any:
        if type(plain) is not kind:  # a call less for nearly all: a log is full of these
            plain = decode(plain)
        if low <= plain <= high:
            return plain
        _misfit(f"at least {low:g}" if plain < low else f"at most {high:g}", plain)

    return decode_bounded


def _no_longer(decode: Convert, most: int) -> Convert:
    def decode_bounded(plain: object) -> Any:
        # Before it is decoded: that would take time and memory for every element.
        if isinstance(plain, (str, list)) and len(plain) > most:
            raise ValueError(f"must not be longer than {most:,}, got {len(plain):,}")
        return decode(plain)

    return decode_bounded


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
