"""Hints: where in a document a key could stand that is not known where it was written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import get_args

from tuitrain.spec.families import ABSENT, Spec, alternatives, annotation_at, child, inside, members, spec_for
from tuitrain.spec.problems import Path, dotted
from tuitrain.spec.spelling import MOST, OURS, did_you_mean, either, likely

MOST_TYPES = 4
"""How many types are named at most."""
FEW = 100
"""How many entries of a list are searched at most."""
MUCH_LIKE = 0.8
"""From this likeness to a key that is known here on, a key is searched nowhere else."""


def unknown_key(root: type[Spec], document: Mapping[str, object], path: Path, owner: type[Spec] | None) -> str:
    """What to say of a key that ``owner`` does not have: the nearest that it has, or where such a key could stand."""
    *around, word = path
    known = [name for name in owner.model_fields if name != "type"] if owner else []
    names = (str(word), *OURS.get(str(word).lower(), ()))
    family = members(annotation_at(root, document, tuple(around)))
    hint = (
        _question(likely(str(word), known, MUCH_LIKE))
        or _belongs(names[:1], family.items())
        or _question(_elsewhere(root, document, names) or likely(str(word), known))
        or _belongs(names, _types(root))
        or (f"known: {', '.join(known)}" if known else "")
    )
    return f"unknown key; {hint}" if hint else "unknown key"


def _question(meant: Sequence[str]) -> str:
    return did_you_mean(meant) if meant else ""


def _belongs(names: Iterable[str], types: Iterable[tuple[str, type[Spec]]]) -> str:
    """Which types have a key of one of these names, if any has."""
    every = dict(types)
    for name in names:
        if having := [kind for kind, spec in every.items() if name in spec.model_fields]:
            return f"{name!r} is a key of {either(having[:MOST_TYPES])}"
    return ""


def _elsewhere(root: type[Spec], document: Mapping[str, object], names: Iterable[str]) -> list[str]:
    """The shortest paths that end with such a name; those that the document could have where it has none."""
    every = sorted(_paths(root, document, ()), key=lambda found: (found[1], len(found[0])))
    meant = [(path, absent) for name in names for path, absent in every if path[-1] == name]
    return [dotted(path) for path, absent in meant if absent == meant[0][1]][:MOST]


def _paths(annotation: object, document: object, path: Path, absent: bool = False) -> Iterator[tuple[Path, bool]]:
    """Every key of a document and its defaults, and, as absent, every one of the specs that are left out in it."""
    if isinstance(document, (list, tuple)):
        for index, entry in enumerate(document[:FEW]):
            yield from _paths(inside(annotation, None, index), entry, (*path, index), absent)
    elif spec := spec_for(annotation, document):
        absent = absent or document is None
        for name, field in spec.model_fields.items():
            if name != "type":
                yield (*path, name), absent
                value = child(document, name)
                value = _default(field.default) if value is ABSENT else value
                yield from _paths(inside(annotation, spec, name), value, (*path, name), absent)


def _default(value: object) -> object:
    """A default as a document has it, as far as its type goes."""
    return {"type": getattr(value, "type", "")} if isinstance(value, Spec) else None


def _types(annotation: object) -> Iterator[tuple[str, type[Spec]]]:
    """Every member of every family that a spec leads to, by its type."""
    waiting, known = [annotation], set()
    while waiting:
        for one in alternatives(waiting.pop()):
            if not (isinstance(one, type) and issubclass(one, Spec)):
                waiting += [part for part in get_args(one) if part is not Ellipsis]
            elif one not in known:
                known.add(one)
                waiting += [field.annotation for field in one.model_fields.values()]
                yield from members(one).items()
