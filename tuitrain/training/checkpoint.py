"""Checkpoints: everything that a run needs to go on, bit for bit on the CPU, as tensors and plain values.

The file is torch's own archive (a zip), and the comment that a zip may end with holds the checksum of all bytes before
it, so that `torch.load` reads it too. Of the last checkpoint the one before it is kept.
"""

import contextlib
import errno
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch

from tuitrain.errors import Refused
from tuitrain.files import open_unlinked
from tuitrain.runs.directory import PREVIOUS
from tuitrain.runs.files import sync

FORMAT = 4

State = dict[str, Any]

_MARK = b"tuitrain checkpoint, blake2b "
_DIGEST_BYTES = 16
_COMMENT = len(_MARK) + 2 * _DIGEST_BYTES
_LENGTH = _COMMENT.to_bytes(2, "little")
"""The last field of a zip: how long the comment behind it is."""
_SEAL = len(_LENGTH) + _COMMENT


class Damaged(Refused):
    """A checkpoint that is not there any more, or is not as it was written."""


@dataclass(frozen=True)
class Loaded:
    """A state, the file that it is from, and why that is not the newest; empty where it is."""

    path: Path
    state: State
    warning: str = ""


def save(path: Path, state: State, previous: Path | None = None) -> None:
    """Write beside, then rename: the old checkpoint is there until the new one is on the disk.

    With ``previous`` the old one is kept under that name. Raises OSError.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b") as file:
            _dump(state, file)
            _seal(file)
            file.flush()
            os.fsync(file.fileno())
        if previous is not None:
            _keep(path, previous)
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):  # the directory may have gone
            beside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _dump(state: State, file: BinaryIO) -> None:
    try:
        torch.save({"format": FORMAT, **state}, file)
    except RuntimeError as error:  # torch's archive writer says so when the disk is full
        raise error.__context__ if isinstance(error.__context__, OSError) else OSError(0, str(error)) from None


def _seal(file: BinaryIO) -> None:
    """Give the zip its comment."""
    body = file.seek(-len(_LENGTH), os.SEEK_END)
    digest = _digest(file, body)
    file.seek(body)
    file.write(_LENGTH + _MARK + digest)


def _digest(file: BinaryIO, size: int) -> bytes:
    """Of the first bytes. 100 MB take 0.14 s, a quarter of what writing them takes."""
    file.seek(0)
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    while size > 0 and (chunk := file.read(min(size, 1 << 20))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest().encode()


def _keep(path: Path, previous: Path) -> None:
    """Give a file a second name, over what had that name. Where there are no hard links it loses its first."""
    beside = previous.with_name(f".{previous.name}.part")
    beside.unlink(missing_ok=True)
    try:
        os.link(path, beside)
    except FileNotFoundError:
        return  # there is nothing to keep
    except OSError:
        path.replace(previous)
        return
    beside.replace(previous)
    beside.unlink(missing_ok=True)  # two names of one file are left as they are by a rename


def load(path: Path) -> State:
    """The state in a checkpoint, on the CPU; runs no code from the file.

    Raises:
        Damaged: if it is not there, or not as it was written.
        Refused: if it cannot be read, or was written by another version of tuitrain.
    """
    try:
        with open(path, "rb", opener=open_unlinked) as file:
            sealed, whole = _seal_of(file)
            if sealed and not whole:
                raise Damaged(f"{path}: is damaged: its checksum does not match.")
            file.seek(0)
            state = _parsed(path, file)
    except FileNotFoundError as error:
        raise Damaged(f"{path}: cannot be read ({error.strerror}). A run can go on once it has a checkpoint.") from None
    except OSError as error:
        kind = Damaged if error.errno == errno.EIO else Refused
        raise kind(f"{path}: cannot be read ({error.strerror or error}).") from None
    found = state.get("format") if isinstance(state, dict) else None
    if type(found) is int and found != FORMAT:
        age = "an older" if found < FORMAT else "a newer"
        raise Refused(
            f"{path}: was written by {age} version of tuitrain (checkpoint format {found}, this one reads {FORMAT}). "
            "Go on with that version, which run.json names, or start a new run."
        )
    if not sealed or not isinstance(state, dict) or found is None:
        raise Damaged(f"{path}: is damaged, or no checkpoint.")
    return state


def verify(path: Path) -> None:
    """Raises Damaged unless there is a checkpoint that is as it was written."""
    try:
        with open(path, "rb", opener=open_unlinked) as file:
            _, whole = _seal_of(file)
    except OSError as error:
        raise Damaged(f"{path}: cannot be read ({error.strerror or error}).") from None
    if not whole:
        raise Damaged(f"{path}: is damaged: its checksum does not match.")


def _parsed(path: Path, file: BinaryIO) -> Any:
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # of a damaged file torch can raise whatever its bytes lead to
        raise Damaged(f"{path}: is damaged, or no checkpoint.") from None


def _seal_of(file: BinaryIO) -> tuple[bool, bool]:
    """Whether there is a seal, and whether it is that of the bytes before it."""
    size = os.fstat(file.fileno()).st_size
    body = max(0, size - _SEAL)
    file.seek(body)
    seal = file.read(_SEAL)
    return _MARK in seal, seal == _LENGTH + _MARK + _digest(file, body)


def load_last(path: Path) -> Loaded:
    """The state in a checkpoint or, where that is damaged and there is one, in the one that was kept before it.

    Raises:
        Refused: if neither can be used, with what is the matter with the first.
    """
    try:
        return Loaded(path, load(path))
    except Damaged as error:
        before = path.with_name(PREVIOUS)
        try:
            state = load(before)
        except Refused:
            raise error from None
        return Loaded(before, state, f"{error} The one before it, {PREVIOUS}, is taken instead.")


def rng_state(device: torch.device) -> State:
    """The generators that layers such as dropout draw from."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["device"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        state["device"] = torch.mps.get_rng_state()
    return state


def set_rng_state(state: State, device: torch.device) -> None:
    """The inverse; what another device drew is not taken over."""
    torch.set_rng_state(state["cpu"])
    if "device" in state and device.type == "cuda":
        torch.cuda.set_rng_state(state["device"], device)
    elif "device" in state and device.type == "mps":
        torch.mps.set_rng_state(state["device"])
