"""UnitView: the half of the gradient pane that shows the units of one layer."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.events import Show
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.timer import Timer

from tuitrain.runs.events import UnitsObserved
from tuitrain.runs.snapshot import LIVE, Snapshot
from tuitrain.tui import unitbars
from tuitrain.tui.actions import UNITS, bindings
from tuitrain.tui.axes import symmetric_limit
from tuitrain.tui.charts import waiting
from tuitrain.tui.fitting import joined
from tuitrain.tui.panes.canvas import ScrollingPane
from tuitrain.tui.strips import paragraph, to_strip
from tuitrain.tui.unitbars import UnitChart

RENEW_S = 4.0
"""The trainer watches for ten seconds."""
REST_S = 0.2
"""Who holds a key down means the layer at which it stops."""


class UnitView(ScrollingPane):
    """A bar per unit of the layer that is chosen; has the units watched for as long as it shows them."""

    class Watched(Message):
        """The units of a layer are on the screen: have them observed. Said anew every few seconds."""

        def __init__(self, layer: str) -> None:
            super().__init__()
            self.layer = layer

    BINDINGS: ClassVar[list[BindingType]] = bindings(UNITS)

    by_unit: reactive[bool] = reactive(False, repaint=False)
    choice: reactive[str] = reactive("", repaint=False)
    """The layer that was chosen here; empty while none was."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._unit_limits: dict[str, float] = {}
        self._asking: Timer | None = None

    @property
    def layers_with_biases(self) -> tuple[str, ...]:
        """The layers that train biases now, so that their units have a gradient."""
        started, observed = self.snapshot.started, self.snapshot.observed
        if not started or not observed or len(started.layers) != len(observed.bias_gradient_norm):
            return ()
        pairs = zip(started.layers, observed.bias_gradient_norm, strict=True)
        return tuple(layer.name for layer, norm in pairs if norm is not None)

    @property
    def chosen(self) -> str:
        """The layer that is shown: the one chosen here, or else the one watched last, or else the first. Or none."""
        if self.choice or self.snapshot.units is None:
            return self.choice or next(iter(self.layers_with_biases), "")
        return self.snapshot.units.layer

    def choose(self, by: int) -> None:
        """Go so many layers towards the output."""
        layers = self.layers_with_biases
        if layers:
            at = layers.index(self.chosen) if self.chosen in layers else 0
            self.choice = layers[max(0, min(at + by, len(layers) - 1))]

    def draw_units(self, size: Size) -> tuple[Strip, ...]:
        units = self.snapshot.units
        if why := self._why_not(units):
            return paragraph(why, *size, self.palette.quiet)
        assert units is not None
        limit = symmetric_limit(self._unit_limits.get(units.layer), units.bias_gradient)
        self._unit_limits[units.layer] = limit
        chart = UnitChart(
            size.width, max(size.height - 2, 0), units.bias_gradient, limit, self.palette, self.ascii_only
        )
        part = f"{chart.shown} of {units.units} units" if chart.shown < units.units else f"all {units.units} units"
        rows = (self._unit_header(units), (*chart.scale(), part))
        head, foot = (to_strip([(joined([*row], size.width), self.palette.quiet)], size.width) for row in rows)
        return (head, *unitbars.draw(chart), foot)[: size.height]

    def _why_not(self, units: UnitsObserved | None) -> str:
        """What is to be said instead of bars; nothing if there are some."""
        live, chosen = self.snapshot.state in LIVE, self.chosen
        if not self.snapshot.started or not self.snapshot.observed:
            return waiting(self.snapshot, "the gradient of each unit")
        if not chosen:
            return "no layer trains biases, so there is no gradient of its units"
        if live and chosen not in self.layers_with_biases:
            return f"{chosen} is frozen or has no biases: choose another layer with the keys up and down"
        if units and units.layer == chosen:
            return ""
        if live:
            return f"waiting for the next observed step: here come the units of {chosen}"
        return f"the units of {chosen} were not observed: they are only while the run is on and this view is open"

    def _unit_header(self, units: UnitsObserved) -> Iterable[str]:
        started, observed = self.snapshot.started, self.snapshot.observed
        yield units.layer
        if started and observed and observed.step == units.step and units.layer in self.layers_with_biases:
            norms = dict(zip((layer.name for layer in started.layers), observed.bias_gradient_norm, strict=True))
            yield f"{'|dC/db|' if self.ascii_only else '‖∂C/∂b‖'} {norms[units.layer]:.1e}"
        yield f"step {units.step}"
        yield f"epoch {units.epoch:.2f}"

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        if new.started is not old.started:
            self._unit_limits.clear()
            self.choice = ""
        if new.state != old.state or (new.observed is None) != (old.observed is None):
            self._ask_soon()
        super().watch_snapshot(old, new)

    def watch_by_unit(self) -> None:
        self.refresh_bindings()
        self._ask_soon()
        self.redraw()

    def watch_choice(self) -> None:
        self._ask_soon()
        self.redraw()

    @on(Show)
    def _ask_soon(self) -> None:
        """Have the units watched from now on; nothing has to be said for an end of it."""
        if self._asking:
            self._asking.stop()
        self._asking = self.set_timer(REST_S, self._ask) if self.by_unit else None

    def _ask(self) -> None:
        if self.is_on_screen and self.snapshot.state in LIVE and self.chosen in self.layers_with_biases:
            self.post_message(self.Watched(self.chosen))
        self._asking = self.set_timer(RENEW_S, self._ask)
