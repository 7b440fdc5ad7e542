"""Devices: what there is, which one is meant, how many threads compute, how much memory is used."""

import os
import resource
import sys
from pathlib import Path
from typing import Literal

import torch

from tuitrain.errors import Refused

OUT_OF_MEMORY = (
    "DefaultCPUAllocator",
    "not enough memory",
    "out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUSOLVER_STATUS_ALLOC_FAILED",
    "CUSPARSE_STATUS_ALLOC_FAILED",
    "CUFFT_ALLOC_FAILED",
)
"""What torch, and the libraries under it that have memory of their own, say when there is none left."""


def describe_devices() -> list[str]:
    """The names that `choose` takes here, the CPU first."""
    names = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    return [*names, "mps"] if torch.backends.mps.is_available() else names


def choose(name: str) -> torch.device:
    """The device of that name; ``cuda`` is the first of them, ``auto`` the first of CUDA, MPS and CPU that is there.

    Raises:
        Refused: if there is none of that name.
    """
    there = describe_devices()
    if name == "auto":
        return torch.device(next(one for one in (*there[1:], "cpu")))
    wanted = "cuda:0" if name == "cuda" else name
    if wanted not in there:
        raise Refused(f"device: {name!r} is not on this machine; there is {', '.join(there)} (auto takes the best)")
    return torch.device(wanted)


def device_name(device: torch.device) -> str:
    """What the maker calls it, where that is known."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def set_threads(spec: int | Literal["auto"]) -> int:
    """Compute with that many CPU threads; auto leaves one of the cores that are ours to the rest of the machine."""
    threads = max(1, cores() - 1) if spec == "auto" else spec
    torch.set_num_threads(threads)
    return threads


def cores() -> int:
    """How many CPU cores are ours."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_used(device: torch.device) -> int:
    """Bytes that torch holds on the device; on the CPU, those of this process."""
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    return _resident()


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:  # no Linux: the most there ever was, which macOS counts in bytes and others in kilobytes
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this is the device, or the machine, having no memory left."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error) for phrase in OUT_OF_MEMORY)
