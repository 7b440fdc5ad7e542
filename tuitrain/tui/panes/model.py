"""ModelPane: the layers of the network, each with its output shape and parameter count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive

from tuitrain.experiment.experiment import Experiment
from tuitrain.model.base import show_shape
from tuitrain.model.freezing import first_layers
from tuitrain.model.plan import PlannedLayer
from tuitrain.model.structure import Block, Defaults, Layer, Nested
from tuitrain.spec import Path, Spec, summary
from tuitrain.tui.messages import LayerAddRequested, LayerDeleteRequested, LayerMoveRequested
from tuitrain.tui.panes.rows import Row, RowsPane
from tuitrain.tui.strips import fit

SHAPE_WIDTH = 9
COUNT_WIDTH = 10
LONGEST_TITLE = 32
LEAST_WORDS = 9
"""A layer is named in so many cells before its row says in full that it is frozen."""


class ModelPane(RowsPane):
    """The input, a row per layer (those of a block or residual indented under it), and the output."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add", tooltip="Add a layer below this one"),
        Binding("d,delete", "delete", "Delete", tooltip="Delete this layer"),
        Binding("left_square_bracket,shift+up", "move(-1)", "Up", show=False, tooltip="Move the layer up"),
        Binding("right_square_bracket,shift+down", "move(1)", "Down", show=False, tooltip="Move the layer down"),
    ]
    HELP = """\
# Model

The network, from the input at the top to the output at the bottom. Beside each layer stand the shape of what comes
out of it and how many numbers are trained in it.

- `enter` edits the layer, `a` adds one below it, `d` deletes it, `[` and `]` move it.
- *Defaults* are values for every layer that sets none of its own, such as the activation.
- The *output* layer's units come from the data and the loss.
- A layer that cannot take what comes in says why, in its own row.
- *frozen* (or *f* where there is little room): not trained in the first epochs, as *freeze* says under Training.

A change never touches a run that is on: it is for the next one.
"""

    experiment_title: reactive[str] = reactive("", repaint=False)

    def watch_experiment_title(self) -> None:
        title = fit(self.experiment_title, LONGEST_TITLE).rstrip()
        self.border_title = Content(f"Model: {title}" if title else "Model")

    def rows(self, experiment: Experiment, width: int) -> tuple[Row, ...]:
        facts = experiment.data.facts()
        plan = experiment.plan(facts)
        chosen = first_layers(experiment.freeze.layers, plan) if experiment.freeze else ()
        planned = Planned(plan, frozenset(layer.name for layer in chosen))
        rows = [
            _row("input", [experiment.data.type], show_shape(facts.shape or ()), "", width, ("data",)),
            _row("defaults", _defaults(experiment.model.defaults), "", "", width, ("model", "defaults")),
        ]
        for index, layer in enumerate(experiment.model.layers):
            rows += _layer_rows(layer, ("layers", index), str(index + 1), planned, width)
        rows += _leaf(experiment.model.output, ("output",), "output", planned, width)
        total = sum(layer.parameters for layer in plan)
        bad = any(problem.path[:1] == ("model",) for problem in experiment.problems())
        self.border_subtitle = "impossible: see the row with ✗" if bad else f"{total:,} parameters"
        return tuple(rows)

    def _layer_path(self) -> Path | None:
        """The path of the highlighted layer; None on the other rows."""
        path = self.path
        return path if path and path[:2] == ("model", "layers") else None

    def action_add(self) -> None:
        if self.experiment is None:
            return
        here = self._layer_path()
        if here:
            self.post_message(LayerAddRequested((*here[:-1], int(here[-1]) + 1)))
        else:
            at_end = self.path == ("model", "output")
            self.post_message(
                LayerAddRequested(("model", "layers", len(self.experiment.model.layers) if at_end else 0))
            )

    def action_delete(self) -> None:
        if path := self._layer_path():
            self.post_message(LayerDeleteRequested(path))

    def action_move(self, by: int) -> None:
        if path := self._layer_path():
            self.post_message(LayerMoveRequested(path, by))


