"""``events.jsonl``: the writer that appends whole lines, and the reader that follows by offset."""

import os
from pathlib import Path

from tuitrain.files import open_unlinked
from tuitrain.runs.codec import decode, encode
from tuitrain.runs.events import Event

CHUNK = 1 << 18
"""Bytes a read takes at once: some 1,300 windows, decoded well within a frame of the screen."""

LONGEST_LINE = 1 << 22
"""Bytes: the layers of a network of 20,000. A longer line is skipped, so that it need not fit into memory."""


class EventLog:
    """Appends events; for one thread of one process. Raises OSError where the file cannot be opened.

    A line is handed to the kernel at once: readers see it, and it survives this process.
    `sync` makes it survive the machine.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = open_unlinked(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        self._torn = self._ends_torn()

    def append(self, event: Event) -> int:
        """Write one line, and say how long it is, in bytes.

        Raises OSError (a full disk); the next append then ends what is left of the line.
        """
        line = b"\n" * self._torn + encode(event).encode() + b"\n"
        size = len(line)
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except BaseException:
            self._torn = self._ends_torn()
            raise
        self._torn = False
        return size

    def sync(self) -> None:
        """Have everything on the disk before returning. Raises OSError."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)

    def _ends_torn(self) -> bool:
        size = os.fstat(self._descriptor).st_size
        return size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"


class EventReader:
    """Follows a log, which need not be there yet.

    ``offset`` is that of the first line not yet read, ``skipped`` counts unreadable lines, and
    ``caught_up`` says whether the last read came to the end of the file.
    """

    def __init__(self, path: Path, offset: int = 0, skipped: int = 0) -> None:
        self._path = path
        self.offset = offset
        self.skipped = skipped
        self.caught_up = False
        self._within_skipped = False

    def read(self) -> list[Event]:
        """The next events, from about `CHUNK` bytes; a last line without its end is left for the next time.

        Raises OSError if the log cannot be read (see `open_unlinked`).
        """
        data = self._next_bytes()
        lines, end, rest = data.rpartition(b"\n")
        self.offset += len(lines) + len(end)
        if end and self._within_skipped:
            self._within_skipped = False
            _, _, lines = lines.partition(b"\n")
        elif len(rest) >= LONGEST_LINE or (rest and self._within_skipped):
            self.skipped += not self._within_skipped
            self._within_skipped = True
            self.offset += len(rest)
        return [event for line in lines.split(b"\n") if line and (event := self._decode(line))]

    def _next_bytes(self) -> bytes:
        """A chunk, or as much more as it takes to have one whole line, up to `LONGEST_LINE`."""
        size = CHUNK
        try:
            # Opened anew each time: that is when a network file system looks for what others have written.
            with open(self._path, "rb", buffering=0, opener=open_unlinked) as file:
                while True:
                    data = os.pread(file.fileno(), size, self.offset)
                    self.caught_up = len(data) < size
                    if self.caught_up or b"\n" in data or size >= LONGEST_LINE:
                        return data
                    size *= 2
        except FileNotFoundError:
            self.caught_up = True
            return b""

    def _decode(self, line: bytes) -> Event | None:
        try:
            return decode(line)
        except ValueError:
            self.skipped += 1
            return None


def next_line(path: Path, offset: int) -> int:
    """Where the first line begins that begins behind ``offset``. Raises OSError if the log cannot be read."""
    with open(path, "rb", opener=open_unlinked) as file:
        file.seek(offset)
        file.readline(LONGEST_LINE)
        return file.tell()
