"""Plots are drawn at once here: the first drawing of a process waits, because it imports plotext."""

from types import SimpleNamespace

import plotext  # noqa: F401
import pytest

from tuitrain.runs import launch


@pytest.fixture(autouse=True)
def no_trainer(monkeypatch):
    """A stand-by cannot be started, which costs nothing and is said in the run bar."""
    monkeypatch.setattr(launch, "sys", SimpleNamespace(executable="/nowhere/python"))
