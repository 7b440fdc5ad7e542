"""Hostile input for what reads runs: event lines, commands, JSON documents and texts."""

import json
import math
from dataclasses import replace

from hypothesis import strategies as st

from tuitrain.runs import events as e
from tuitrain.runs.codec import encode

from ..runs.test_codec import COMMANDS, EVENTS, built

LETTERS = st.characters(min_codepoint=0, max_codepoint=0x10FFFF, categories=None)
STEERING = ["\x1b]0;title\x07", "\x1b[2J\x1b[H", "\x9b31m", "\r", "\x08", "\x00", "\u202e", "\u2028", "\udcff", "\x7f"]
TEXTS = st.text(LETTERS, max_size=30) | st.lists(st.sampled_from([*STEERING, "layer", " ", "["]), max_size=6).map(
    "".join
)
"""Any text, lone surrogates among it; most of it would steer a terminal."""

NUMBERS = (
    0,
    1,
    -1,
    2**53,
    2**53 + 1,
    2**63,
    -(2**63),
    10**400,
    -(10**400),
    0.0,
    -0.0,
    0.5,
    1e-320,
    1e300,
    -1e300,
    1e18,
)
NO_NUMBERS = (math.nan, math.inf, -math.inf, "nan", "inf", "-inf", "", "x" * 5_000, None, True, False)
CONTAINERS: tuple[object, ...] = ([], {}, [[]], [None] * 300, {"": {}})

ODD = st.sampled_from([*NUMBERS, *NO_NUMBERS, *CONTAINERS]) | st.integers() | st.floats() | TEXTS
"""What no field is meant to hold, or hardly; as Python's json writes it, which is not always JSON."""

NESTED = st.recursive(ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


@st.composite
def mutated(draw, documents, most=3):
    """JSON documents in some places of which something odd stands, or nothing."""
    document = draw(documents)
    for _ in range(draw(st.integers(0, most))):
        document = _changed(draw, document)
    return document


def _changed(draw, value):
    """Somewhere below, or here."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(value)))
        rest = {name: one for name, one in value.items() if name != key}
        return rest if not draw(st.integers(0, 9)) else {**rest, key: _changed(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 9)):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], _changed(draw, value[at]), *value[at + 1 :]]
    return draw(NESTED)


def _lines(values, encoded):
    return mutated(values.map(lambda value: json.loads(encoded(value)))).map(lambda plain: json.dumps(plain).encode())


LINES = st.one_of(
    _lines(EVENTS, encode), _lines(EVENTS, encode), st.binary(max_size=60).map(lambda b: b.replace(b"\n", b""))
)
"""Lines of a log: of each kind of event, some with odd fields, some no JSON at all."""

COMMAND_FILES = _lines(COMMANDS, encode) | st.binary(max_size=60)


@st.composite
def runs(draw):
    """The events of a run that fit each other, with extreme numbers: as the panes draw them, and not `LINES`."""
    names = draw(st.lists(TEXTS, min_size=1, max_size=4, unique=True))
    layers = st.tuples(*(st.builds(replace, built(e.LayerInfo), name=st.just(name)) for name in names))
    started = replace(draw(built(e.RunStarted)), layers=draw(layers))
    statistics = [name for name in e.LayersObserved.__dataclass_fields__ if name.endswith(("_norm", "_share"))]
    values = st.tuples(*(st.none() | st.floats() for _ in names))
    observed = built(e.LayersObserved).flatmap(
        lambda event: st.fixed_dictionaries(dict.fromkeys(statistics, values)).map(lambda rows: replace(event, **rows))
    )
    units = st.builds(replace, built(e.UnitsObserved), layer=st.sampled_from(names))
    others = st.one_of(built(e.WindowCompleted), built(e.EpochCompleted), observed, units, EVENTS)
    return [started, *draw(st.lists(others, max_size=12))]
