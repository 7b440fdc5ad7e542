"""Hostile input for what reads experiments: texts, documents, ``--set`` and expectations, mostly almost right."""

import copy
import datetime
import math
import string
from typing import Any

from hypothesis import strategies as st

from tuitrain.experiment import presets
from tuitrain.experiment.expression import STATUSES, TOTALS, WHENS
from tuitrain.metrics import MONITORS, STATISTICS

SEEDS = ("digits-mlp", "deep-20", "schedules", "transfer", "norms-conv", "practical-guide")
"""Presets that have most of what an experiment can have."""

ANY = st.characters(min_codepoint=0, max_codepoint=0x10FFFF, categories=None)
TEXTS = st.text(ANY, max_size=20)
KEYS = st.sampled_from(
    ["type", "lr", "layers", "units", "rate", "model", "data", "optimizer", "schedule", "set", "name", "²", "0", "-1"]
)
ODD = st.sampled_from(
    [
        *(
            0,
            1,
            -1,
            2,
            2**31,
            2**53 + 1,
            2**64,
            -(2**64),
            10**400,
            True,
            False,
            0.0,
            -0.0,
            1.0,
            1e-320,
            1e308,
            math.inf,
        ),
        *(
            -math.inf,
            math.nan,
            "",
            "none",
            "auto",
            "full",
            "relu",
            "sgd",
            "x" * 5000,
            "\x1b[2J",
            "a\nb",
            "\0",
            "/dev/zero",
        ),
        *([], {}, [[]], [{}], {"": 1}, {"type": ""}, {"type": []}, {"type": "dense"}, [None] * 3, ["flatten"] * 300),
        *(datetime.date(1979, 5, 27), datetime.time(7, 32), datetime.datetime(1979, 5, 27, tzinfo=datetime.UTC)),
    ]
)
VALUES = st.recursive(
    st.one_of(ODD, TEXTS, st.integers(), st.floats(), st.sampled_from(["relu", "adam", "dense", "spirals", "mse"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.one_of(KEYS, TEXTS), inner, max_size=3)),
    max_leaves=8,
)


def places(document, path=()):
    """Every path of a document, those of tables and lists before what they hold."""
    entries = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in entries:
        yield (*path, key)
        yield from places(value, (*path, key))


@st.composite
def documents(draw):
    """A preset with one to three places changed, taken away or added to."""
    document = copy.deepcopy(presets.find(draw(st.sampled_from(SEEDS))).document)
    for _ in range(draw(st.integers(1, 3))):
        every = list(places(document))
        if not every:
            break
        *around, last = draw(st.sampled_from(every))
        place: Any = document
        for part in around:
            place = place[part]
        match draw(st.sampled_from(["change", "delete", "add"])):
            case "change":
                place[last] = copy.deepcopy(draw(VALUES))  # the next change may be within it
            case "delete":
                del place[last]
            case "add" if isinstance(place, dict):
                place[draw(st.one_of(KEYS, TEXTS))] = copy.deepcopy(draw(VALUES))
            case _:
                place.insert(last, copy.deepcopy(draw(VALUES)))
    return document


@st.composite
def files(draw):
    """The text of a preset with some characters changed, taken away or put in; or a few signs of TOML at random."""
    if draw(st.booleans()):
        return draw(st.text(st.sampled_from("ab=[]{}\"'.,#\n 01_-+:\\TNe\t\r"), max_size=60))
    text = presets.find(draw(st.sampled_from(SEEDS))).text
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        cut = at + draw(st.integers(0, 3))
        new = draw(st.one_of(st.text(st.sampled_from(string.punctuation + "\n \t\r0ax"), max_size=3), TEXTS))
        text = text[:at] + new + text[cut:]
    return text


PARTS = st.one_of(
    KEYS, st.sampled_from(["0", "1", "99", "[0]", "[1]", "defaults", "output", "callbacks", "١", "9" * 5000]), TEXTS
)
WORDS = st.one_of(
    st.integers().map(str),
    st.floats().map(repr),
    st.sampled_from(
        ["[" * 3000, "[" * 50 + "]" * 50, "{a=" * 500, "1e999", "0x" + "f" * 5000, "9" * 5000, "1979-05-27"]
    ),
    st.sampled_from(
        ["[1, 2", "{type='sgd'}", "{type='adam', lr=1}", "['dense']", "'x", "none", "relu", "true", "a\nb", "²"]
    ),
    st.text(st.sampled_from("ab=[]{}\"'.,# 01_-+:\\"), max_size=20),
    TEXTS,
)
PATHS = st.one_of(
    st.sampled_from(
        [
            "optimizer.lr",
            "model.layers.1.units",
            "epochs",
            "data.type",
            "loss",
            "schedule.unit",
            "name",
            "a" + ".a" * 500,
        ]
    ),
    st.lists(PARTS, max_size=6).map(".".join),
)
SETS = st.lists(st.one_of(st.tuples(PATHS, WORDS).map("=".join), TEXTS), min_size=1, max_size=3)

TOKENS = st.one_of(
    st.sampled_from(
        ["+", "-", "*", "/", "(", ")", "<", "<=", ">", ">=", "==", "!=", "abs", "abs(", ".", " ", "=", "!"]
    ),
    st.sampled_from([*MONITORS, *STATISTICS, *TOTALS, *STATUSES, *WHENS, "base", "selu", "'finished'", "status"]),
    st.sampled_from(
        [
            "[0]",
            "[-1]",
            "[dense_1]",
            "[",
            "]",
            "[²]",
            "[" + "9" * 300 + "]",
            "1e999",
            "0",
            "1.5",
            ".5",
            "1e-3",
            "3-hidden",
        ]
    ),
    st.sampled_from(MONITORS).map(lambda name: f"selu.best.{name}"),
    st.integers().map(str),
    TEXTS,
)
EXPECTATIONS = st.lists(TOKENS, max_size=14).flatmap(
    lambda parts: st.sampled_from(["", " "]).map(lambda gap: gap.join(parts))
)
SIDES = st.sampled_from(
    ["validation.loss", "selu.train.accuracy", "gradient_norm[0]", "epochs", "2", "-3.5", "abs(steps)"]
)
"""Of an expectation that can be read."""
READABLE = st.lists(SIDES, min_size=2, max_size=40).flatmap(
    lambda sides: st.lists(st.sampled_from([" < ", " + ", " / ", " - ", " * ", " == "]), min_size=40, max_size=40).map(
        lambda signs: "".join(part for pair in zip(sides, signs, strict=False) for part in pair) + "1 < epochs"
    )
)
FIGURE_VALUES = st.one_of(st.none(), st.floats(), st.sampled_from([0.0, 1e308, -1e308]))
