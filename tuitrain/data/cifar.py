"""The format of CIFAR-10 and CIFAR-100 for Python: a pickled dict with data, (N, 3072) bytes, and N labels.

A pickle can name any function to be called, so nothing is looked up in it but what makes an array: no checksum
has to vouch for a file, and a part of the set can be read too.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuitrain.data.idx import damaged
from tuitrain.errors import Refused
from tuitrain.files import read_at_most

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 32
_MOST_BYTES = 1 << 30
"""The largest file of the two sets has 155 million."""


class _ArraysOnly(pickle.Unpickler):
    """Builds dicts, lists, text, numbers and numpy arrays; refuses to look up anything else."""

    def find_class(self, module: str, name: str) -> Any:
        known = _known()
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which has no place in a set of images")
        return known[module, name]


def _known() -> dict[tuple[str, str], Callable[..., Any]]:
    import numpy as np

    reconstruct: Any = np.empty(0).__reduce__()[0]  # its module depends on the version of numpy
    return {
        ("numpy.core.multiarray", "_reconstruct"): reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): reconstruct,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        # How Python 3 writes bytes for Python 2; the codec it names is not looked up.
        ("_codecs", "encode"): lambda text, codec: text.encode("latin1"),
    }


def read_cifar(path: Path, labels_key: str) -> tuple[Tensor, Tensor]:
    """The images, uint8 (N, 3, 32, 32), and the labels, int64 (N,), of one file; ``labels_key`` is theirs in its dict.

    Raises:
        Refused: naming the file, if it cannot be read, is cut short or is no such file.
    """
    import torch

    try:
        content = read_at_most(path, _MOST_BYTES)
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror}") from None
    try:
        # Written by Python 2, whose text was bytes.
        batch = _ArraysOnly(io.BytesIO(content), encoding="latin1").load()
    except Exception as error:  # an unpickler of a damaged file raises almost anything
        raise damaged(path, " ".join(str(error).split()) or type(error).__name__) from None
    try:
        images, labels = torch.from_numpy(batch["data"].copy()), torch.tensor(batch[labels_key])
        if images.dtype != torch.uint8 or labels.dtype != torch.int64:
            raise TypeError
        images = images.view(-1, 3, SIDE, SIDE)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError):
        raise damaged(path, f"it has no bytes of {SIDE} x {SIDE} pixels in 'data' with {labels_key!r}") from None
    if len(images) != len(labels) or not len(images):
        raise damaged(path, f"it has {len(labels)} labels for {len(images)} images")
    return images, labels
