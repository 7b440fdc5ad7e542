"""The IDX format of MNIST and its relatives.

Two zero bytes, a byte for the type of the values (8: unsigned byte), one for the number of dimensions, the
size of each as a big-endian 32-bit integer, then the values. torchvision has a reader, but it opens no gzip
file, checks little, and importing it takes longer than reading the data.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from tuitrain.errors import Refused
from tuitrain.files import open_regular

if TYPE_CHECKING:
    from torch import Tensor

_UNSIGNED_BYTE = 8
_MOST_BYTES = 1 << 28
"""Unpacked; the images of MNIST are 47 million bytes, and a few of gzip can stand for any number."""


def read_idx(path: Path, dimensions: int) -> Tensor:
    """The unsigned bytes of a file, plain or gzipped (``.gz``), in that many dimensions.

    Raises:
        Refused: naming the file, if it cannot be read, is cut short or is no such file.
    """
    import torch

    content = _content(path)
    header = 4 + 4 * dimensions
    if len(content) < header or content[:4] != bytes((0, 0, _UNSIGNED_BYTE, dimensions)):
        raise damaged(path, f"it does not begin like an IDX file of bytes in {dimensions} dimensions")
    sizes = struct.unpack(f">{dimensions}I", content[4:header])
    if 0 in sizes:
        raise damaged(path, "it is empty")
    if len(content) - header != math.prod(sizes):
        raise damaged(path, f"{math.prod(sizes)} bytes of data are announced, {len(content) - header} are there")
    return torch.frombuffer(content, dtype=torch.uint8, offset=header).view(sizes)


def _content(path: Path) -> bytearray:
    try:
        with open(path, "rb", opener=open_regular) as file:
            content = bytearray((gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file).read(_MOST_BYTES + 1))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, str(error)) from None
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise damaged(path, f"it holds more than {_MOST_BYTES:,} bytes, far more than any such set")
    return content


def damaged(path: Path, why: str) -> Refused:
    """The error for a file that is not what it should be."""
    return Refused(f"{path}: is cut short or damaged ({why.rstrip('.')}); remove it or replace it by a sound copy")
