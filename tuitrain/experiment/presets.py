"""Presets: experiment files that ship, found by name, with variants; and how a PRESET|FILE is loaded."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tuitrain.errors import Refused
from tuitrain.experiment import toml
from tuitrain.experiment.document import Document, parse_path, to_experiment, with_sets, with_value
from tuitrain.experiment.experiment import Experiment
from tuitrain.spec import nearest

DEFAULT = "digits-mlp"


@dataclass(frozen=True)
class Source:
    """An experiment file as it was read: its name, its text with comments, and its document."""

    name: str
    path: Path
    text: str
    document: Document

    @property
    def title(self) -> str:
        return str(self.document.get("lesson", {}).get("title", self.name))

    @property
    def why(self) -> str:
        return str(self.document.get("lesson", {}).get("why", ""))

    @property
    def variants(self) -> tuple[str, ...]:
        return tuple(str(variant.get("name")) for variant in self.document.get("variants", ()))


def directory() -> Path:
    """Where the presets lie: inside the package once installed, beside it in a checkout."""
    installed = Path(str(importlib.resources.files("tuitrain"))) / "presets"
    return installed if installed.is_dir() else installed.parent.parent / "presets"


@cache
def names() -> tuple[str, ...]:
    """The names of the presets, the default first."""
    found = sorted(path.stem for path in directory().glob("*.toml"))
    return tuple(sorted(found, key=lambda name: name != DEFAULT))


def find(text: str) -> Source:
    """The preset of that name, or the file at that path.

    Raises:
        Refused: if there is neither, or the file is not TOML.
    """
    path = Path(text).expanduser()
    if text in names():
        path = directory() / f"{text}.toml"
    elif path.suffix != ".toml" and not path.is_file():
        raise Refused(f"unknown preset {text!r}; {nearest(text, names())} (tuitrain presets lists them)")
    document = toml.read(path)
    name = str(document.setdefault("name", path.stem))
    return Source(name, path, path.read_text(encoding="utf-8"), document)


def load(text: str, variant: str | None = None, sets: Iterable[str] = ()) -> Experiment:
    """The experiment that PRESET|FILE, --variant and --set describe.

    Raises:
        Refused: with the file, the path, what was found and what is allowed.
    """
    source = find(text)
    document = with_sets(with_variant(source, variant) if variant else source.document, sets)
    label = source.name if source.path.parent == directory() else str(source.path)
    return to_experiment(document, label)


def with_variant(source: Source, variant: str) -> Document:
    """The document with the changes of one variant; the name says which."""
    if variant not in source.variants:
        known = f"; {nearest(variant, source.variants)}" if source.variants else ": it has none"
        raise Refused(f"{source.name} has no variant {variant!r}{known}")
    document = source.document
    for path, value in source.document["variants"][source.variants.index(variant)].get("set", {}).items():
        document = with_value(document, parse_path(path), value)
    return {**document, "name": f"{document['name']}-{variant}"}
