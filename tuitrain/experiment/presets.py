"""Presets: experiment files that ship, found by name, with variants; and how a PRESET|FILE is loaded."""

import importlib.resources
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tuitrain.errors import Refused
from tuitrain.experiment import toml
from tuitrain.experiment.document import Document, parse_path, to_experiment, with_sets, with_value
from tuitrain.experiment.experiment import Experiment, Lesson, Variants
from tuitrain.spec import Spec, nearest, parse
from tuitrain.spec.words import shown

DEFAULT = "digits-mlp"


class Guide(Spec):
    """What a file says about its experiment; the training needs none of it."""

    lesson: Lesson | None = None
    variants: Variants = ()


@dataclass(frozen=True)
class ExperimentFile:
    """An experiment file as it was read: its name, its text with comments, and its document."""

    name: str
    path: Path
    text: str
    document: Document

    @property
    def is_preset(self) -> bool:
        return self.path.parent == directory()

    @property
    def label(self) -> str:
        """What errors call it: a preset by its name, a file by its path."""
        return self.name if self.is_preset else str(self.path)

    @property
    def guide(self) -> Guide:
        """Its lesson and variants, checked.

        Raises:
            Invalid: with the path of what is wrong in them.
        """
        present = {key: self.document[key] for key in Guide.model_fields if key in self.document}
        return parse(Guide, present, self.label)

    @property
    def title(self) -> str:
        lesson = self.guide.lesson
        return lesson.title if lesson else self.name

    @property
    def why(self) -> str:
        lesson = self.guide.lesson
        return lesson.why if lesson else ""

    @property
    def variants(self) -> tuple[str, ...]:
        return tuple(variant.name for variant in self.guide.variants)


def directory() -> Path:
    """Where the presets lie: inside the package once installed, beside it in a checkout."""
    installed = Path(str(importlib.resources.files("tuitrain"))) / "presets"
    return installed if installed.is_dir() else installed.parent.parent / "presets"


@cache
def names() -> tuple[str, ...]:
    """The names of the presets, the default first."""
    found = sorted(path.stem for path in directory().glob("*.toml"))
    return tuple(sorted(found, key=lambda name: name != DEFAULT))


def find(text: str) -> ExperimentFile:
    """The preset of that name, or the file at that path.

    Raises:
        Refused: if there is neither, or the file is not TOML.
    """
    # Not Path.expanduser and Path.is_file: they raise where there is no such user or no such path can be.
    path = Path(os.path.expanduser(text))
    if text in names():
        path = directory() / f"{text}.toml"
    elif path.suffix != ".toml" and not os.path.isfile(path):
        raise Refused(f"unknown preset {shown(text)}; {_meant(text)} (tuitrain presets lists them)")
    content = toml.read_text(path)
    document = toml.loads(content, str(path))
    name = str(document.setdefault("name", path.stem))
    return ExperimentFile(name, path, content, document)


def _meant(text: str) -> str:
    """What was probably meant by the name of a preset that there is not."""
    preset, colon, variant = text.partition(":")
    if colon and preset in names():
        known = find(preset).variants
        return f"write: {preset} --variant {variant}" if variant in known else _no_variant(preset, variant, known)
    return nearest(text, names())


def load(text: str, variant: str | None = None, sets: Iterable[str] = ()) -> Experiment:
    """The experiment that PRESET|FILE, --variant and --set describe.

    Raises:
        Refused: with the file, the path, what was found and what is allowed.
    """
    file = find(text)
    return to_experiment(changed(file, variant, sets), file.label)


def changed(file: ExperimentFile, variant: str | None, sets: Iterable[str]) -> Document:
    """The document with the changes of a variant, if one is named, and then those of ``--set``."""
    return with_sets(with_variant(file, variant) if variant else file.document, sets)


def with_variant(file: ExperimentFile, variant: str) -> Document:
    """The document with the changes of one variant; the name says which."""
    variants = {one.name: one for one in file.guide.variants}
    if variant not in variants:
        raise Refused(_no_variant(file.name, variant, tuple(variants)))
    document = file.document
    for path, value in variants[variant].set.items():
        document = with_value(document, parse_path(path), value)
    return {**document, "name": f"{document['name']}-{variant}"}


def _no_variant(name: str, variant: str, known: tuple[str, ...]) -> str:
    return f"{name} has no variant {shown(variant)}{f'; {nearest(variant, known)}' if known else ': it has none'}"
