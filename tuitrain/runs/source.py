"""Source: what gives the snapshots of a run to whoever shows it."""

from typing import Protocol

from tuitrain.runs.snapshot import Snapshot


class Source(Protocol):
    """A run, whatever its events are read from; `Follower` reads them from the run's directory as they come."""

    def poll(self) -> Snapshot:
        """The run as it is now; the same object until it changes. Raises OSError if it cannot be read."""
        ...
