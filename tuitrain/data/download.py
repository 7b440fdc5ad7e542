"""Downloads through torchvision, which knows the mirrors and checksums."""

import contextlib
import http.client
import io
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tuitrain.connection import SECONDS_TO_ANSWER, answers, bounded

log = logging.getLogger(__name__)


class DownloadError(Exception):
    """Why nothing could be downloaded."""


def download(dataset: str, root: Path, folder: str, files: Sequence[str], seconds: float = SECONDS_TO_ANSWER) -> Path:
    """Fetch the files of a class of ``torchvision.datasets`` into ``folder`` under ``root``, all of them or none.

    Returns:
        The directory that holds them.

    Raises:
        DownloadError: if no mirror answers in time, a file is not what it should be, or it cannot be written.
    """
    target = root / folder
    try:
        from torchvision import datasets

        kind = getattr(datasets, dataset)
        addresses = _addresses(kind)
        if not any(answers(address, seconds) for address in addresses):
            raise DownloadError(f"no connection to {' or '.join(addresses)}")
        log.info("downloading %s into %s", dataset, target)
        target.mkdir(parents=True, exist_ok=True)
        # Beside the target and then renamed: an interrupted download leaves no half file that looks whole.
        with TemporaryDirectory(dir=target.parent, prefix=".download-") as scratch, _bounded_and_silent(seconds):
            kind(scratch, download=True)
            for name in files:
                Path(scratch, folder, name).replace(target / name)
    except (ImportError, OSError, RuntimeError, http.client.HTTPException) as error:
        raise DownloadError(" ".join(str(error).split()) or type(error).__name__) from None
    return target


def _addresses(kind: Any) -> list[str]:
    """Where it is to be had: an archive, or the first of its files on each mirror."""
    if hasattr(kind, "url"):
        return [kind.url]
    return [f"{mirror}{kind.resources[0][0]}" for mirror in kind.mirrors]


@contextlib.contextmanager
def _bounded_and_silent(seconds: float) -> Iterator[None]:
    """For torchvision, which sets no timeout and draws a progress bar (into a protocol, or over a screen)."""
    nowhere = io.StringIO()
    with bounded(seconds), contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        yield
