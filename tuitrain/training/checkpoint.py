"""Checkpoints: everything that a run needs to go on, bit for bit, as tensors and plain values."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from tuitrain.errors import Refused
from tuitrain.runs.files import sync

FORMAT = 2

State = dict[str, Any]


def save(path: Path, state: State) -> None:
    """Write beside, then rename: the old checkpoint is there until the new one is whole. Raises OSError."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            _dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _dump(state: State, file: Any) -> None:
    try:
        torch.save({"format": FORMAT, **state}, file)
    except RuntimeError as error:  # torch's archive writer says so when the disk is full
        raise error.__context__ if isinstance(error.__context__, OSError) else OSError(0, str(error)) from None


def load(path: Path) -> State:
    """The state in a checkpoint, on the CPU; runs no code from the file.

    Raises:
        Refused: if it is not there, or not a checkpoint of this version of tuitrain.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise Refused(f"{path}: cannot be read ({error.strerror}). A run can go on once it has a checkpoint.") from None
    except Exception:  # of a damaged file torch can raise whatever its bytes lead to
        raise Refused(f"{path}: is damaged, or no checkpoint.") from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise Refused(f"{path}: is not a checkpoint of this version of tuitrain.")
    return state


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
