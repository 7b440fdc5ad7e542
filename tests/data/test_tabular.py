"""CSV files: what is made of their columns, and what is refused in one sentence with its place."""

import csv
import math
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tuitrain.data import Data
from tuitrain.data.encoding import read_encoded
from tuitrain.data.split import HeldOut, NoValidation
from tuitrain.data.table import is_missing, number, read_table
from tuitrain.data.tabular import Csv
from tuitrain.errors import Refused
from tuitrain.experiment.document import to_experiment
from tuitrain.spec import Invalid, Spec, parse

from ..narrow import of_type

FLOWERS = """\
length,colour,id,species
1.5,red,7,setosa
2,blue,8,virginica
-3e1,red,9,setosa
4.25,green,10,versicolor
"""

Write = Callable[..., Csv]


class Holder(Spec):
    data: Data


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file and gives the spec of it."""

    def make(content: str | bytes, target: str = "y", **fields: Any) -> Csv:
        file = tmp_path / "table.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return Csv(
            **{
                "shuffle": False,
                "standardize": "none",
                "validation": NoValidation(),
                "path": str(file),
                "target": target,
                **fields,
            }
        )

    return make


def table(x: object) -> list[list[float]]:
    return of_type(Tensor, x).tolist()


def complaint(spec: Csv) -> str:
    """The one thing that is wrong, which load says as well, without the path of the file."""
    (problem,) = spec.problems()
    assert spec.facts().shape is None
    with pytest.raises(Refused) as raised:
        spec.load(0)
    assert str(raised.value) == str(problem)
    assert "\n" not in str(problem)
    return str(problem).replace(spec.path, "FILE")


def test_numbers_stay_numbers_and_categories_become_one_hot(write: Write) -> None:
    spec = write(FLOWERS, "species")
    facts = spec.facts()
    assert facts.shape == (5,)
    assert (facts.classes, facts.class_names) == (3, ("setosa", "versicolor", "virginica"))
    assert facts.train == 4
    assert spec.class_counts() == (2, 1, 1)
    loaded = spec.load(0)
    # length; blue, green, red; id
    assert table(loaded.train_x) == [
        [1.5, 0, 0, 1, 7],
        [2.0, 1, 0, 0, 8],
        [-30.0, 0, 0, 1, 9],
        [4.25, 0, 1, 0, 10],
    ]
    assert loaded.train_y.tolist() == [0, 2, 0, 1]


def test_columns_can_be_left_out(write: Write) -> None:
    assert table(write(FLOWERS, "species", drop=("id", "colour")).load(0).train_x) == [[1.5], [2], [-30], [4.25]]


def test_a_column_of_text_and_numbers_is_a_category(write: Write) -> None:
    spec = write("a,y\n1,0\n1.0,1\nx,0\n1,1\n")
    assert table(spec.load(0).train_x) == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(("separator", "sign"), [(",", ","), (";", ";"), ("tab", "\t"), ("|", "|")])
def test_separators_spaces_quotes_blank_lines_and_a_byte_order_mark(write: Write, separator: str, sign: str) -> None:
    quoted = f'"is{sign} or ""is"" it?"'
    rows: tuple[list[str], ...] = (["\ufeff x ", " word", "y"], [], [" 1", quoted, "no"], ["2 ", " b ", "yes "])
    spec = write("\r\n".join(sign.join(row) for row in rows), separator=separator)
    assert spec.facts().class_names == ("no", "yes")
    assert table(spec.load(0).train_x) == [[1, 0, 1], [2, 1, 0]]


@pytest.mark.parametrize(
    ("values", "task", "names", "labels"),
    [
        (["b", "a", "b"], "auto", ("a", "b"), [1, 0, 1]),
        (["10", "9", "2"], "auto", ("2", "9", "10"), [2, 1, 0]),
        (["1", "1.0", "-2"], "auto", ("-2", "1"), [1, 1, 0]),
        (["yes", "1", "no"], "auto", ("1", "no", "yes"), [2, 0, 1]),
        (["0.5", "1", "0.5"], "auto", (), [0.5, 1, 0.5]),
        (["0.5", "1", "0.5"], "classes", ("0.5", "1"), [0, 1, 0]),
        (["0", "1", "0"], "regression", (), [0, 1, 0]),
        ([*map(str, range(20))], "auto", tuple(map(str, range(20))), [*range(20)]),
        ([*map(str, range(21))], "auto", (), [*range(21)]),
        ([*map(str, range(21))], "classes", tuple(map(str, range(21))), [*range(21)]),
    ],
)
def test_what_a_target_is(
    write: Write, values: list[str], task: Any, names: tuple[str, ...], labels: list[float]
) -> None:
    spec = write("\n".join(["x,y", *(f"1,{value}" for value in values)]), task=task)
    facts, loaded = spec.facts(), spec.load(0)
    assert (facts.classes, facts.class_names) == (len(names) or None, names)
    assert loaded.train_y.tolist() == labels
    assert loaded.train_y.dtype == (torch.int64 if names else torch.float32)


GAPS = "x,c,y\n1,a,0\n,b,1\n3,,0\nNA,a,1\n8,nan,0\n100,b,1\n100,b,0\n100,b,1\n"


def test_missing_values_become_figures_of_the_training_part(write: Write) -> None:
    spec = write(GAPS, missing="impute", validation=HeldOut(size=3, take="last"))
    loaded = spec.load(0)
    assert spec.facts().shape == (3,)
    # mean of 1, 3, 8; among the categories a is there twice, b once
    assert table(loaded.train_x) == [[1, 1, 0], [4, 0, 1], [3, 1, 0], [4, 1, 0], [8, 1, 0]]
    assert table(loaded.validation_x) == [[100, 0, 1]] * 3
    # the same figures complete the validation part
    spec = write(GAPS, missing="impute", validation=HeldOut(size=3, take="first"))
    assert table(spec.load(0).validation_x) == [[1, 1, 0], [pytest.approx(308 / 4), 0, 1], [3, 0, 1]]


def test_standardised_columns_are_completed_before(write: Write) -> None:
    x = of_type(Tensor, write(GAPS, missing="impute", standardize="per_pixel").load(0).train_x)
    assert x.isfinite().all()
    assert x[1, 0].abs() < 1e-6


def test_a_column_without_a_value_in_the_training_part_cannot_be_imputed(write: Write) -> None:
    spec = write("x,z,y\n1,,0\n2,,1\n3,5,0\n", missing="impute", validation=HeldOut(size=1, take="last"))
    assert spec.problems() == ()
    with pytest.raises(Refused, match=r"^data\.missing: column 'z' has no value in the training part"):
        spec.load(0)


MANY = "\n".join(["x,name,y", *(f"{row},n{row},{row % 2}" for row in range(1, 102))])
LONG = "\n".join(["x,y", *("NA,1" if row in (1301, 2500) else f"{row % 7},{row % 2}" for row in range(1, 3001))])
VERY_MANY = "\n".join(["x,name,y", *(f"{row},n{row},{row % 2}" for row in range(1, 1102))])


@pytest.mark.parametrize(
    ("content", "fields", "sentence"),
    [
        (
            "length,species\n1,a\n",
            {"target": "speices"},
            "data.target: FILE has no column 'speices'; did you mean 'species'?",
        ),
        ("a;b\n1;2\n", {}, "data.target: FILE has no column 'y'; known: a;b"),
        ("x,y\n1,2\n", {"drop": ("x", "q")}, "data.drop[1]: FILE has no column 'q'; known: x, y"),
        ("y\n1\n2\n", {}, "data.path: FILE has no column besides the target and those that data.drop leaves out"),
        (
            "x,y\n1,2\n1,3\n\n1\n1,4\n",
            {},
            "data.path: FILE: line 5 has 1 cell, the header 2",
        ),
        ("x,y\n1,2\n1,2,3\n", {}, "data.path: FILE: line 3 has 3 cells, the header 2"),
        ("x,y\n", {}, "data.path: FILE has a header and no rows"),
        ("", {}, "data.path: FILE is empty; its first line must name the columns"),
        ("x,y,x\n1,2,3\n", {}, "data.path: FILE has two columns named 'x'; rename one"),
        (b"x,y\n1,\xff\n", {}, "data.path: FILE is not UTF-8 text; save it as UTF-8"),
        (
            'x,y\n1,"a\n',
            {},
            "data.path: FILE: line 2 is no row of a CSV file: unexpected end of data",
        ),
        (
            GAPS,
            {},
            "data.path: line 3 has no value in column 'x' (2 are missing in all): fill it in, leave the column out "
            'with data.drop, or set data.missing = "impute"',
        ),
        (
            LONG,
            {},
            "data.path: line 1302 has no value in column 'x' (2 are missing in all): fill it in, leave the column out "
            'with data.drop, or set data.missing = "impute"',
        ),
        (
            "x,y\n1,0\n2,NA\n",
            {"missing": "impute"},
            "data.path: line 3 has no value in the target column 'y': fill it in or remove the line; what is to be "
            "predicted is never imputed",
        ),
        (
            "x,z,y\n1,,0\n2,,1\n",
            {"missing": "impute"},
            "data.path: column 'z' has no values; leave it out with data.drop",
        ),
        (
            MANY,
            {},
            "data.path: column 'name' has 101 different texts (line 2 has 'n1'), at most 100 can be categories; "
            "leave it out with data.drop",
        ),
        (
            VERY_MANY,
            {},
            "data.path: column 'name' has more than 1000 different texts (line 2 has 'n1'), at most 100 can be "
            "categories; leave it out with data.drop",
        ),
        ("x,y\n1,0\ninf,1\n", {}, "data.path: line 3 has inf in column 'x', too large a number; mend it"),
        ("x,y\n1,0\n2,1e39\n", {}, "data.path: line 3 has 1e39 in column 'y', too large a number; mend it"),
        (
            "x,y\n1,5\n2,a\n",
            {"task": "regression"},
            "data.task: regression needs numbers in 'y' (line 3 has 'a')",
        ),
        ("x,y\n1,a\n2,a\n", {}, "data.target: 'y' has the same value in every row"),
        (
            VERY_MANY,
            {"target": "name"},
            "data.target: 'name' has more than 1000 different values (line 2 has 'n1'); so many classes are not "
            "supported",
        ),
        ("x,y\n1,a\n2,b\n", {"only_classes": ("a", "c")}, "data.only_classes[1]: csv has no class 'c'; known: a, b"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(
    write: Write, content: str | bytes, fields: dict[str, Any], sentence: str
) -> None:
    assert complaint(write(content, **fields)) == sentence


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    absent = Csv(path="absent.csv", target="y")
    assert absent.where() is None
    assert complaint(absent) == f"data.path: there is no file {tmp_path}/FILE"
    assert complaint(Csv(path=str(tmp_path), target="y")) == "data.path: FILE cannot be read: Is a directory"
    assert "data.path: " in complaint(Csv(path="~nobody-is-called-so/x.csv", target="y"))
    assert complaint(Csv(path="a\0b", target="y")).endswith("cannot be read: embedded null byte")


def test_a_path_is_relative_to_where_one_is_or_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flowers.csv").write_text(FLOWERS)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Csv(path="~/flowers.csv", target="species").facts().train == 4
    monkeypatch.chdir(tmp_path)
    spec = Csv(path="flowers.csv", target="species")
    assert (spec.facts().train, spec.where()) == (4, "flowers.csv")


def test_a_file_is_looked_into_once_until_it_changes(write: Write) -> None:
    spec = write(FLOWERS, "species")
    one = read_table(Path(spec.path), ",")
    assert read_table(Path(spec.path), ",") is one
    write(FLOWERS + "1,red,11,aster\n")
    assert spec.facts().class_names == ("aster", "setosa", "versicolor", "virginica")
    write("x\n")
    assert len(spec.problems()) == 1
    os.unlink(spec.path)
    assert "there is no file" in str(spec.problems()[0])


@pytest.mark.parametrize(
    "content", ["x,c,y\n1,a,1\n2,b,3\n", "x,c,y\n1,a,1\nb,b,2\n", "x,c,y\n1,d,2\n", "x\n1\n", "x,c,y\n"]
)
def test_a_file_that_changes_while_it_is_read_is_refused(write: Write, content: str) -> None:
    spec = write("x,c,y\n1,a,1\n2,b,2\n")
    table = read_table(Path(spec.path), ",")
    inputs, target = spec._inputs(table), spec._target(table)
    write(content)
    with pytest.raises(Refused, match="was changed while it was read; try again"):
        read_encoded(Path(spec.path), ",", inputs, target)


def test_it_reads_as_it_is_written() -> None:
    written = {"type": "csv", "path": "a.csv", "target": "y", "drop": ["id", ""], "separator": "tab"}
    spec = parse(Holder, {"data": written}).data
    assert isinstance(spec, Csv)
    assert spec.drop == ("id", "")
    with pytest.raises(Invalid, match=r"data\.path: is missing\ndata\.target: is missing"):
        parse(Holder, {"data": "csv"})


CELLS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5),
    st.floats(width=32, allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-5, 5).map(str),
    st.sampled_from(["", "NA", "nan", "a", "b", 'say "a", b', "two\nlines", " a "]),
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Rows of one to four columns of any kind, each of numbers, of categories or of anything."""
    kinds = draw(st.lists(st.sampled_from(["number", "category", "any"]), min_size=1, max_size=4))
    cells: dict[str, st.SearchStrategy[str]] = {
        "number": st.floats(width=32, allow_nan=False, allow_infinity=False).map(repr),
        "category": st.sampled_from(["a", "b", "c d", "e,f", 'g"h']),
        "any": CELLS,
    }
    return draw(st.lists(st.tuples(*(cells[kind] for kind in kinds)).map(list), min_size=1, max_size=30))


