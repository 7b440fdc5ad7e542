"""The directory of a run: where its files are, how it comes to be, and how it is found again."""

import difflib
import itertools
import os
import re
import shutil
import socket
import stat
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from tuitrain.errors import Refused, UnknownRun
from tuitrain.runs import lock
from tuitrain.runs.bounds import Name, Positive, Time
from tuitrain.runs.files import read_json, write_json, write_text
from tuitrain.runs.values import fits

LAST = "last.pt"
PREVIOUS = "previous.pt"
"""What the checkpoint LAST was before it was written anew."""

_STAMP = re.compile(r"\d{8}-\d{6}-")

_INFO: dict[str, Any] = {
    "host": Name,
    "pid": Positive,
    "started_at": Time,
    "parent": Name | None,
    "device": Name,
    "device_name": Name,
    "threads": Positive,
}
"""What ``run.json`` holds; there may be more."""


def runs_root() -> Path:
    """``$TUITRAIN_RUNS``, or ``tuitrain/runs`` in the user's data directory."""
    chosen = os.environ.get("TUITRAIN_RUNS")
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()
    return platformdirs.user_data_path("tuitrain", appauthor=False) / "runs"


class _Inside:
    """The path of something in the directory of a run."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, run: "RunDirectory", owner: type) -> Path:
        return run.path / self._name


@dataclass(frozen=True)
class RunDirectory:
    """The files of one run. A directory is a run once it has its ``run.json``."""

    path: Path

    experiment = _Inside("experiment.toml")
    info = _Inside("run.json")
    lock = _Inside("lock")
    events = _Inside("events.jsonl")
    commands = _Inside("commands")
    history = _Inside("history.json")
    checkpoints = _Inside("checkpoints")
    summary = _Inside("summary.json")
    log = _Inside("trainer.log")

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is a file that the run could go on from."""
        return any(os.path.isfile(self.checkpoints / name) for name in (LAST, PREVIOUS))

    def is_run(self) -> bool:
        """Whether there is a run here, and it is ours to read."""
        try:
            return stat.S_ISREG(os.lstat(self.info).st_mode)
        except (OSError, ValueError):  # ValueError: a path that no system call takes
            return False

    def read_info(self) -> dict[str, Any]:
        """``run.json`` without the entries that are not what they should be; empty if it cannot be read."""
        try:
            info = read_json(self.info)
        except (OSError, ValueError):
            return {}
        return {name: value for name, value in info.items() if name not in _INFO or fits(_INFO[name], value)}

    def update_info(self, **changes: Any) -> None:
        """Change entries of ``run.json`` (a resumed run may live on another host). Raises OSError."""
        write_json(self.info, self.read_info() | changes)

    def hold_lock(self) -> int:
        """See `lock.hold`: for the trainer, before anything else.

        Raises Refused also where a link stands in the run's directory: a trainer would write where it leads.
        """
        link = next((name for name in sorted(os.listdir(self.path)) if os.path.islink(self.path / name)), None)
        if link is not None:
            raise Refused(f"{self.path / link}: is a symbolic link, and a run is written through none; remove it.")
        return lock.hold(self.lock)

    def is_held(self) -> bool:
        """Whether a trainer on this host has this run."""
        return lock.is_held(self.lock)


def create(root: Path, name: str, experiment_toml: str, info: dict[str, Any]) -> RunDirectory:
    """Make the directory of a new run, complete or not at all.

    ``run.json`` gets host, pid, started_at (seconds since the epoch) and parent (None), then ``info`` over them.
    Raises Refused if ``root`` cannot be written.
    """
    now = time.time()
    base = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}-{_slug(name)}"
    defaults = {"host": socket.gethostname(), "pid": os.getpid(), "started_at": round(now, 3), "parent": None}
    try:
        _make_private(root)
        directory = RunDirectory(_make_exclusively(root, base))
        try:
            directory.commands.mkdir(mode=0o700)
            directory.checkpoints.mkdir(mode=0o700)
            write_text(directory.experiment, experiment_toml)
            write_json(directory.info, defaults | info)
        except BaseException:
            shutil.rmtree(directory.path, ignore_errors=True)
            raise
    except OSError as error:
        raise Refused(
            f"{root}: cannot make a run there ({error.strerror}). Free some space, or point TUITRAIN_RUNS elsewhere."
        ) from None
    return directory


def list_runs(root: Path) -> list[RunDirectory]:
    """The runs in ``root``, newest first; empty where there is no such directory.

    Raises Refused if it is no directory, or cannot be read.
    """
    try:
        with os.scandir(root) as found:
            entries = [entry.name for entry in found if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Refused(
            f"{root}: the runs there cannot be listed ({error.strerror}). Point TUITRAIN_RUNS elsewhere."
        ) from None
    runs = (RunDirectory(root / name) for name in sorted(entries, key=_age, reverse=True))
    return [run for run in runs if run.is_run()]


def resolve(root: Path, text: str | None) -> RunDirectory:
    """The run that ``text`` names: a name, a path or a unique beginning; None is the latest.

    Raises UnknownRun with what may have been meant.
    """
    if not text:
        if runs := list_runs(root):
            return runs[0]
        raise UnknownRun(f"{root}: has no runs yet. Start one first, or set TUITRAIN_RUNS to where they are.")
    named = RunDirectory(root / text)
    if text == named.name and named.is_run():
        return named
    at_path = RunDirectory(Path(os.path.expanduser(text)).absolute())
    if at_path.is_run():
        return at_path
    runs = list_runs(root)
    by_name = {run.name: run for run in runs}
    begun = [run for run in runs if run.name.startswith(text)]
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise UnknownRun(f"{text!r} is the beginning of {len(begun)} runs: {_some(run.name for run in begun)}")
    near = difflib.get_close_matches(text, by_name) or [n for n in by_name if text.lower() in n] or list(by_name)
    raise UnknownRun(f"{text!r} is no run in {root}. " + (f"There is: {_some(near)}" if near else "It has none yet."))


def _slug(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", ascii_name)[:60].strip("-") or "run"


def _make_private(path: Path) -> None:
    """Make a directory and those above it that are missing, all 0700: whoever may write there can take runs away."""
    if not path.is_dir():
        _make_private(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def _make_exclusively(root: Path, base: str) -> Path:
    for count in itertools.count(1):
        path = root / (base if count == 1 else f"{base}-{count}")
        try:
            path.mkdir(mode=0o700)
            return path
        except FileExistsError:
            continue
    raise AssertionError("unreachable")


def _age(name: str) -> tuple[bool, str]:
    """Sorts names by time and then by suffix (-10 after -2); renamed directories, without a time, come first."""
    return bool(_STAMP.match(name)), re.sub(r"\d+", lambda digits: digits[0].zfill(20), name)


def _some(names: Iterable[str]) -> str:
    first = list(itertools.islice(names, 6))
    return ", ".join(first[:5]) + (", ..." if len(first) > 5 else "")
