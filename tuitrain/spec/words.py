"""What pydantic says of an error, in the words of this program."""

from typing import get_args, get_origin

from pydantic_core import ErrorDetails

from tuitrain.spec.families import alternatives
from tuitrain.spec.spelling import either, nearest

LONGEST = 80
"""Characters of a value that is shown."""


def in_words(details: ErrorDetails, annotation: object | None) -> str:
    """One sentence without its place, of an error of a value that should have been as ``annotation`` says."""
    kind, context, found = details["type"], details.get("ctx", {}), details["input"]
    got = shown(found)
    match kind:
        case "missing" if isinstance(details["loc"][-1], int):
            return f"needs {_length(annotation)} entries, got {len(found)}"
        case "missing":
            return "is missing"
        case "unknown_type":
            return f"unknown type {shown(context['found'])}; {nearest(context['found'], context['known'])}"
        case "no_type":
            return f"needs a type: {either(context['known'])}"
        case "literal_error":
            return f"must be {context['expected']}, got {got}"
        case "greater_than_equal":
            return f"must be at least {_round(context['ge'])}, got {got}"
        case "greater_than":
            return f"must be greater than {_round(context['gt'])}, got {got}"
        case "less_than_equal":
            return f"must be at most {_round(context['le'])}, got {got}"
        case "less_than":
            return f"must be less than {_round(context['lt'])}, got {got}"
        case "too_long":
            return f"takes at most {context['max_length']} entries, got {len(found)}"
        case "too_short":
            return f"needs at least {context['min_length']}"
        case "string_too_short":
            least = context["min_length"]
            return "must not be empty" if least == 1 else f"must have at least {least} characters, has {len(found)}"
        case "string_too_long":
            return f"must have at most {context['max_length']} characters, has {len(found)}"
        case "int_type" | "int_from_float" | "int_parsing":
            return f"must be a whole number, got {got}"
        case "float_type" | "float_parsing" | "finite_number":
            return f"must be a number, got {got}"
        case "bool_type" | "bool_parsing":
            return f"must be true or false, got {got}"
        case "string_type":
            return f"must be text, got {got}"
        case "string_unicode":
            return "must be text in UTF-8"
        case "invalid_key":
            return "has a key that is no text in UTF-8"
        case "tuple_type" | "list_type":
            return f"must be a list, got {got}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"must be a table, got {got}"
        case "value_error":
            return str(context["error"])
        case _:
            return details["msg"]


def _length(annotation: object) -> int:
    """How many entries a list has there whose length is fixed."""
    return next(len(get_args(one)) for one in alternatives(annotation) if get_origin(one) is tuple)


def _round(limit: float) -> float:
    """A limit as people write it: 0 and not 0.0."""
    return int(limit) if limit == int(limit) else limit


def shown(value: object) -> str:
    """A value as people write it, in one line and cut where it is long; of a table or list only that it is one."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
        case str():
            return repr(value) if len(value) <= LONGEST else f"{value[:LONGEST]!r}... ({len(value):,} characters)"
        case int() if abs(value) >= 10**LONGEST:
            return "a number with too many digits"
        case _:
            return str(value)