@given(tables(), st.sampled_from([(",", ","), (";", ";"), ("tab", "\t"), ("|", "|")]), st.booleans())
def test_any_table_is_read_cell_for_cell_or_refused(
    rows: list[list[str]], separator: tuple[Any, str], impute: bool
) -> None:
    header = [f"c{index}" for index in range(len(rows[0]))]
    with TemporaryDirectory() as directory:
        file = Path(directory, "table.csv")
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened, delimiter=separator[1])
            writer.writerow([*header, "y"])
            writer.writerows([*row, str(index % 2)] for index, row in enumerate(rows))
        spec = Csv(
            path=str(file),
            target="y",
            separator=separator[0],
            task="regression",
            missing="impute" if impute else "error",
            standardize="none",
            shuffle=False,
            validation=NoValidation(),
        )
        gaps = [[is_missing(cell.strip()) for cell in column] for column in zip(*rows, strict=True)]
        unusable = any(all(column) or (any(column) and not impute) for column in gaps)
        assert bool(spec.problems()) == unusable
        if unusable:
            with pytest.raises(Refused):
                spec.load(0)
            return
        facts, loaded = spec.facts(), spec.load(0)
        x = of_type(Tensor, loaded.train_x)
        assert x.shape == (facts.train, *(facts.shape or ()))
        assert x.isfinite().all()
        assert loaded.train_y.tolist() == [index % 2 for index in range(len(rows))]
        _check_cells(rows, x, impute)


