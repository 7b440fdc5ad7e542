import math
import operator
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tuitrain.errors import Refused
from tuitrain.experiment import presets
from tuitrain.experiment.expect import ExpectError, parse, parse_all
from tuitrain.experiment.expression import OPERATORS
from tuitrain.experiment.grammar import DEEPEST, LONGEST

from ..narrow import of_type

RANKS = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "leaf": 4}
COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
FIGURES = {
    "validation.loss": 0.5,
    "3-hidden.train.accuracy": 0.875,
    "relu-bn-after.best.validation.loss": 0.1,
    "lr-0.001.mean.train.r2": -2.5,
    "gradient_norm[0]": 0.0,
    "first.update_ratio[dense_3]": 1e-3,
    "base.epochs": 12.0,
}


def look(quantity):
    return FIGURES[str(quantity)]


@dataclass(frozen=True)
class Written:
    """An expression as text, the rank of its outermost operator, and its value as Python has it."""

    text: str
    rank: int
    value: float

    def inside(self, least):
        """The text, in parentheses where what is around it binds as ``least`` or tighter."""
        return self.text if self.rank >= least else f"({self.text})"


def binary(sign, left, right, space, wrapped):
    try:
        value = OPERATORS[sign](left.value, right.value)
    except ZeroDivisionError:
        value = math.nan
    rank = RANKS[sign]
    space = " " if sign == "-" else space  # or it would be a hyphen
    text = f"{left.inside(rank)}{space}{sign}{space}{right.inside(rank + 1)}"
    return Written(f"({text})", RANKS["leaf"], value) if wrapped else Written(text, rank, value)


def unary(inner, absolute):
    if absolute:
        return Written(f"abs({inner.text})", RANKS["leaf"], abs(inner.value))
    return Written(f"-{inner.inside(RANKS['neg'])}", RANKS["neg"], -inner.value)


leaves = st.one_of(
    st.sampled_from(sorted(FIGURES)).map(lambda name: Written(name, RANKS["leaf"], FIGURES[name])),
    st.floats(0, 1e9).map(lambda number: Written(repr(number), RANKS["leaf"], number)),
    st.sampled_from(["1e-3", "0", "7", ".5", "2.", "1E+2", "007"]).map(
        lambda text: Written(text, RANKS["leaf"], float(text))
    ),
)
expressions = st.recursive(
    leaves,
    lambda inner: (
        st.builds(binary, st.sampled_from(sorted(OPERATORS)), inner, inner, st.sampled_from(["", " "]), st.booleans())
        | st.builds(unary, inner, st.booleans())
    ),
    max_leaves=12,
)


@given(expressions)
def test_an_expression_has_the_value_that_python_gives_it(written):
    text = f"{written.text} == validation.loss"
    assume(len(text) <= LONGEST)
    verdict = parse(text).evaluate(look)
    value = of_type(float, verdict.values[0])
    assert value == written.value or (math.isnan(value) and math.isnan(written.value))
    assert verdict.holds is (written.value == 0.5)
    assert bool(verdict.detail) is not math.isfinite(written.value)


@given(st.lists(st.tuples(st.sampled_from(sorted(COMPARISONS)), st.integers(-2, 2)), min_size=1, max_size=4))
def test_a_chain_holds_where_every_comparison_does(chain):
    text = "epochs" + "".join(f"{sign}{value}" for sign, value in chain)
    values = [1, *(value for _, value in chain)]
    holds = all(COMPARISONS[sign](*pair) for (sign, _), pair in zip(chain, pairwise(values), strict=True))
    verdict = parse(text).evaluate(lambda _: 1.0)
    assert verdict.holds is holds
    assert verdict.values == tuple(values)


FRAGMENTS = [
    *("validation.loss", "status", "a-1.gradient_norm", "[0]", "[", "]", "diverged", "abs", "(", ")", "-", "+", "*"),
    *("/", "<", "<=", "==", "!=", "=", "1e-3", "3-", ".", "..", "'finished'", '"', " ", "²", "__import__('os')", "\0"),
]


@given(st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join))
def test_no_text_raises_anything_but_the_error(text):
    try:
        expectation = parse(text)
    except ExpectError:
        return
    for figures in (lambda _: None, lambda _: math.inf):
        assert not expectation.evaluate(figures).holds


