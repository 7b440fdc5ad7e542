"""GradientPane: how large the gradient is in each layer, or in the units of one."""

import math
from typing import ClassVar, Literal

from textual.binding import BindingType
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip

from tuitrain.runs.events import LayersObserved
from tuitrain.runs.snapshot import Snapshot
from tuitrain.tui import bars
from tuitrain.tui.actions import STATISTIC, bindings
from tuitrain.tui.axes import Axis, Limits, log_limits, log_ticks
from tuitrain.tui.bars import Bar, BarChart
from tuitrain.tui.charts import waiting
from tuitrain.tui.fitting import joined
from tuitrain.tui.panes.units import UnitView
from tuitrain.tui.strips import paragraph, to_strip

Statistic = Literal["gradient_norm", "bias_gradient_norm"]

_TITLES: dict[Statistic, tuple[str, str]] = {
    "gradient_norm": ("Gradient norm ‖∂C/∂w‖", "Gradient norm |dC/dw|"),
    "bias_gradient_norm": (
        "Speed of learning: bias gradient norm ‖∂C/∂b‖",
        "Speed of learning: bias gradient norm |dC/db|",
    ),
}
_UNITS_TITLE = ("Gradient per unit ∂C/∂b", "Gradient per unit dC/db")


class GradientPane(UnitView):
    """A bar per layer with parameters, from the input down to the output, on a logarithmic axis that stands still.

    Or, of a single layer, what `UnitView` shows.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(STATISTIC)
    HELP = """\
# Gradients per layer

How strongly the loss pulls at each layer: the length (norm) of its gradient. The first layer is on top, the output
at the bottom. The axis is logarithmic: one mark to the next is a factor of ten or more.

`g` switches between the weights and the biases. The norm at the biases is called the speed of learning.
A layer that is *frozen* says so instead, and one without bias shows a dash.

Look for:

- Bars of about the same length: all layers learn.
- Bars that get shorter towards the top, by factors: vanishing gradients. The first layers hardly learn. Try ReLU,
  He initialisation or batch normalisation.
- Bars that grow from one moment to the next: exploding gradients. Try a lower learning rate or clipping.
- A × at the right: the gradient is infinite or no number; training has broken down.

# Gradients per unit

`u` switches between the layers and the units of one layer; up and down then choose the layer.

There is a bar for each of its first 30 units (in a convolution for each filter, in a normalisation for each channel,
in a recurrent layer for each unit of the first gate): ∂C/∂b, the gradient at its bias. A bar to the right is positive:
gradient descent makes this bias smaller. To the left it is negative. The bottom line says what the numbers are
multiplied by, and which of them is a full bar. The units are observed only while they are shown here and the run is on.

Look for:

- Bars of many lengths, on both sides: each unit learns something else.
- The same bars in all units: they are all the same unit. Initialise the weights at random.
- Units that stay at 0: dead units.
"""

    statistic: reactive[Statistic] = reactive[Statistic]("gradient_norm", repaint=False)
    top: reactive[int] = reactive(0, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._limits: dict[Statistic, Limits] = {}

    def draw(self, size: Size) -> tuple[Strip, ...]:
        self.show_titles((_UNITS_TITLE if self.by_unit else _TITLES[self.statistic])[self.ascii_only])
        return self.draw_units(size) if self.by_unit else self._draw_layers(size)

    def _draw_layers(self, size: Size) -> tuple[Strip, ...]:
        layers = self._layers()
        rows = self.page
        self.set_reactive(GradientPane.top, max(0, min(self.top, len(layers) - rows)))
        shown = layers[self.top : self.top + rows]
        observed = self.snapshot.observed
        if not observed or not layers:
            return paragraph(waiting(self.snapshot, "the gradient of each layer"), *size, self.palette.quiet)
        header = joined(self._header(observed, len(layers), len(shown)), size.width, ranks=(0, 2, 1))
        limits = self._update_limits(layers)
        axis = Axis(*limits, log_ticks(*limits, max(size.width // 10, 2)), logarithmic=True)
        chart = BarChart(size.width, size.height - 1, axis, shown, self.palette, self.ascii_only)
        return (to_strip([(header, self.palette.quiet)], size.width), *bars.draw(chart))[: size.height]

    def _layers(self) -> tuple[Bar, ...]:
        started, observed = self.snapshot.started, self.snapshot.observed
        if not started or not observed:
            return ()
        values: tuple[float | None, ...] = getattr(observed, self.statistic)
        if len(values) != len(started.layers):  # a log that something else has written
            return ()
        frozen = {layer.name for layer in started.layers if not layer.trainable} | set(self.snapshot.frozen)
        pairs = ((layer.name, value) for layer, value in zip(started.layers, values, strict=True) if layer.parameters)
        # What was observed before a layer was frozen does not count any more.
        return tuple(Bar(name, None, "frozen") if name in frozen else Bar(name, value) for name, value in pairs)

    def _update_limits(self, layers: tuple[Bar, ...]) -> Limits:
        values = [bar.value for bar in layers if bar.value and math.isfinite(bar.value)]
        if values:
            self._limits[self.statistic] = log_limits(self._limits.get(self.statistic), min(values), max(values))
        return self._limits.get(self.statistic, (1e-6, 1.0))

    def _header(self, observed: LayersObserved, layers: int, shown: int) -> tuple[str, str, str]:
        dash = "-" if self.ascii_only else "\N{EN DASH}"
        part = f"{self.top + 1}{dash}{self.top + shown} of {layers}" if shown < layers else f"{layers} layers"
        return f"step {observed.step}", f"epoch {observed.epoch:.2f}", part

    @property
    def page(self) -> int:
        """Rows for layers: one is for the header, one for the decades."""
        return max(self.content_size.height - 2, 1)

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        if new.started is not old.started:
            self._limits.clear()
        super().watch_snapshot(old, new)

    watch_statistic = watch_top = UnitView.redraw

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        return action != "toggle_statistic" or not self.by_unit

    def action_toggle_statistic(self) -> None:
        self.statistic = "bias_gradient_norm" if self.statistic == "gradient_norm" else "gradient_norm"

    def action_go(self, by: int) -> None:
        """Scroll the layers, or choose the one whose units are shown."""
        if self.by_unit:
            self.choose(by)
        else:
            self.top = max(0, min(self.top + by, len(self._layers()) - self.page))