def _check_cells(rows: list[list[str]], x: Tensor, impute: bool) -> None:
    """Column for column: the number that Python reads, or a one in the place of the text."""
    offset = 0
    for column in zip(*rows, strict=True):
        texts = [text.strip() for text in column]
        there = [text for text in texts if not is_missing(text)]
        assert impute or there == texts
        numbers = [value for text in there if (value := number(text)) is not None]
        if len(numbers) == len(there):
            near = 1e-5 * max(map(abs, numbers))
            for found, text in zip(x[:, offset].tolist(), texts, strict=True):
                expected = math.fsum(numbers) / len(numbers) if is_missing(text) else float(text)
                assert found == pytest.approx(expected, rel=1e-6, abs=near if is_missing(text) else 0)
            offset += 1
        else:
            categories, counts = sorted(set(there)), Counter(there)
            hot = x[:, offset : offset + len(categories)]
            assert torch.equal(hot.sum(dim=1), torch.ones(len(texts)))
            for place, text in zip(hot.argmax(dim=1).tolist(), texts, strict=True):
                category = categories[place]
                assert counts[category] == max(counts.values()) if is_missing(text) else category == text
            offset += len(categories)
    assert offset == x.shape[1]


def test_a_relative_path_is_anchored_where_it_was_read(tmp_path, monkeypatch):
    (tmp_path / "some.csv").write_text("x,y\n1,a\n2,b\n3,a\n4,b\n")
    monkeypatch.chdir(tmp_path)
    spec = Csv(path="some.csv", target="y").with_absolute_paths()
    monkeypatch.chdir("/")
    assert spec.facts().classes == 2


