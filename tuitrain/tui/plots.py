"""The plots of a run. A new one is an entry of `PLOTS`: it has a cell of its own, a tab, a key and its help."""

from collections.abc import Callable
from dataclasses import dataclass

from tuitrain.metrics import METRIC, Metric, Task
from tuitrain.runs.snapshot import Snapshot
from tuitrain.tui.charts import View, learning_rate_chart, metric_chart
from tuitrain.tui.plotting import Chart


@dataclass(frozen=True)
class Plot:
    """What a cell of the dashboard shows of a run.

    Attributes:
        name: that of its cell.
        title: that of its tab.
        help: what is seen and what to look for, in Markdown.
        metrics: the curves of the first one that has a meaning for the task of the run are drawn, under its name.
        draws: what is drawn instead of a metric, under ``heading``.
    """

    name: str
    title: str
    help: str
    metrics: tuple[str, ...] = ()
    heading: str = ""
    draws: Callable[[Snapshot, View], Chart] | None = None

    @property
    def has_log_scale(self) -> bool:
        """A share has no other scale than that from 0 to 1."""
        return not any(METRIC[name].is_share for name in self.metrics)

    def heading_of(self, task: Task) -> str:
        """What stands above the plot of a run with that task."""
        label = self.heading or self._metric(task).label
        return label[0].upper() + label[1:]

    def chart(self, snapshot: Snapshot, view: View) -> Chart:
        """The run, drawn so; where there is nothing to draw, words that say why."""
        return self.draws(snapshot, view) if self.draws else metric_chart(self._metric(view.task), snapshot, view)

    def _metric(self, task: Task) -> Metric:
        metrics = [METRIC[name] for name in self.metrics]
        return next((metric for metric in metrics if metric.task in ("any", task)), metrics[0])


_LOSS = """\
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
_ACCURACY = """\
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
_RATE = """\
# Learning rate

How far each step moves the weights.

The quiet line is the plan for the whole training, the bright one what has been used of it, the dot is now. Below
stands what no plan can know, as of a schedule that follows how training goes.

Look for:

- The loss falls faster, or gets calmer, where the rate changes.
- Too high: the loss jumps, grows or becomes nan.
- Too low: the loss falls, but slowly.
"""

PLOTS = (
    Plot("loss", "Loss", _LOSS, ("loss",)),
    Plot("accuracy", "Accuracy", _ACCURACY, ("accuracy", "mae")),
    Plot("rate", "Rate", _RATE, heading="Learning rate", draws=learning_rate_chart),
)
