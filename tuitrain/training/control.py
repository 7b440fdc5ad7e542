"""Control: how other threads reach the one that trains."""

from __future__ import annotations

import threading

from tuitrain.runs.commands import Command


class Control:
    """Commands from any thread. The trainer reads ``attention`` once a step, and takes them only if it is set."""

    def __init__(self) -> None:
        self.attention = False
        self._changed = threading.Condition()
        self._sent: list[Command] = []

    def send(self, command: Command) -> None:
        """Have ``command`` obeyed before the next step; the sender has asked it for its objection."""
        with self._changed:
            if command.latest_only:
                self._sent = [one for one in self._sent if type(one) is not type(command)]
            self._sent.append(command)
            self.attention = True
            self._changed.notify_all()

    def take(self) -> list[Command]:
        """What was sent since the last time, in order."""
        with self._changed:
            sent, self._sent, self.attention = self._sent, [], False
            return sent

    def wait(self) -> None:
        """Sleep until there is something to take."""
        with self._changed:
            self._changed.wait_for(lambda: self._sent)
