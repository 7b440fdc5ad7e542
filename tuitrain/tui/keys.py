"""InputQueue: keys, pastes and the mouse reach the app one at a time, each when the one before has done its work.

Textual gives a key to whatever has the focus at that moment. While the dialog that the key before opens is being built,
that is still the dashboard, and a key typed quickly, or before the first paint, would go astray.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from textual.events import Event, InputEvent, Key, MouseMove, Paste

MOST_TURNS = 200
"""Of the event loop, between two keys: opening the largest form takes some 75, however slow the machine is."""


class InputQueue:
    """Holds events until it is open and the event loop is quiet, then has the next one delivered.

    It waits for nothing that may fail to come, such as a dialog or an answer, so it cannot hold a key for ever.
    ``deliver`` says whether the app takes the event: the app then asks `holds` again, and calls `handled` at last.
    """

    def __init__(self, deliver: Callable[[Event], bool]) -> None:
        self._deliver = deliver
        self._waiting: deque[Event] = deque()
        self._delivered: Event | None = None
        self._delivery: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()
        self._handled = asyncio.Event()

    def open(self) -> None:
        """Deliver what was typed so far, and what is typed from here on."""
        self._opened.set()

    def holds(self, event: Event) -> bool:
        """Whether the event has to wait for its turn; when it is delivered it has not."""
        if not isinstance(event, InputEvent | Paste) or event.is_forwarded or event is self._delivered:
            return False
        if isinstance(event, MouseMove) and self._waiting and isinstance(self._waiting[-1], MouseMove):
            self._waiting.pop()
        if isinstance(event, Key) and event.key == "ctrl+j":
            # What a terminal makes of enter until a program has told it to leave the keys as they are.
            event = Key("enter", "\r")
        self._waiting.append(event)
        self._start()
        return True

    def handled(self, event: Event) -> None:
        """The app is done with this event: what it set off may still be under way."""
        if event is self._delivered:
            self._handled.set()

    async def settled(self) -> None:
        """Return once everything that was typed has done its work."""
        await asyncio.wait([self._start()])

    def _start(self) -> asyncio.Task[None]:
        if self._delivery is None or self._delivery.done():
            self._delivery = asyncio.create_task(self._deliver_all(), name="input queue")
        return self._delivery

    async def _deliver_all(self) -> None:
        await self._opened.wait()
        await _quiet()
        while self._waiting:
            self._delivered = self._waiting.popleft()
            self._handled.clear()
            if self._deliver(self._delivered):
                await self._handled.wait()
            await _quiet()


async def _quiet() -> None:
    """Return once the event loop has nothing left to do but wait for time, a terminal, a file or another process.

    Then every message that was posted is handled, every dialog that was asked for is there and has the focus, and
    every one that was closed is gone. One task at a time may wait for it: two would wait for each other. A loop that
    is never quiet, because drawing takes all of a busy machine, is waited for during MOST_TURNS of its turns.
    """
    # asyncio has no public word for it: its loops keep in `_ready` what can run at once.
    ready: Any = getattr(asyncio.get_running_loop(), "_ready", ())
    for _ in range(MOST_TURNS):
        await asyncio.sleep(0)
        if not ready:
            return
