"""A newcomer adds a layer, an activation, a schedule and a callback, each by one class in one file of the program."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SWISH = '''
class Swish(Activation):
    """f(z) = z·σ(βz) (Ramachandran et al. 2017)."""

    type: Literal["swish"] = "swish"
    beta: float = Field(1.0, gt=0, le=100, description="How steep the gate is.")

    def build(self, shape: Shape) -> nn.Module:
        import torch
        from torch import nn

        class Module(nn.Module):
            def forward(module, z):
                return z * torch.sigmoid(self.beta * z)

        return Module()
'''
JITTER = '''
class Jitter(LayerSpec):
    """Adds N(0, std²) to every element while training."""

    type: Literal["jitter"] = "jitter"
    std: float = Field(0.1, gt=0, le=10, description="Standard deviation of the noise.")

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        import torch
        from torch import nn

        class Module(nn.Module):
            def forward(module, x):
                return x + self.std * torch.randn_like(x) if module.training else x

        return (Module(),)
'''
SAWTOOTH = '''
class Sawtooth(Schedule):
    """lr0 · (1 - (t mod teeth) / teeth), t in steps."""

    type: Literal["sawtooth"] = "sawtooth"
    teeth: int = Field(4, ge=2, le=1000, description="Steps from one tooth to the next.")

    def base_rate(self, lr0: float, step: int, steps_per_epoch: int, total_steps: int) -> float:
        return lr0 * (1 - step % self.teeth / self.teeth)
'''
CURFEW = '''
class Curfew(CallbackSpec):
    """End after so many steps, at the next end of an epoch."""

    type: Literal["curfew"] = "curfew"
    steps: int = Field(20, ge=1, le=10**9, description="How many steps there may be.")

    def build(self, context: CallbackContext) -> Callback:
        return _Curfew(self.steps)


class _Curfew(Callback):
    def __init__(self, steps: int) -> None:
        self._steps = steps

    def after_evaluation(self, evaluation: Evaluation) -> Sequence[Action]:
        return (StopTraining(f"{self._steps} steps are over"),) if evaluation.step >= self._steps else ()
'''
MEMBERS = {
    "model/activations.py": SWISH,
    "model/elementwise.py": JITTER,
    "optim/schedules.py": SAWTOOTH,
    "optim/callbacks.py": CURFEW,
}
EXPERIMENT = """
name = "new"
epochs = 9
batch_size = 100

[data]
type = "spirals"
samples = 500
validation = "none"

[[model.layers]]
type = "dense"
units = 8
activation = { type = "swish", beta = 2.0 }

[[model.layers]]
type = "jitter"

[schedule]
type = "sawtooth"
teeth = 5

[[callbacks]]
type = "curfew"
"""
LOOK = """
import json, sys
from pathlib import Path
from tuitrain.experiment import toml
from tuitrain.experiment.document import to_document, to_experiment
from tuitrain.model.activations import Activation
from tuitrain.model.base import Layer
from tuitrain.optim.callback_base import CallbackSpec
from tuitrain.optim.schedule_base import Schedule
from tuitrain.spec import members
from tuitrain.tui.forms import about, check, form_fields
from tuitrain.tui.charts import learning_rate_plan

experiment = to_experiment(toml.read(Path("new.toml")))
families = {"jitter": Layer, "swish": Activation, "sawtooth": Schedule, "curfew": CallbackSpec}
frozen = toml.dumps(to_document(experiment.completed(), complete=True))
assert to_experiment(toml.loads(frozen, "")) == experiment.completed()
print(json.dumps({
    "forms": {name: [[f.label, f.default, f.limits, f.help] for f in form_fields(members(family)[name], {})]
              for name, family in families.items()},
    "about": {name: about(members(family)[name]) for name, family in families.items()},
    "wrong": {name: list(map(str, check(members(family)[name], {"type": name, "no": 1}).values()))
              for name, family in families.items()},
    "shapes": [layer.output_shape for layer in experiment.plan()],
    "rates": [rate for _, rate in learning_rate_plan(experiment, None).points][:6],
    "torch": "torch" in sys.modules,
}))
"""
CONTRACTS = [
    "model/test_activations.py",
    "model/test_layers.py",
    "model/test_formulas.py",
    "optim/test_schedules.py",
    "optim/test_callbacks.py",
]


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """A copy of the project in which each of the four files has one class more at its end, and nothing else differs."""
    home = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "tuitrain", home / "tuitrain", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "presets", home / "presets")
    shutil.copytree(ROOT / "tests", home / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", home)
    for name, member in MEMBERS.items():
        with (home / "tuitrain" / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{member}")
    (home / "new.toml").write_text(EXPERIMENT)
    return home


def run(home, *words):
    environment = {**os.environ, "PYTHONPATH": str(home), "TUITRAIN_RUNS": str(home / "runs")}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=150)


def test_each_has_its_form_its_toml_its_help_and_its_preview(edited):
    done = run(edited, "-c", LOOK)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["forms"]["swish"] == [["beta", "1", "more than 0, at most 100", "How steep the gate is."]]
    assert seen["forms"]["jitter"] == [["std", "0.1", "more than 0, at most 10", "Standard deviation of the noise."]]
    assert ["teeth", "4", "whole number, 2 to 1,000", "Steps from one tooth to the next."] in seen["forms"]["sawtooth"]
    assert [label for label, *_ in seen["forms"]["curfew"]] == ["steps"]
    assert seen["about"]["jitter"] == "Adds N(0, std²) to every element while training."
    assert all("unknown key" in problem for problems in seen["wrong"].values() for problem in problems)
    assert seen["shapes"] == [[8], [8], [2]]
    assert seen["rates"] == pytest.approx([0.01, 0.008, 0.006, 0.004, 0.002, 0.01])
    assert not seen["torch"]


def test_they_train(edited):
    done = run(edited, "-m", "tuitrain.cli", "run", "new.toml", "--plain")
    assert done.returncode == 0, done.stderr
    assert "curfew: 20 steps are over" in done.stdout
    assert "epoch 4/9" in done.stdout
    assert "epoch 5/9" not in done.stdout


def test_the_contract_tests_cover_them_and_ask_for_their_formulas(edited):
    options = ["-q", "-p", "no:cacheprovider", "-rpf", "-k", "swish or jitter or sawtooth or curfew or formula_here"]
    done = run(edited, "-m", "pytest", *options, *(f"tests/{name}" for name in CONTRACTS))
    lines = done.stdout.splitlines()
    failed = [line for line in lines if line.startswith("FAILED")]
    for name in ("swish", "jitter", "sawtooth", "curfew"):
        assert sum(name in line for line in lines if line.startswith("PASSED")) >= 3, done.stdout
    assert any("every_activation_has_a_formula_here" in line for line in failed)
    assert any("every_layer_has_a_formula_here" in line for line in failed)
    assert any("every_schedule_has_a_formula_here" in line for line in failed)
    assert all("formula" in line for line in failed), done.stdout