@dataclass(frozen=True)
class Planned:
    """The plan of the network, and the names of the layers that are frozen at first."""

    layers: tuple[PlannedLayer, ...]
    frozen: frozenset[str]

    def within(self, path: Path) -> list[PlannedLayer]:
        return [layer for layer in self.layers if layer.path[: len(path)] == path]

    def frozen_words(self, path: Path) -> str:
        """Of the layers with weights there: ``frozen``, ``2/3 frozen`` where that holds for some, or nothing."""
        weighty = [layer.name in self.frozen for layer in self.within(path) if layer.parameters]
        if not any(weighty):
            return ""
        return "frozen" if all(weighty) else f"{sum(weighty)}/{len(weighty)} frozen"


def _layer_rows(layer: Layer, path: Path, number: str, plan: Planned, width: int) -> list[Row]:
    if not isinstance(layer, Nested):
        return _leaf(layer, path, number, plan, width)
    inside = plan.within(path)
    last = inside[-1].output_shape
    count = sum(planned.parameters for planned in inside)
    what = f"block × {layer.repeat}" if isinstance(layer, Block) else layer.type
    shape, frozen = show_shape(last) if last else "", plan.frozen_words(path)
    rows = [_row(number, [what], shape, f"{count:,}", width, ("model", *path), frozen)]
    for index, inner in enumerate(layer.layers):
        rows += _layer_rows(inner, (*path, "layers", index), " " * len(number) + "│", plan, width)
    return rows


def _leaf(layer: Spec, path: Path, number: str, plan: Planned, width: int) -> list[Row]:
    here = plan.within(path)[0]
    shape = here.output_shape
    words = _words(here.spec)
    what = words[1:] if number == "output" else [layer_type(layer), *words]
    row = _row(
        number,
        what,
        show_shape(shape) if shape else "?",
        f"{here.parameters:,}" if shape else "",
        width,
        ("model", *path),
        plan.frozen_words(path),
    )
    return [row]


def layer_type(layer: Spec) -> str:
    return str(getattr(layer, "type", ""))


def _words(spec: Spec) -> list[str]:
    """The values of a layer, most telling first: that of its first field, and whatever differs from the defaults.

    A first field with ``repr=False`` tells nothing by itself.
    """
    fields = {name: field for name, field in type(spec).model_fields.items() if name != "type"}
    values = [(name, getattr(spec, name)) for name in fields]
    first = [summary(value) for name, value in values[:1] if fields[name].repr]
    others = values[len(first) :]
    return first + [_word(name, value) for name, value in others if value not in (None, fields[name].default)]


def _defaults(defaults: Defaults) -> list[str]:
    return [_word(name, value) for name, value in defaults if value is not None] or ["none"]


def _word(name: str, value: object) -> str:
    """A spec by its type alone: its own fields are for the form."""
    return layer_type(value) if isinstance(value, Spec) else f"{name}={summary(value)}"


def _that_fit(words: list[str], width: int) -> str:
    """As many of the words as there is room for, the first one in any case."""
    text = words[0] if words else ""
    for word in words[1:]:
        if len(text) + 1 + len(word) > width:
            break
        text += f" {word}"
    return text


def _row(number: str, words: list[str], shape: str, count: str, width: int, path: Path, frozen: str = "") -> Row:
    room = max(width - len(number) - 1 - (SHAPE_WIDTH + COUNT_WIDTH if shape or count else 0), 4)
    if frozen:
        mark = f" {frozen}"
        if room < len(mark) + LEAST_WORDS:
            mark = mark.replace("frozen", "f")
        room -= len(mark)
    text = Text(no_wrap=True)
    text.append(f"{number} ", style="dim")
    text.append(fit(_that_fit(words, room), room))
    if frozen:
        text.append(mark, style="italic")
    if shape or count:
        text.append(f"{shape:>{SHAPE_WIDTH}}", style="cyan")
        text.append(f"{count:>{COUNT_WIDTH}}")
    return Row(text, path)
