"""What pydantic says of an error, in the words of this program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args, get_origin

from pydantic_core import ErrorDetails

from tuitrain.spec.families import Spec, alternatives, members
from tuitrain.spec.problems import nearest


def in_words(details: ErrorDetails, annotation: object | None, owner: type[Spec] | None) -> str:
    """One sentence without its place; ``owner`` is the spec whose key the place ends with."""
    kind, context, found = details["type"], details.get("ctx", {}), details["input"]
    got = "true" if found is True else "false" if found is False else repr(found) if isinstance(found, str) else found
    if isinstance(found, (dict, list, tuple)):
        got = "a table" if isinstance(found, dict) else "a list"
    match kind:
        case "missing" if isinstance(details["loc"][-1], int):
            return f"needs {_length(annotation)} entries, got {len(found)}"
        case "missing":
            return "is missing"
        case "extra_forbidden":
            known = [name for name in owner.model_fields if name != "type"] if owner else []
            return f"unknown key; {nearest(str(details['loc'][-1]), known)}" if known else "unknown key"
        case "union_tag_invalid":
            known = [word.strip(" '") for word in str(context["expected_tags"]).split(",")]
            return f"unknown type {context['tag']!r}; {nearest(str(context['tag']), known)}"
        case "union_tag_not_found":
            return f"needs a type: {_either(list(members(annotation)))}"
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


def _either(words: Sequence[str]) -> str:
    return " or ".join([*([", ".join(words[:-1])] if words[:-1] else []), *words[-1:]])


def _round(limit: float) -> float:
    """A limit as people write it: 0 and not 0.0."""
    return int(limit) if limit == int(limit) else limit
