"""What can be loaded, as choices: the user's own files and the presets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from tuitrain.errors import TuitrainError
from tuitrain.experiment import presets, toml
from tuitrain.experiment.experiment import Experiment
from tuitrain.files import read_at_most
from tuitrain.spec import parse, summary
from tuitrain.tui.choices import Choice

MOST_ENTRIES = 2000
"""So many entries of a directory are looked at."""
MOST_FILES = 50
MOST_BYTES = 50_000
"""Larger files, and more of them, are loaded by their paths."""


def preset_choices() -> Iterator[Choice]:
    """The lessons; one with variants is found by their names as well."""
    for name in presets.names():
        file = presets.find(name)
        count = len(file.variants)
        about = f"{file.why.partition('. ')[0].removesuffix('.')}." if file.why else ""
        label = f"{name}  {file.title}" + (f"  ({count} variant{'s'[: count != 1]})" if count else "")
        yield Choice(name, label, about, " ".join(file.variants), file.why)


def variant_choices(file: presets.ExperimentFile) -> list[Choice]:
    """The file as it stands, under an empty name, and its variants."""
    variants = [Choice(variant.name, variant.name, variant.title) for variant in file.guide.variants]
    return [Choice("", file.name, file.title), *variants]


def file_choices(directory: str, recent: Iterable[Path]) -> Iterator[Choice]:
    """The files that hold experiments: those that were loaded or saved lately, then those of a directory."""
    paths = dict.fromkeys([*recent, *_toml_files(directory)])
    for path in islice(paths, MOST_FILES):
        with suppress(OSError, UnicodeDecodeError, TuitrainError):
            document = toml.loads(read_at_most(path, MOST_BYTES).decode(), str(path))
            experiment = parse(Experiment, {"name": path.stem, **document})
            label = path.name if path.parent == Path(directory).absolute() else str(path)
            about = f"{experiment.name}: {experiment.data.type}, {summary(experiment.optimizer)}"
            yield Choice(str(path), label, about, " ".join(variant.name for variant in experiment.variants))


def explain_path(text: str) -> str:
    """What loading a text does that no choice has: a file, or nothing."""
    path = os.path.expanduser(text)
    if os.path.isfile(path):
        return f"enter loads the file {text}"
    if path.endswith(".toml") or os.sep in path:
        return f"there is no file {text}"
    return "nothing matches; type fewer letters, or the path of a .toml file"


def _toml_files(directory: str) -> list[Path]:
    """In the order of their names; none where the directory cannot be read, or is no more."""
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in islice(entries, MOST_ENTRIES) if entry.name.endswith(".toml")]
        return [Path(directory, name).absolute() for name in sorted(names)]
    except OSError:
        return []
