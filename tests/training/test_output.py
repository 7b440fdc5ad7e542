"""What libraries print, in Python and in native code, is in trainer.log, and in nothing that a program reads."""

import subprocess
import sys

PROGRAM = """
import ctypes, os, subprocess, sys
from pathlib import Path
from tuitrain.training.output import keep_stdout, to_log

answers = keep_stdout() if sys.argv[2] == "kept" else None
print("before")
to_log(Path(sys.argv[1]))
native = ctypes.CDLL(None)
print("python out")
print("python err", file=sys.stderr)
native.puts(b"native out")
native.fflush(None)
os.write(1, b"descriptor 1\\n")
os.write(2, b"descriptor 2\\n")
subprocess.run(["echo", "child"])
if answers:
    print("an answer", file=answers, flush=True)
"""
PRINTED = {"python out", "python err", "native out", "descriptor 1", "descriptor 2", "child"}


def printed(log, kept):
    return subprocess.run([sys.executable, "-c", PROGRAM, str(log), kept], capture_output=True, text=True, timeout=120)


def test_all_that_is_printed_goes_to_the_end_of_the_log(tmp_path):
    log = tmp_path / "trainer.log"
    log.write_text("of an earlier life\n")
    done = printed(log, "no")
    assert (done.returncode, done.stdout, done.stderr) == (0, "before\n", "")
    first, *lines = log.read_text().splitlines()
    assert first == "of an earlier life"
    assert set(lines) == PRINTED


def test_answers_are_all_that_is_on_the_stdout_that_was_kept(tmp_path):
    done = printed(tmp_path / "trainer.log", "kept")
    assert (done.returncode, done.stdout, done.stderr) == (0, "an answer\n", "before\n")
    assert set((tmp_path / "trainer.log").read_text().splitlines()) == PRINTED
