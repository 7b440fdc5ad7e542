"""Budget: how many bytes the log of a run may grow by."""

import time
from collections.abc import Callable
from typing import Literal

Share = Literal["figures", "windows", "layers"]

BYTES_PER_SECOND: dict[Share, float] = {"figures": 1500.0, "windows": 1700.0, "layers": 800.0}
"""4 kB/s: with `AT_ONCE` on top, a log that grows as fast as it may is below 5 kB/s after two and a half minutes."""
AT_ONCE = 128_000
"""Bytes that may be written at once: the log of a short run has everything."""
RESERVE = 8_000
"""Bytes that a share keeps for itself; what it does not need beyond that is there for the others."""


class Budget:
    """Bytes per second of wall-clock time, in shares, so that one kind of event cannot crowd out another.

    In ``seconds`` no more than AT_ONCE + 3 RESERVE + 4000 ``seconds`` bytes are allowed, and what is spent without
    being allowed is paid back from what comes later. ``clock`` gives seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._filled = clock()
        self._own: dict[Share, float] = dict.fromkeys(BYTES_PER_SECOND, RESERVE)
        self._waiting: dict[Share, float] = dict.fromkeys(BYTES_PER_SECOND, 0.0)
        self._common = float(AT_ONCE)

    def allows(self, share: Share, size: float) -> bool:
        """Whether so many bytes may be written now; if not, the share saves up for them."""
        self._fill()
        allowed = self._own[share] + self._common >= size
        self._waiting[share] = 0.0 if allowed else size
        return allowed

    def spend(self, share: Share | None, size: float) -> None:
        """So many bytes were written; None is for what cannot wait and belongs to no share."""
        own = min(size, self._own[share]) if share else 0.0
        if share:
            self._own[share] -= own
        self._common -= size - own

    def _fill(self) -> None:
        now = self._clock()
        for share, rate in BYTES_PER_SECOND.items():
            filled = self._own[share] + rate * (now - self._filled)
            # A share that waits for a large event saves beyond its reserve, or a hungry one would always be first.
            self._own[share] = min(filled, max(RESERVE, self._waiting[share]))
            self._common = min(self._common + filled - self._own[share], AT_ONCE)
        self._filled = now
