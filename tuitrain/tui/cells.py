"""The cells of the dashboard, in the order of their keys: instruments beside the plots, and a cell for every plot."""

from __future__ import annotations

from dataclasses import dataclass

from tuitrain.tui.panes.gradients import GradientPane
from tuitrain.tui.panes.log import LogPane
from tuitrain.tui.panes.model import ModelPane
from tuitrain.tui.panes.settings import SettingsPane
from tuitrain.tui.plots import PLOTS


@dataclass(frozen=True)
class Cell:
    """A pane of the dashboard: its ``name`` is its id, its ``title`` that of its tab where there is little room.

    ``key`` goes there; there are nine, and none for a cell behind them.
    """

    name: str
    title: str
    help: str
    key: str


_PANES = (
    ("model", "Model", ModelPane.HELP),
    ("settings", "Settings", SettingsPane.HELP),
    *((plot.name, plot.title, plot.help) for plot in PLOTS),
    ("gradients", "Gradients", GradientPane.HELP),
    ("log", "Log", LogPane.HELP),
)
CELLS = {pane[0]: Cell(*pane, key=str(number) if number < 10 else "") for number, pane in enumerate(_PANES, 1)}
