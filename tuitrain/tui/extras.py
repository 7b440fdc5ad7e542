"""Extras: what an experiment has only where it is asked for, such as clipping and callbacks. Found in its fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType

from tuitrain.experiment.document import Document
from tuitrain.experiment.experiment import Experiment
from tuitrain.model.structure import Nested
from tuitrain.spec import Path, Spec, alternatives, members
from tuitrain.tui.forms import entries_of, nested_specs

_OF_PRESETS = ("lesson", "variants")
"""Fields that no training depends on."""


@dataclass(frozen=True)
class Extra:
    """A field of an experiment: one spec or none, or, where ``is_list``, any number of them."""

    name: str
    specs: Mapping[str, type[Spec]]
    is_list: bool


@dataclass(frozen=True)
class Addition:
    """What can be added: a spec, and the place in the document that it would have."""

    label: str
    path: Path
    spec: type[Spec]

    @property
    def fragment(self) -> Document:
        """The spec with nothing set; a layer of layers has one."""
        kind = self.spec.model_fields.get("type")
        inner = {"layers": [{"type": "dense"}]} if issubclass(self.spec, Nested) else {}
        return {"type": kind.default, **inner} if kind else inner


def _extras() -> tuple[Extra, ...]:
    found = []
    for name, field in Experiment.model_fields.items():
        options = alternatives(field.annotation)
        lists = [members(one) for one in entries_of(field.annotation)]
        if name in _OF_PRESETS:
            continue
        if lists:
            found.append(Extra(name, lists[0], is_list=True))
        elif NoneType in options:
            found.append(Extra(name, nested_specs(field.annotation), is_list=False))
    return tuple(found)


EXTRAS = _extras()


def present(experiment: Experiment) -> tuple[tuple[Path, Spec], ...]:
    """The extras that an experiment has, each with its path."""
    found: list[tuple[Path, Spec]] = []
    for extra in EXTRAS:
        value = getattr(experiment, extra.name)
        if extra.is_list:
            found += [((extra.name, index), one) for index, one in enumerate(value)]
        elif value is not None:
            found.append(((extra.name,), value))
    return tuple(found)


def additions(experiment: Experiment) -> tuple[Addition, ...]:
    """What an experiment could have besides."""
    found = []
    for extra in EXTRAS:
        value = getattr(experiment, extra.name)
        if extra.is_list or value is None:
            path: Path = (extra.name, len(value)) if extra.is_list else (extra.name,)
            for name, spec in extra.specs.items():
                label = f"{extra.name}: {name}" if "type" in spec.model_fields else extra.name
                found.append(Addition(label, path, spec))
    return tuple(found)
