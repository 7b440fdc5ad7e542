"""Random streams of their own: one for each purpose, all from the experiment's seed."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator


def number(seed: int, purpose: str) -> int:
    """63 bits that depend on nothing but the seed and the purpose."""
    digest = hashlib.blake2b(f"{purpose}/{seed}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(seed: int, purpose: str) -> "Generator":
    """A CPU generator that depends on nothing but the seed and the purpose."""
    import torch

    return torch.Generator().manual_seed(number(seed, purpose))
