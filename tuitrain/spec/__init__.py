"""Specs: frozen, checked values that say what can be chosen, within which limits, and what it means.

A *family* is a base class; its members are the classes below it that have a field ``type``. A member whose other
fields are all at their defaults can be written as its bare name: ``activation = "relu"``.
"""

from tuitrain.spec.families import OF_ITS_TYPE, Family, Spec, alternatives, annotation_at, members, summary
from tuitrain.spec.parsing import parse
from tuitrain.spec.problems import Invalid, Path, Problem, dotted
from tuitrain.spec.spelling import nearest

__all__ = [
    "OF_ITS_TYPE",
    "Family",
    "Invalid",
    "Path",
    "Problem",
    "Spec",
    "alternatives",
    "annotation_at",
    "dotted",
    "members",
    "nearest",
    "parse",
    "summary",
]
