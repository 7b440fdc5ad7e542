"""ModelPane: the layers of the network, each with its output shape and parameter count."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.content import Content

from tuitrain.model.base import show_shape
from tuitrain.model.freezing import first_layers
from tuitrain.model.plan import PlannedLayer
from tuitrain.model.structure import Block, Defaults, Nested
from tuitrain.spec import Path, Spec, summary
from tuitrain.tui.axes import label
from tuitrain.tui.editor import Draft
from tuitrain.tui.fitting import cut, fit, joined
from tuitrain.tui.panes.rows import Row, RowsPane

SHAPE_WIDTH, COUNT_WIDTH = 9, 10
"""Cells for them if none is longer."""
LONGEST_TITLE = 32
LEAST_WORDS = 9
"""A layer is named in so many cells before its row says in full that it is frozen."""


class ModelPane(RowsPane):
    """The input, a row per layer (those of a block or residual indented under it), and the output."""

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

    def watch_draft(self, old: Draft | None, new: Draft | None) -> None:
        if new and (old is None or new.title != old.title):
            self.border_title = Content(f"Model: {fit(new.title, LONGEST_TITLE).rstrip()}")
        super().watch_draft(old, new)

    def rows(self, draft: Draft, width: int) -> tuple[Row, ...]:
        experiment, plan = draft.experiment, draft.examination.layers
        chosen = first_layers(experiment.freeze.layers, plan) if experiment.freeze else ()
        planned = Planned(plan, frozenset(layer.name for layer in chosen))
        entries = [
            LayerEntry("input", [experiment.data.type], ("data",), show_shape(draft.examination.facts.shape or ())),
            LayerEntry("defaults", _defaults(experiment.model.defaults), ("model", "defaults")),
        ]
        for index, layer in enumerate(experiment.model.layers):
            entries += _entries(layer, ("layers", index), str(index + 1), planned)
        entries += _entries(experiment.model.output, ("output",), "output", planned)
        columns = _columns(entries, width)
        total = sum(layer.parameters for layer in plan)
        bad = any(problem.path[:1] == ("model",) for problem in draft.examination.problems)
        self.border_subtitle = "impossible: see the row with ✗" if bad else f"{total:,} parameters"
        return tuple(_row(entry, columns, width) for entry in entries)

    @property
    def path_below(self) -> Path:
        """Where a layer is added: below the one with the cursor, at the end on the output's row, else as the first."""
        if self.path and self.path[:2] == ("model", "layers"):
            return (*self.path[:-1], int(self.path[-1]) + 1)
        at_end = self.path == ("model", "output")
        return ("model", "layers", len(self.draft.experiment.model.layers) if self.draft and at_end else 0)


@dataclass(frozen=True)
class LayerEntry:
    """What a row tells: ``words`` by importance, and figures where there are any."""

    number: str
    words: list[str]
    path: Path
    shape: str = ""
    count: int | None = None
    frozen: str = ""


@dataclass(frozen=True)
class Columns:
    """The cells for shapes and counts; ``in_short`` for large counts to three digits, as 1.23M."""

    shape: int
    count: int
    in_short: bool


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


def _entries(layer: Spec, path: Path, number: str, plan: Planned) -> list[LayerEntry]:
    """The row of a layer, and those of the layers within it."""
    planned = plan.within(path)
    shape, count = planned[-1].output_shape, sum(one.parameters for one in planned)
    figures: tuple[str, int | None] = (show_shape(shape) if shape else "", count)
    if isinstance(layer, Nested):
        words = [f"block × {layer.repeat}" if isinstance(layer, Block) else layer.type]
    else:
        words = _words(planned[0].spec)
        words = words[1:] if number == "output" else [layer_type(layer), *words]
        figures = figures if shape else ("?", None)
    entries = [LayerEntry(number, words, ("model", *path), *figures, plan.frozen_words(path))]
    for index, inner in enumerate(layer.layers if isinstance(layer, Nested) else ()):
        entries += _entries(inner, (*path, "layers", index), " " * len(number) + "│", plan)
    return entries


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


def _columns(entries: Sequence[LayerEntry], width: int) -> Columns:
    """Room for every shape and count of the table; counts are rounded where the types of layers need the room."""
    counted = [entry for entry in entries if entry.count is not None]
    shape = max(SHAPE_WIDTH, *(len(entry.shape) + 1 for entry in entries))
    full = max([COUNT_WIDTH, *(len(_count(entry, in_short=False)) + 1 for entry in counted)])
    if all(len(entry.number) + 1 + len("".join(entry.words[:1])) + shape + full <= width for entry in counted):
        return Columns(shape, full, in_short=False)
    return Columns(shape, max([len(_count(entry, in_short=True)) + 1 for entry in counted], default=0), in_short=True)


def _count(entry: LayerEntry, in_short: bool) -> str:
    if entry.count is None:
        return ""
    return label(float(f"{entry.count:.3g}")) if in_short and entry.count >= 10_000 else f"{entry.count:,}"


def _row(entry: LayerEntry, columns: Columns, width: int) -> Row:
    has_figures = bool(entry.shape) or entry.count is not None
    figures = columns.shape + columns.count if has_figures else 0
    room = max(width - len(entry.number) - 1 - figures, 4)
    mark = f" {entry.frozen}" if entry.frozen else ""
    if mark and room < len(mark) + LEAST_WORDS:
        mark = mark.replace("frozen", "f")
    room -= len(mark)
    text = Text(no_wrap=True)
    text.append(f"{entry.number} ", style="dim")
    text.append(fit(joined(entry.words or [""], room, gap=" "), room))
    text.append(mark, style="italic")
    if has_figures:
        text.append(f"{entry.shape:>{columns.shape}}")
        text.append(f"{_count(entry, columns.in_short):>{columns.count}}")
    if text.cell_len > width:
        text = text[: len(cut(text.plain, width))]
    return Row(text, entry.path)
