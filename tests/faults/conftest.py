"""What the fault suite shares: the program in processes that start at once, so that hundreds can be killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ZYGOTE = """
import json, os, sys
import torch._dynamo  # which torch's optimizers import at their first step
import tuitrain.cli, tuitrain.console
import tuitrain.training.process
from tuitrain.training import saver
saver.SECONDS = 0.0  # a checkpoint at the end of every epoch

def child(words, out):
    os.setsid()
    file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    status = 1
    try:
        status = tuitrain.cli.main(words)
    except SystemExit as ended:
        status = ended.code
    finally:
        sys.stdout.flush()
        os._exit(status)

for line in sys.stdin:
    request = json.loads(line)
    if "words" in request:
        pid = os.fork()
        if pid == 0:
            child(request["words"], request["out"])
        answer = pid
    else:
        answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
    print(json.dumps(answer), flush=True)
"""
"""It imports torch once and computes nothing itself, so its forks are as good as new processes."""


class Zygote:
    """Starts the program; ``out`` is where a process prints."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._process = subprocess.Popen(
            [sys.executable, "-c", ZYGOTE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._running: set[int] = set()

    def start(self, *words: str, out: str = "out") -> int:
        """Begin ``tuitrain WORDS``; gives its pid."""
        pid: int = self._ask({"words": list(words), "out": str(self.directory / out)})
        self._running.add(pid)
        return pid

    def wait(self, pid: int) -> int:
        """Its exit status, or minus the signal that ended it."""
        status: int = self._ask({"wait": pid})
        self._running.discard(pid)
        return status

    def run(self, *words: str) -> tuple[int, str]:
        """To the end; the exit status and what was printed."""
        status = self.wait(self.start(*words))
        return status, (self.directory / "out").read_text()

    def close(self) -> None:
        for pid in self._running:
            os.kill(pid, signal.SIGKILL)
        self._process.kill()
        self._process.communicate()

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        return json.loads(self._process.stdout.readline())


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    made = Zygote(tmp_path_factory.mktemp("zygote"))
    yield made
    made.close()
