"""Data sets that are installed with tuitrain: no download."""

from __future__ import annotations

from importlib.util import find_spec
from typing import ClassVar, Literal, TypeAlias

from tuitrain.data.base import DataSpec, Facts, Samples
from tuitrain.data.standardize import Range


class Digits(DataSpec):
    """Handwritten digits of scikit-learn: 1,797 grey images of 8 x 8 pixels, values 0 to 16."""

    value_range: ClassVar[Range | None] = (0.0, 16.0)

    type: Literal["digits"] = "digits"

    def facts(self) -> Facts:
        return Facts(shape=(1, 8, 8), classes=10, class_names=tuple("0123456789"), train=1797)

    def where(self) -> str | None:
        return "scikit-learn" if find_spec("sklearn") else None

    def read(self, seed: int) -> Samples:
        import torch
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        return Samples(torch.from_numpy(x).view(-1, 1, 8, 8), torch.from_numpy(y).long())


Bundled: TypeAlias = Digits
