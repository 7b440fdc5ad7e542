"""The panes that show a curve: loss, accuracy, learning rate."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip

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
from, once an epoch. A × at the upper edge marks a loss that was no number (nan) or infinite.

Look for:

- Both go down together: it learns.
- The thick line turns upwards while the thin one goes on down: overfitting.
- The thin line stays flat from the start: it does not learn. Look at the gradients.
- The thin line jumps or climbs: the learning rate is too high.
"""

    def chart(self, view: View) -> Chart:
        return plots.loss(self.snapshot, view)


class AccuracyPane(PlotPane, inherit_bindings=False):
    TITLE = "Accuracy"
    HELP = """\
# Accuracy

The share of examples that the network classifies correctly: 1 is all of them.

The line is the accuracy on the training data while it is learned from, the thick line is the accuracy
on the validation data, once an epoch.

Look for:

- Both go up together: it learns.
- The thin line is far above the thick one: overfitting.
- It stays where guessing would be (0.1 with ten classes): it has learned nothing.
"""

    def chart(self, view: View) -> Chart:
        return plots.accuracy(self.snapshot, view)


class LearningRatePane(PlotPane):
    TITLE = "Learning rate"
    HELP = """\
# Learning rate

How far each step moves the weights.

The quiet line is the plan for the whole training, the bright one what has been used of it, the dot is now.

Look for:

- The loss falls faster, or gets calmer, where the rate changes.
- Too high: the loss jumps, grows or becomes nan.
- Too low: the loss falls, but slowly.
"""

    plan: reactive[Plan] = reactive(Plan(), repaint=False)

    def chart(self, view: View) -> Chart:
        return plots.learning_rate(self.snapshot, view, self.plan)

    def watch_plan(self) -> None:
        self.forget_limits()
