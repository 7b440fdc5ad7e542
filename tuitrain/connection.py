"""Connections to servers that may be out of reach: no wait for them is long."""

import contextlib
import http.client
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

SECONDS_TO_ANSWER = 8.0


def answers(url: str, seconds: float = SECONDS_TO_ANSWER) -> bool:
    """Whether a server says anything at all in that time, be it an error.

    A thread, because a socket's timeout holds for each address of a host anew and not for its name server:
    behind a firewall that drops packets, minutes go by.
    """
    answered = threading.Event()

    def ask() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            try:
                urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds).close()
            except urllib.error.HTTPError as refusal:
                refusal.close()
            answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answered.is_set()


@contextlib.contextmanager
def bounded(seconds: float = SECONDS_TO_ANSWER) -> Iterator[None]:
    """Every read waits at most that long, for libraries that set no timeout."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
