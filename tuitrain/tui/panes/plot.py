"""The pane that shows a plot, whichever it is."""

from typing import ClassVar

from textual.binding import BindingType
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip

from tuitrain.metrics import Task, task_of_figures
from tuitrain.runs.snapshot import Snapshot
from tuitrain.tui import plotting
from tuitrain.tui.actions import SCALE, bindings
from tuitrain.tui.axes import Axis
from tuitrain.tui.charts import Plan, View
from tuitrain.tui.panes.canvas import CanvasPane
from tuitrain.tui.plots import Plot

FIRST_DRAWING_S = 0.1
"""What the first drawing waits: it imports plotext, and the rows of the other panes are painted before."""


class PlotPane(CanvasPane):
    """Draws its plot, and keeps its y-limits from one drawing to the next."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(SCALE)
    DEFAULT_CSS = "PlotPane { border-subtitle-color: $foreground 50%; }"

    logarithmic: reactive[bool] = reactive(False, repaint=False)
    plan: reactive[Plan] = reactive(Plan(), repaint=False)
    regression: reactive[bool] = reactive(False, repaint=False)
    """Whether the data has no classes, as far as is known before a run has said it."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(id=plot.name)
        self.plot = plot
        self._y: Axis | None = None

    def draw(self, size: Size) -> tuple[Strip, ...]:
        view = View(*size, self.palette, self.ascii_only, self.logarithmic, self._y, self._run_task, self.plan)
        chart = self.plot.chart(self.snapshot, view)
        self._y = None if chart.message else chart.y
        self.show_titles(self.plot.heading_of(self._run_task), chart.note)
        if not chart.message and not plotting.is_loaded():
            self.set_timer(FIRST_DRAWING_S, self._draw_first)
            return ()
        return plotting.draw(chart)

    def _draw_first(self) -> None:
        plotting.load()
        self.redraw()

    @property
    def _run_task(self) -> Task:
        window = self.snapshot.window
        return task_of_figures(window.figures) if window else "regression" if self.regression else "classification"

    def forget_limits(self) -> None:
        self._y = None
        self.redraw_soon()

    watch_logarithmic = watch_plan = watch_regression = forget_limits

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        return action != "toggle" or self.plot.has_log_scale

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        if new.started is not old.started:
            self.forget_limits()
        super().watch_snapshot(old, new)
