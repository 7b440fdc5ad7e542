"""Data sets: what can be chosen, what is known of it without loading, and loading it.

A data set is one class in the file of its kind, whose union stands at that file's end.
"""

from typing import Annotated

from tuitrain.data.base import Dataset, DataSpec, Facts
from tuitrain.data.bundled import Bundled
from tuitrain.data.folder import Folder
from tuitrain.data.generated import Generated
from tuitrain.data.split import Validation
from tuitrain.data.tabular import Tabular
from tuitrain.data.vision import Vision
from tuitrain.spec import BY_NAME, BY_TYPE

Data = Annotated[Bundled | Generated | Vision | Tabular | Folder, BY_TYPE, BY_NAME]

__all__ = ["Data", "DataSpec", "Dataset", "Facts", "Validation"]
