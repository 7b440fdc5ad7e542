"""The cells of the dashboard, in the order of their keys: instruments beside the plots, and a cell for every plot."""

from dataclasses import dataclass

from tuitrain.tui.actions import ACTIONS, KeyAction
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

TO_CELLS = tuple(
    KeyAction(f"pane('{cell.name}')", cell.title, cell.key, f"go to the pane {cell.title}", "dashboard")
    for cell in CELLS.values()
    if cell.key
)
_TITLES = ", ".join(cell.title for cell in CELLS.values())
LISTED = (KeyAction("", "", f"1 to {len(TO_CELLS)}", f"go to a pane: {_TITLES}", "textual"), *ACTIONS)
"""Every action as the table of keys has it: those that go to a pane in one row."""
