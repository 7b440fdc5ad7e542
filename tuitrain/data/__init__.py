"""Data sets: what can be chosen, what is known of it without loading, and loading it.

A data set is one class in the file of its kind.
"""

from tuitrain.data.base import Data, DataFacts, Dataset
from tuitrain.data.split import ValidationSpec

# isort: split
# Forms list the data sets in the order in which these files are read.
# isort: off
from tuitrain.data import bundled, generated, vision, tabular, folder

# isort: on
__all__ = ["Data", "DataFacts", "Dataset", "ValidationSpec", "bundled", "folder", "generated", "tabular", "vision"]
