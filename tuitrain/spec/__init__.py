"""Specs: frozen, checked values that say what can be chosen, within which limits, and what it means.

A *family* is a discriminated union of specs on their field ``type``. A member whose other fields
are all at their defaults can be written as its bare name: ``activation = "relu"``.
"""

from tuitrain.spec.families import BY_NAME, BY_TYPE, OF_ITS_TYPE, Spec, alternatives, annotation_at, members, summary
from tuitrain.spec.parsing import parse
from tuitrain.spec.problems import Invalid, Path, Problem, dotted
from tuitrain.spec.spelling import nearest

__all__ = [
    "BY_NAME",
    "BY_TYPE",
    "OF_ITS_TYPE",
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
