import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "sklearn", "tensorboard", "plotext")
LOOK = "import importlib, sys; importlib.import_module(sys.argv[1]); print(*(m.partition('.')[0] for m in sys.modules))"


@pytest.mark.parametrize(
    "module",
    ["tuitrain.tui.app", "tuitrain.cli", "tuitrain.recording.recorder", "tuitrain.runs.launch", "tuitrain.listing"],
)
def test_nothing_heavy_is_imported_before_it_is_needed(module):
    """The dashboard never imports torch, and plotext only when it draws first: the first paint waits for neither."""
    assert imported_by(module).isdisjoint(HEAVY)


@pytest.mark.parametrize("module", ["tuitrain.listing", "tuitrain.recording.recorder"])
def test_runs_are_listed_and_recorded_without_the_specs(module):
    """Which take longer to import than ten thousand runs to list."""
    assert imported_by(module).isdisjoint({"pydantic", "tomlkit"})


def imported_by(module):
    done = subprocess.run([sys.executable, "-c", LOOK, module], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "tuitrain" in imported
    return imported
