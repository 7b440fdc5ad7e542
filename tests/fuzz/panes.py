"""What the dashboard draws of a snapshot, without an app around it."""

from textual.geometry import Size

from tuitrain.experiment.presets import load
from tuitrain.tui import plotting
from tuitrain.tui.charts import learning_rate_plan
from tuitrain.tui.panes.canvas import CanvasPane
from tuitrain.tui.panes.gradients import GradientPane
from tuitrain.tui.panes.log import LogPane
from tuitrain.tui.panes.plot import PlotPane
from tuitrain.tui.panes.runbar import RunBar
from tuitrain.tui.phases import RunStatus
from tuitrain.tui.plots import PLOTS, Plot
from tuitrain.tui.strips import DARK

EXPERIMENT = load("spirals-mlp")
PANES = (RunBar, *PLOTS, GradientPane, LogPane)


def draw(kind, snapshot, width, height, logarithmic=False, by_unit=False):
    """One pane or plot of the dashboard on this snapshot: it gives exactly so many lines of so many cells."""
    plotting.load()  # the first drawing of an app waits for it
    plan = learning_rate_plan(EXPERIMENT, snapshot)
    status = RunStatus(name="run", has_run=True)
    state = {"logarithmic": logarithmic, "by_unit": by_unit, "plan": plan, "status": status}
    pane = _bare(PlotPane)(kind) if isinstance(kind, Plot) else _bare(kind)()
    pane.set_reactive(CanvasPane.snapshot, snapshot)
    for name, value in state.items():
        if hasattr(pane, name):
            pane.set_reactive(getattr(type(pane), name), value)
    rows = 2 if kind is RunBar else height
    for _ in range(2):  # the second drawing keeps the limits of the first
        lines = pane.draw(Size(width, rows))
        assert [line.cell_length for line in lines] == [width] * rows


def _bare(kind):
    """The pane with all that it needs of an app."""
    return type(kind.__name__, (kind,), {"palette": DARK, "set_timer": lambda self, *arguments: None})
