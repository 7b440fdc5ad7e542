"""A newcomer adds a command by editing one file of the program: it is sent, refused or accepted, and obeyed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

SAVE_AND_REST = '''

@dataclass(frozen=True)
class SaveAndRest(Command):
    """Write a checkpoint, run so many steps, and pause."""

    count: Positive = 1

    def objection(self, training: Steerable) -> str | None:
        return f"{self.count} steps are too many" if self.count > 100 else None

    def obey(self, training: Steerable) -> Iterable[Event]:
        yield from training.save_checkpoint()
        yield from training.run_steps(self.count)
'''
PROGRAM = """
import json, sys
from pathlib import Path
from tuitrain.experiment.document import to_experiment
from tuitrain.runs import commands as c, events as e, inbox
from tuitrain.training.prepare import prepare
from tuitrain.training.process import begin

document = {"epochs": 3, "data": "spirals", "model": {"layers": [{"type": "dense", "units": 4}]}}
run, hosted = begin(prepare(to_experiment(document), "cpu"), Path("runs"))
for command in (c.SaveAndRest(101), c.Pause()):
    inbox.send(run, command)
hosted.control.send(c.Pause())
seen, answers = [], {}
for event in hosted:
    seen.append([type(event).__name__, getattr(event, "step", None)])
    if isinstance(event, (e.CommandAccepted, e.CommandRefused)):
        answers[event.id] = event.why if isinstance(event, e.CommandRefused) else event.command
        if len(answers) == 2:
            inbox.send(run, c.SaveAndRest(3))
    if isinstance(event, e.RunPaused) and event.step == 3:
        inbox.send(run, c.Stop())
print(json.dumps({"answers": list(answers.values()), "seen": seen}))
"""


def test_a_command_is_one_class_in_one_file(tmp_path):
    shutil.copytree(ROOT / "tuitrain", tmp_path / "tuitrain", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "tuitrain/runs/commands.py").open("a", encoding="utf-8") as file:
        file.write(SAVE_AND_REST)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert sorted(told["answers"]) == ["101 steps are too many", "Pause", "SaveAndRest", "Stop"]
    happened = [one for one in told["seen"] if one[0] in ("CheckpointSaved", "RunPaused", "RunFinished")]
    assert happened[-4:] == [["CheckpointSaved", 0], ["RunPaused", 3], ["CheckpointSaved", 3], ["RunFinished", 3]]
