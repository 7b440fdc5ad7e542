"""Values of which a test knows more than their annotation says: a value that is something else fails the test here."""

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """The value, which is not None."""
    assert value is not None
    return value


def of_type(kind: type[T], value: object) -> T:
    """The value, which is an instance of ``kind``."""
    assert isinstance(value, kind), f"not a {kind.__name__}: {value!r}"
    return value