@pytest.mark.parametrize("text", ["(" * DEEPEST + "epochs" + ")" * DEEPEST + "> 0", "epochs" + "+1" * 245 + "> 0"])
def test_what_is_just_not_too_deep_or_too_long_is_read(text):
    assert parse(text).evaluate(lambda _: 1.0).holds


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("validation.loss", (None, "last", "validation.loss", None)),
        ("base.validation.loss", (None, "last", "validation.loss", None)),
        ("selu.best.validation.accuracy", ("selu", "best", "validation.accuracy", None)),
        ("relu-bn-after.train.mae", ("relu-bn-after", "last", "train.mae", None)),
        ("3-hidden.gradient_norm[-1]", ("3-hidden", "last", "gradient_norm", -1)),
        ("3-hidden.max.zero_share[ dense_3 ]", ("3-hidden", "max", "zero_share", "dense_3")),
        ("1e-3.steps", ("1e-3", "last", "steps", None)),
        ("lr-0.001.first.train.r2", ("lr-0.001", "first", "train.r2", None)),
        ("train.train.loss", ("train", "last", "train.loss", None)),
        ("best.max.train.loss", ("best", "max", "train.loss", None)),
        ("784-30.dead_share[10]", ("784-30", "last", "dead_share", 10)),
    ],
)
def test_a_name_is_variant_when_path_and_layer(name, parts):
    (quantity,) = parse(f"{name} > 0").quantities
    assert (quantity.variant, quantity.when, quantity.path, quantity.layer) == parts
    assert str(quantity) == name.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "found the end"),
        ("validation.loss", 16, "expected one of + - * / < <= > >= == !=, found the end"),
        ("validation.loss = 3", 17, "'=' has no meaning here"),
        ("validation.loss < ", 19, "expected a number, a figure such as validation.loss, or (, found the end"),
        ("validation.lss < 1", 1, "unknown quantity 'validation.lss'; did you mean 'validation.loss'?"),
        ("1 > validation.loss-1", 5, "a minus between two names needs spaces around it"),
        ("2 * (1 + epochs < 3", 17, "expected ) for the ( in column 5, found <"),
        ("epochs 3 < 4", 8, "found 3"),
        ("gradient_norm > 0", 1, "gradient_norm needs a layer"),
        ("gradient_norm[] > 0", 1, "gradient_norm needs a layer"),
        ("epochs > 0 < train.loss[0]", 14, "train.loss has no layers, so there is no [0]"),
        ("best.zero_share[0] < 1", 1, "zero_share has no best"),
        ("first.epochs > 1", 1, "epochs is one value for the whole run and has no first"),
        ("status == 'finishd'", 11, "unknown status 'finishd'; did you mean 'finished'?"),
        ("status < diverged", 1, "status can only be == or != one of finished, stopped, failed, diverged"),
        ("status == 3", 1, "status can only be == or !="),
        ("-status == 3", 1, "status is a word and no number"),
        ("3 * finished == 3", 3, "finished is a word and no number"),
        ("1 < 2", 1, "names no figure of a run"),
        ("epochs < 1e999", 10, "1e999 is too large"),
        ("-" * 21 + "epochs < 1", 21, "nested more than 20 deep"),
        ("1 < epochs " + " " * 500, 501, "longer than 500 characters"),
        ("__import__('os') == 0", 1, "unknown quantity '__import__'"),
        ("min(epochs) < 1", 1, "unknown quantity 'min'"),
    ],
)
def test_a_mistake_is_named_with_its_column(text, column, words):
    with pytest.raises(ExpectError) as caught:
        parse(text)
    assert caught.value.column == column
    assert f"column {column}: " in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("comparator", sorted(COMPARISONS))
@pytest.mark.parametrize(
    ("value", "detail"), [(None, "a.steps has no value"), (math.nan, "a.steps is nan"), (-math.inf, "a.steps is -inf")]
)
def test_without_a_finite_value_nothing_holds_and_it_says_which(comparator, value, detail):
    verdict = parse(f"a.steps {comparator} b.steps").evaluate(lambda one: value if one.variant == "a" else 1.0)
    assert not verdict.holds
    assert verdict.detail == detail


def test_a_division_by_zero_does_not_hold():
    verdict = parse("1 / epochs != 3").evaluate(lambda _: 0.0)
    assert not verdict.holds and "division by zero" in verdict.detail


@pytest.mark.parametrize(("status", "holds"), [("diverged", True), ("finished", False), (None, False)])
def test_a_status_is_compared_as_a_word(status, holds):
    for text in ("large-lr.status == diverged", "'diverged' == large-lr.status"):
        assert parse(text).evaluate(lambda _: status).holds is holds


def test_the_numbers_are_as_precise_as_it_takes_to_tell_them_apart():
    assert parse("steps > 2 / 3").evaluate(lambda _: 0.5).comparison == "0.5 > 0.6667"
    assert parse("steps >= 0.85").evaluate(lambda _: 0.849999).comparison == "0.849999 >= 0.85"
    assert parse("0 < steps < 0").evaluate(lambda _: 0.0).comparison == "0 < 0 < 0"
    assert parse("steps > 1").evaluate(lambda _: None).comparison == "nothing > 1"


def test_an_expectation_knows_its_variants():
    expectation = parse("selu.train.loss < relu-bn.first.train.loss * selu.train.loss + base.epochs")
    assert expectation.variants == {"selu", "relu-bn"}
    assert [str(one) for one in expectation.quantities] == [
        *("selu.train.loss", "relu-bn.first.train.loss", "base.epochs"),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("selu.epochs > ", "lesson.expect[1]: 'selu.epochs > ', column"),
        ("sellu.epochs > 1", "lesson.expect[1]: 'sellu.epochs > 1': unknown variant 'sellu'; did you mean 'selu'?"),
        ("selu.epochs-selu.epochs > 1", "unknown variant 'selu.epochs-selu'"),
        ("selu.epochs-selu.epochs > 1", "a minus between two names needs spaces around it"),
    ],
)
def test_a_line_of_a_lesson_is_refused_with_its_place(line, words):
    with pytest.raises(Refused) as caught:
        parse_all(["selu.epochs > 1", line], ["selu", "relu"])
    assert words in str(caught.value)


@pytest.mark.parametrize("name", presets.names())
def test_the_expectations_of_every_preset_are_read_and_name_its_variants(name):
    source = presets.find(name)
    lesson = source.guide.lesson
    assert lesson
    assert [one.text for one in parse_all(lesson.expect, source.variants)] == list(lesson.expect)
