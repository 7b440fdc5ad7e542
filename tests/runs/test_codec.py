import contextlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from tuitrain.metrics import METRIC, are_in_bounds
from tuitrain.runs import events as e
from tuitrain.runs.codec import decode, decode_command, encode
from tuitrain.runs.commands import Command, SetLearningRate, Step
from tuitrain.runs.values import parse_object

from ..narrow import of_type


def drawn(kind: Any) -> st.SearchStrategy:
    """Values of an annotation, within its bounds."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return built(kind)
    if origin in (Union, UnionType):
        return st.one_of(*map(drawn, arguments))
    if origin is tuple:
        return st.lists(drawn(arguments[0]), max_size=5).map(tuple)
    if origin is Mapping:
        figures = st.dictionaries(st.sampled_from(list(METRIC)) | drawn(arguments[0]), drawn(arguments[1]), max_size=5)
        return figures.map(lambda all_: {name: one for name, one in all_.items() if are_in_bounds({name: one})})
    if origin is not Annotated:
        return st.from_type(kind)
    bounds = [mark for mark in arguments[1:] if isinstance(mark, Meta)]
    for mark in bounds:
        if mark.ge is not None:
            numbers: Callable[..., st.SearchStrategy] = st.integers if arguments[0] is int else st.floats
            return numbers(mark.ge, mark.le)
        if arguments[0] is str:
            return st.text(max_size=mark.max_length)
    return drawn(arguments[0])


def built(kind: Any) -> st.SearchStrategy:
    """Instances of a dataclass with every field drawn, those with defaults too."""
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{member.name: drawn(hints[member.name]) for member in fields(kind)})


EVENTS = st.sampled_from(e.Event.__subclasses__()).flatmap(built)
COMMANDS = st.sampled_from(Command.__subclasses__()).flatmap(built)


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        value = tuple(value.items())
    if is_dataclass(value):
        value = tuple(vars(value).values())
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, tuple) else [value]


def near(left: object, right: object) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        both_nan = math.isnan(left) and math.isnan(right)
        return both_nan or math.isclose(left, right, rel_tol=5.001e-4, abs_tol=5.001e-4)
    return left == right and type(left) is type(right)


@given(EVENTS)
def test_round_trip_keeps_every_value_up_to_rounding(event):
    line = encode(event)
    back = of_type(type(event), decode(line))
    assert all(near(a, b) for a, b in zip(leaves(event), leaves(back), strict=True))
    assert encode(back) == line
    assert decode(line.encode()) == back or "nan" in line


@given(EVENTS)
def test_a_line_is_one_line_of_strict_json_in_ascii(event):
    line = encode(event)
    assert "\n" not in line and line.isascii()
    plain = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert list(plain)[:3] == ["kind", "at", "elapsed"]


@given(COMMANDS)
def test_commands_round_trip_exactly(command):
    assert repr(decode_command(encode(command))) == repr(command)


@given(built(e.EpochCompleted))
def test_figures_of_an_epoch_are_exact(event):
    back = of_type(e.EpochCompleted, decode(encode(event)))
    assert repr((back.train, back.validation, back.seconds)) == repr((event.train, event.validation, event.seconds))


@pytest.mark.parametrize(
    "figures",
    [
        '{"loss": 0.5, "accuracy": 1.5}',
        '{"accuracy": "nan"}',
        '{"loss": "half"}',
        "[0.5]",
        json.dumps({"x" * 2000: 0.5}),
        json.dumps({f"metric {number}": 0.5 for number in range(65)}),
    ],
)
def test_figures_beyond_the_bounds_of_their_metrics_are_a_value_error(figures):
    with pytest.raises(ValueError, match=r"figures|a share"):
        decode(f'{{"kind": "ValidationCompleted", "step": 1, "epoch": 0.5, "figures": {figures}}}')


def test_figures_of_metrics_that_nobody_knows_are_kept():
    line = '{"kind": "ValidationCompleted", "step": 1, "epoch": 0.5, "figures": {"bleu": 34.5, "loss": 2, "mae": null}}'
    assert of_type(e.ValidationCompleted, decode(line)).figures == {"bleu": 34.5, "loss": 2.0}


def test_windows_are_rounded_and_their_learning_rate_is_not(window):
    plain = json.loads(encode(window(7, loss=0.123456789)))
    assert plain["loss"]["mean"] == 0.1235
    assert json.loads(encode(window(7, loss=1.23456789e-9)))["loss"]["min"] == 1.235e-9
    assert json.loads(encode(window(7, loss=1.7976e308)))["loss"]["max"] == 1.7976e308
    exact = e.LearningRateChanged(step=1, lr=0.1 + 0.2, factor=1 / 3, at=1234567.123456)
    assert decode(encode(exact)) == e.LearningRateChanged(step=1, lr=0.1 + 0.2, factor=1 / 3, at=1234567.123)


def test_numbers_that_are_not_finite_are_words(window):
    plain = json.loads(encode(e.LearningRateChanged(step=1, lr=-math.inf, factor=math.nan)))
    assert (plain["lr"], plain["factor"]) == ("-inf", "nan")
    assert json.loads(encode(window(1, loss=math.inf)))["loss"]["max"] == "inf"


def test_what_a_newer_version_wrote_is_understood_as_far_as_it_goes():
    assert decode('{"kind": "SomethingNew", "step": 1}') is None
    assert decode_command('{"kind": "SomethingNew"}') is None
    assert decode('{"kind": "Heartbeat", "step": 1, "new": [1]}') == e.Heartbeat(step=1)
    assert decode_command('{"kind": "Step"}') == Step(1)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"null",
        b"[1]",
        b"\x00" * 64,
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"step": 1}',
        b'{"kind": []}',
        b'{"kind": "Heartbeat"}',
        b'{"kind": "Heartbeat", "step": 1.5}',
        b'{"kind": "Heartbeat", "step": true}',
        b'{"kind": "Heartbeat", "step": 1, "at": "soon"}',
        b'{"kind": "Heartbeat", "step": 1, "at": 1' + b"0" * 400 + b"}",
        b'{"kind": "RunFinished", "status": "bored", "step": 1, "reason": ""}',
        b'{"kind": "LayersFrozen", "step": 1, "layers": "dense"}',
        b'{"kind": "Heartbeat", "step": -1}',
        b'{"kind": "Heartbeat", "step": 1, "at": "nan"}',
        b'{"kind": "Heartbeat", "step": 1, "at": NaN}',
        b'{"kind": "Heartbeat", "step": 1, "at": 1e300}',
        b'{"kind": "Heartbeat", "step": 1, "at": -1}',
        b'{"kind": "Heartbeat", "step": 1, "elapsed": "inf"}',
        b'{"kind": "LayersFrozen", "step": 1, "layers": [' + b'"a",' * 100_000 + b'"a"]}',
        b'{"kind": "CallbackFired", "step": 1, "callback": "a", "why": "' + b"x" * 10_000 + b'"}',
    ],
)
def test_an_unreadable_line_is_a_value_error(line):
    with pytest.raises(ValueError):
        decode(line)


def test_of_a_text_that_is_too_long_both_ends_are_written():
    line = encode(e.RunFinished(status="failed", step=1, reason="why " + "x" * 10_000 + " at the end"))
    back = of_type(e.RunFinished, decode(line))
    assert len(back.reason) == 4_000
    assert back.reason.startswith("why xxx") and back.reason.endswith("xxx at the end")


@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_raise_anything_but_value_error(line):
    with contextlib.suppress(ValueError):
        assert decode(line) is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"kind": "SetLearningRate", "lr": "fast"}', "Expected `float`, got `str` - at `$.lr`"),
        ('{"kind": "SetLearningRate"}', "missing required field `lr`"),
        ('{"kind": "Step", "count": 0}', "Expected `int` >= 1 - at `$.count`"),
    ],
)
def test_an_error_names_the_field(line, why):
    with pytest.raises(ValueError, match=re.escape(why)):
        decode_command(line)


def test_a_number_beyond_its_bounds_is_refused_however_long():
    with pytest.raises(ValueError, match="step"):
        decode('{"kind": "Heartbeat", "step": 1' + "0" * 400 + "}")


def test_a_whole_number_is_read_where_a_number_is_meant():
    assert decode_command('{"kind": "SetLearningRate", "lr": 1}') == SetLearningRate(1.0)


def test_an_escape_that_stands_for_no_character_is_read_as_python_writes_it():
    line = json.dumps({"kind": "LogEmitted", "level": "info", "text": "runs/r\udcff"})
    assert decode(line) == e.LogEmitted(level="info", text="runs/r\udcff")
    assert parse_object(json.dumps({"path": "r\udcff"})) == {"path": "r\udcff"}
    with pytest.raises(ValueError):
        parse_object('{"path": "\\udcff", "number": NaN}')
