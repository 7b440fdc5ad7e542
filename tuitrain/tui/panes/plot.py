"""The panes that show a curve: loss, accuracy, learning rate."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip

from tuitrain.metrics import METRIC, task_of_figures
from tuitrain.runs.snapshot import Snapshot
from tuitrain.tui import plots, plotting
from tuitrain.tui.axes import Axis
from tuitrain.tui.panes.canvas import CanvasPane
from tuitrain.tui.plots import Plan, View
from tuitrain.tui.plotting import Chart


class PlotPane(CanvasPane):
    """Draws the chart of a subclass, and keeps its y-limits from one drawing to the next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "toggle_scale", "Log scale", tooltip="Switch between a linear and a logarithmic scale")
    ]
    DEFAULT_CSS = "PlotPane { border-subtitle-color: $foreground 50%; }"
    TITLE: ClassVar[str] = ""

    logarithmic: reactive[bool] = reactive(False, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._y: Axis | None = None
        self.border_title = self.TITLE

    @abstractmethod
    def chart(self, view: View) -> Chart:
        """What ``snapshot`` shows."""

    def draw(self, size: Size) -> tuple[Strip, ...]:
        view = View(size.width, size.height, self.palette, self.ascii_only, self.logarithmic, self._y)
        chart = self.chart(view)
        self._y = None if chart.message else chart.y
        return plotting.draw(chart)

    def forget_limits(self) -> None:
        self._y = None
        self.redraw_soon()

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        if new.started is not old.started:
            self.forget_limits()
        super().watch_snapshot(old, new)

    def watch_logarithmic(self) -> None:
        self.forget_limits()

    def action_toggle_scale(self) -> None:
        self.logarithmic = not self.logarithmic


class LossPane(PlotPane):
    TITLE = "Loss"
    HELP = """\
# Loss

How wrong the network's answers are: the number that training makes smaller.

The line is the loss on the training data while it is learned from; the faint dots above and below it are the highest
and the lowest loss of a single step. The thick line is the loss on the validation data, which the network never learns
from. A × at the upper edge marks a loss that was no number (nan) or infinite.

Look for:

- Both go down together: it learns.
- The thick line turns upwards while the thin one goes on down: overfitting.
- The thin line stays flat from the start: it does not learn. Look at the gradients.
- The thin line jumps or climbs: the learning rate is too high.
"""

    def chart(self, view: View) -> Chart:
        return plots.metric_chart(METRIC["loss"], self.snapshot, view)


class AccuracyPane(PlotPane, inherit_bindings=False):
    TITLE = "Accuracy"
    HELP = """\
# Accuracy

The share of examples that the network classifies correctly: 1 is all of them.

The line is the accuracy on the training data while it is learned from, the thick line is the accuracy
on the validation data.

Look for:

- Both go up together: it learns.
- The thin line is far above the thick one: overfitting.
- It stays where guessing would be (0.1 with ten classes): it has learned nothing.

Where the target is a number there is no accuracy, but the *mean absolute error*: how far the answers are from the
targets, in the unit of the targets. It goes down when the network learns.
"""

    regression: reactive[bool] = reactive(False, repaint=False)
    """Whether the data has no classes, as far as is known before a run has said it."""

    @property
    def _is_regression(self) -> bool:
        window = self.snapshot.window
        return task_of_figures(window.figures) == "regression" if window else self.regression

    def chart(self, view: View) -> Chart:
        return plots.metric_chart(METRIC["mae" if self._is_regression else "accuracy"], self.snapshot, view)

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        super().watch_snapshot(old, new)
        self._show_title()

    def watch_regression(self) -> None:
        self._show_title()
        self.forget_limits()

    def _show_title(self) -> None:
        title = "Mean absolute error" if self._is_regression else self.TITLE
        if title != self.border_title:  # Textual paints the whole pane anew even for the title that it has
            self.border_title = title


class LearningRatePane(PlotPane):
    TITLE = "Learning rate"
    HELP = """\
# Learning rate

How far each step moves the weights.

The quiet line is the plan for the whole training, the bright one what has been used of it, the dot is now. Below
stands what no plan can know, as of a schedule that follows how training goes.

Look for:

- The loss falls faster, or gets calmer, where the rate changes.
- Too high: the loss jumps, grows or becomes nan.
- Too low: the loss falls, but slowly.
"""

    plan: reactive[Plan] = reactive(Plan(), repaint=False)

    def chart(self, view: View) -> Chart:
        return plots.learning_rate(self.snapshot, view, self.plan)

    def watch_plan(self) -> None:
        self.border_subtitle = self.plan.note if self.plan.points else ""
        self.forget_limits()
