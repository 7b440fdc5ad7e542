"""Values of the files of a run: dataclasses to and from what JSON has, with the bounds that their types give.

A number that is not finite is written as ``"nan"``, ``"inf"`` or ``"-inf"``. `Rounded` says how precisely a number is
written; ``msgspec.Meta`` bounds numbers and lengths, and what is beyond is refused when it is read. msgspec reads a
log eight times as fast as Python code does.
"""

import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T")
Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class Rounded:
    """Marks a float that is written only as precisely as the format ``spec`` says."""

    spec: str


def to_plain(kind: Any, value: object) -> Any:
    """``value``, an instance of the annotation ``kind``, as what JSON has. A text that is too long keeps both ends."""
    return _encoder(kind)(value)


def from_plain(kind: type[T], plain: object) -> T:
    """The inverse of `to_plain`; unknown fields are ignored. Raises ValueError where ``plain`` does not fit."""
    return msgspec.convert(plain, kind, strict=False)


def decoder(kind: type[T]) -> Callable[[bytes | str], T]:
    """`from_plain` of a text in JSON. It raises ValueError, however broken the text is."""
    decode = msgspec.json.Decoder(kind, strict=False).decode  # not strict: "nan" is read as a number

    def decode_text(text: bytes | str) -> T:
        try:
            try:
                return decode(text)
            except msgspec.ValidationError:
                raise
            except msgspec.DecodeError:
                # Python writes, and reads, escapes that stand for no character, as in a path that is not in UTF-8.
                return from_plain(kind, _JSON.decode(text if isinstance(text, str) else text.decode()))
        except RecursionError:
            raise ValueError("nested too deeply") from None

    return decode_text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)


parse_object: Callable[[bytes | str], dict[str, Any]] = decoder(dict[str, Any])
"""An object in JSON, as a dict. Raises ValueError."""


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


@cache
def _encoder(kind: Any) -> Convert:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _annotated_encoder(arguments[0], arguments[1:])
    if kind is float:
        return _encode_float
    if kind is str:
        return _encode_text
    if kind in (int, bool) or origin is Literal:
        return lambda value: value
    if origin in (Union, types.UnionType):  # of a type and None
        (encode,) = (_encoder(argument) for argument in arguments if argument is not types.NoneType)
        return lambda value: None if value is None else encode(value)
    if origin is list or (origin is tuple and arguments[-1] is Ellipsis):
        encode = _encoder(arguments[0])
        return lambda value: [encode(element) for element in value]
    if origin is tuple or hasattr(kind, "_fields"):
        parts = arguments or get_type_hints(kind, include_extras=True).values()
        encoders = [_encoder(part) for part in parts]
        return lambda value: [encode(element) for encode, element in zip(encoders, value, strict=True)]
    if origin in (Mapping, dict):
        name_of, encode = map(_encoder, arguments)
        return lambda value: {name_of(name): encode(one) for name, one in value.items()}
    if not is_dataclass(kind):
        raise TypeError(f"{kind!r} has no plain form")
    hints = get_type_hints(kind, include_extras=True)
    members = [(member.name, _encoder(hints[member.name])) for member in fields(kind)]
    return lambda value: {name: encode(getattr(value, name)) for name, encode in members}


def _annotated_encoder(kind: Any, marks: tuple[Any, ...]) -> Convert:
    for mark in marks:
        if isinstance(mark, Rounded):
            spec = mark.spec
            return lambda value: _encode_float(_rounded(value, spec))
        if isinstance(mark, msgspec.Meta) and kind is str and mark.max_length is not None:
            most = mark.max_length
            return lambda value: shorten(_encode_text(value), most)
    return _encoder(kind)


def _rounded(value: float, spec: str) -> float:
    rounded = float(format(value, spec))
    return value if math.isinf(rounded) else rounded  # the largest numbers must not become infinite


def _encode_float(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(value)


def _encode_text(value: str) -> str:
    """What stands for no character, as in a file's name that is not in UTF-8, is written as an escape."""
    return value if value.isascii() else value.encode(errors="backslashreplace").decode()
