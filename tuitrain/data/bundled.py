"""Data sets that are installed with tuitrain: no download."""

from importlib.util import find_spec
from typing import ClassVar, Literal

from tuitrain.data.base import Data, DataFacts, Part
from tuitrain.data.seeds import generator
from tuitrain.data.standardize import Range, Standardize


class ScikitLearn(Data):
    """A set of scikit-learn's. ``class_names`` and ``train_counts`` are empty for a regression."""

    shape: ClassVar[tuple[int, ...]]
    samples: ClassVar[int]
    class_names: ClassVar[tuple[str, ...]] = ()
    train_counts: ClassVar[tuple[int, ...]] = ()

    def whole(self) -> DataFacts:
        return DataFacts(self.shape, len(self.class_names) or None, self.class_names, train=self.samples)

    def class_counts(self) -> tuple[int, ...] | None:
        return self.train_counts or None

    def where(self) -> str | None:
        return "scikit-learn" if find_spec("sklearn") else None

    def read(self, seed: int) -> Part:
        import torch
        from sklearn import datasets

        x, y = getattr(datasets, f"load_{self.type}")(return_X_y=True)
        labels = torch.from_numpy(y)
        return Part(torch.from_numpy(x).view(-1, *self.shape), labels.long() if self.class_names else labels.float())


class Digits(ScikitLearn):
    """Handwritten digits of scikit-learn: 1,797 grey images of 8 x 8 pixels, values 0 to 16."""

    shape: ClassVar[tuple[int, ...]] = (1, 8, 8)
    samples: ClassVar[int] = 1797
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")
    train_counts: ClassVar[tuple[int, ...]] = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)
    value_range: ClassVar[Range | None] = (0.0, 16.0)
    suitable: ClassVar[Standardize] = "scale"

    type: Literal["digits"] = "digits"


class ScikitTable(ScikitLearn):
    """Rows of numbers, always in the same shuffled order: as they are stored, some are sorted by class."""

    suitable: ClassVar[Standardize] = "per_pixel"

    def read(self, seed: int) -> Part:
        import torch

        stored = super().read(seed)
        order = torch.randperm(len(stored.y), generator=generator(0, self.type))
        return Part(stored.x[order], stored.y[order])


class Iris(ScikitTable):
    """Fisher's iris flowers: 150 of three species, each with length and width of sepal and petal in cm.

    Source: R. A. Fisher, "The Use of Multiple Measurements in Taxonomic Problems" (1936).
    """

    shape: ClassVar[tuple[int, ...]] = (4,)
    samples: ClassVar[int] = 150
    class_names: ClassVar[tuple[str, ...]] = ("setosa", "versicolor", "virginica")
    train_counts: ClassVar[tuple[int, ...]] = (50, 50, 50)

    type: Literal["iris"] = "iris"


class Wine(ScikitTable):
    """Chemical analyses of 178 wines from three growers: 13 numbers of very different size.

    Source: M. Forina et al., PARVUS (1988), by way of the UCI repository.
    """

    shape: ClassVar[tuple[int, ...]] = (13,)
    samples: ClassVar[int] = 178
    class_names: ClassVar[tuple[str, ...]] = ("class_0", "class_1", "class_2")
    train_counts: ClassVar[tuple[int, ...]] = (59, 71, 48)

    type: Literal["wine"] = "wine"


class BreastCancer(ScikitTable):
    """Tumours, malignant or benign: 569, each with 30 numbers of very different size.

    Source: W. N. Street, W. H. Wolberg, O. L. Mangasarian, "Nuclear feature extraction for breast tumor diagnosis"
    (1993).
    """

    shape: ClassVar[tuple[int, ...]] = (30,)
    samples: ClassVar[int] = 569
    class_names: ClassVar[tuple[str, ...]] = ("malignant", "benign")
    train_counts: ClassVar[tuple[int, ...]] = (212, 357)

    type: Literal["breast_cancer"] = "breast_cancer"


class Diabetes(ScikitTable):
    """A regression: how far diabetes went in a year (25 to 346), from ten measurements of each of 442 patients.

    The inputs have mean 0 and sum of squares 1 each. Source: B. Efron et al., "Least Angle Regression" (2004).
    """

    shape: ClassVar[tuple[int, ...]] = (10,)
    samples: ClassVar[int] = 442

    type: Literal["diabetes"] = "diabetes"
