"""Whatever stands in an experiment, after --set or in a promise: it is taken, or refused in a few sentences."""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import given

from tuitrain.errors import TuitrainError
from tuitrain.experiment import presets, toml
from tuitrain.experiment.document import to_document, to_experiment, with_sets
from tuitrain.experiment.expect import parse, parse_all
from tuitrain.spec import Invalid

from .experiments import EXPECTATIONS, FIGURE_VALUES, READABLE, SEEDS, SETS, documents, files

Made = TypeVar("Made")
LONGEST_LINE = 1000
MOST_LINES = 11


def is_sentence(error):
    """A few lines for people."""
    text = str(error)
    lines = text.split("\n") if isinstance(error, Invalid) else [text]
    assert text and len(lines) <= MOST_LINES and max(map(len, lines)) <= LONGEST_LINE
    for words in (
        "Traceback",
        "pydantic",
        " object at 0x",
        "recursion",
        "Input should",
        "Errno",
        "NoneType",
        "sys.set_int",
    ):
        assert words not in text


def read(make: Callable[..., Made], *arguments: Any) -> Made | None:
    """What was made, None where it is refused; anything else that is raised is a finding."""
    try:
        return make(*arguments)
    except TuitrainError as error:
        is_sentence(error)
        return None


@given(documents())
def test_a_document_is_an_experiment_that_can_be_kept_or_refused(document):
    if experiment := read(to_experiment, document, "my.toml"):
        frozen = to_document(experiment.completed(), complete=True)
        again = to_experiment(toml.loads(toml.dumps(frozen), "frozen"))
        assert again.completed() == experiment.completed()
        assert len(experiment.plan()) >= 1


def changed(document, sets):
    return to_experiment(with_sets(document, sets), "preset")


@given(SETS)
def test_sets_are_taken_or_refused(sets):
    for name in SEEDS[:2]:
        document = presets.find(name).document
        if experiment := read(changed, document, sets):
            toml.dumps(to_document(experiment.completed(), complete=True)).encode()


@given(files())
def test_a_text_is_read_or_refused_and_what_was_read_can_be_saved_over_it(text):
    document = read(toml.loads, text, "my.toml")
    if document is not None:
        read(to_experiment, document, "my.toml")
        saved = toml.dumps({**document, "seed": 3}, text)
        assert toml.loads(saved, "saved")["seed"] == 3


@given(files())
def test_a_file_with_its_lesson_and_variants_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    if source := read(presets.find, str(path)):
        for variant in (None, "selu", *(read(lambda: source.variants) or ())):
            read(presets.load, str(path), variant)
        read(lambda: (source.title, source.why))


@given(EXPECTATIONS)
def test_an_expectation_is_read_or_refused(line):
    if expectation := read(parse, line):
        assert expectation.quantities
    read(parse_all, [line], ("selu", "3-hidden"))


@given(READABLE, FIGURE_VALUES)
def test_an_expectation_that_can_be_read_is_decided_whatever_the_figures_are(line, value):
    expectation = read(parse, line)
    if expectation:
        verdict = expectation.evaluate(lambda quantity: value)
        assert isinstance(verdict.holds, bool)
        if value is None or not math.isfinite(value):
            assert not verdict.holds and verdict.detail


@pytest.mark.parametrize("command", ["show", "run"])
@pytest.mark.parametrize(
    "sets",
    [
        ["optimizer.lr=" + "[" * 3000],
        ["model.layers.²=dense", "model.layers[" + "9" * 5000 + "]=dense"],
        ["x.y" * 3000 + "=1"],
        ["model.layers=" + "[{type='block',layers=" * 40 + "['flatten']" + "}]" * 40, "epochs=0"],
        ["name=\x1b]0;title\x07"],
    ],
)
def test_the_program_says_it_in_a_sentence_and_with_status_2(tuitrain, command, sets):
    done = tuitrain(command, "digits-mlp", *(word for one in sets for word in ("--set", one)))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("tuitrain: ") and "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 3
