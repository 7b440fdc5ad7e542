"""A trainer in a process of its own, for the tests that stop, kill or starve one."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager

from tuitrain.runs.directory import list_runs

from ..narrow import present

ENDLESS = {"epochs": 1_000_000, "schedule": "constant", "data": {"type": "spirals", "samples": 5000}}

PROGRAM = """
import json, os, resource, sys
from pathlib import Path
from tuitrain.experiment.document import to_experiment
from tuitrain.runs.events import RunFinished
from tuitrain.training.prepare import prepare
from tuitrain.training.process import Host
from tuitrain.training.run import open_run
from tuitrain.training.trainer import Trainer

prepared = prepare(to_experiment(json.loads(sys.argv[1])), "cpu")
run = open_run(prepared, prepared.experiment, Path(sys.argv[2]))
if len(sys.argv) > 3:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
exec(os.environ.get("BEFORE", ""))
hosted = Host(Trainer(prepared, run.checkpoints), run)
for event in hosted:
    if isinstance(event, RunFinished):
        print(event.reason)
sys.exit(hosted.signal or 0)
"""


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


@contextmanager
def hosted_elsewhere(document, root, *arguments, before=""):
    """A trainer in a process of its own, at work, and its run; ``before`` is what the process does first."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(document), str(root), *arguments]
    environment = {**os.environ, "BEFORE": before}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        try:
            run = wait_for(lambda: list_runs(root) or process.poll() is not None)
            assert run is not True, present(process.stdout).read()
            yield process, run[0]
        finally:
            process.kill()
