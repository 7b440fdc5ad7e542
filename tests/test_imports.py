import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "sklearn", "tensorboard", "plotext")
LOOK = "import importlib, sys; importlib.import_module(sys.argv[1]); print(*(m.partition('.')[0] for m in sys.modules))"


@pytest.mark.parametrize("module", ["tuitrain.tui.app", "tuitrain.cli", "tuitrain.runs.launch", "tuitrain.listing"])
def test_nothing_heavy_is_imported_before_it_is_needed(module):
    """The dashboard never imports torch, and plotext only when it draws first: the first paint waits for neither."""
    done = subprocess.run([sys.executable, "-c", LOOK, module], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "tuitrain" in imported
    assert imported.isdisjoint(HEAVY)