def test_a_column_that_cannot_be_rescaled_is_named(write: Write) -> None:
    spec = write("a,colour,huge,y\n1,red,-3e38,0\n2,blue,3e38,1\n", standardize="per_pixel")
    with pytest.raises(Refused, match=r"^data\.standardize: per_pixel cannot rescale column 'huge', whose values go"):
        spec.load(0)


def test_a_target_that_is_dropped_is_refused(write: Write) -> None:
    spec = write(FLOWERS, "species", drop=("id", "species"))
    assert complaint(spec) == "data.drop[1]: 'species' is the target: drop or predict it"


def test_a_path_that_no_file_can_have() -> None:
    (problem,) = Csv(path="a\0b.csv", target="y").problems()
    assert problem.path == ("data", "path")


def test_numbers_that_nobody_called_classes_are_not_left_to_a_loss_for_numbers(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("size,price\n" + "".join(f"{n},{100 + n}\n" for n in range(10)))
    data = {"type": "csv", "path": str(path), "target": "price"}

    def read(**changes):
        return to_experiment({"data": {**data, **changes}, "loss": "mse", "batch_size": 2})

    with pytest.raises(Invalid, match=r"^data\.task: its 10 numbers are taken as classes, .*: say \"regression\", or"):
        read()
    assert read(task="regression").data.facts().classes is None
    assert read(task="classes").data.facts().classes == 10
