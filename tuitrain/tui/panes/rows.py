"""RowsPane: a list of rows about the experiment; enter edits the one that is highlighted."""

from dataclasses import dataclass
from textwrap import wrap
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import BindingType
from textual.events import Resize
from textual.reactive import reactive
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tuitrain.experiment.experiment import Training
from tuitrain.spec import Path, Problem
from tuitrain.tui.actions import EDIT, bindings
from tuitrain.tui.editor import Draft


@dataclass(frozen=True)
class Row:
    """What a row shows, and the part of the experiment that it stands for."""

    text: Text
    path: Path


class RowsPane(OptionList):
    """Subclasses implement ``rows``."""

    HELP: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings(EDIT)

    draft: reactive[Draft | None] = reactive(None, repaint=False)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, compact=True)
        self._rows: tuple[Row, ...] = ()

    def rows(self, draft: Draft, width: int) -> tuple[Row, ...]:
        raise NotImplementedError

    @property
    def path(self) -> Path | None:
        """What the highlighted row stands for."""
        return self._rows[self.highlighted].path if self.highlighted is not None and self._rows else None

    def highlight(self, path: Path) -> None:
        """Move to the row that stands for ``path``, if there is one."""
        paths = [row.path for row in self._rows]
        if path in paths:
            self.highlighted = paths.index(path)

    def watch_draft(self, old: Draft | None, new: Draft | None) -> None:
        self._lay_out()

    @on(Resize)
    def _lay_out(self) -> None:
        if self.draft is None or not self.is_mounted or not self.scrollable_content_region.width:
            return
        rows = self.rows(self.draft, self.scrollable_content_region.width)
        for problem in self.draft.examination.problems:
            _mark(rows, problem, self.scrollable_content_region.width)
        if rows == self._rows:
            return
        here = self.highlighted or 0
        self._rows = rows
        self.clear_options()
        self.add_options(Option(row.text) for row in rows)
        self.highlighted = min(here, len(rows) - 1)


def _mark(rows: tuple[Row, ...], problem: Problem, width: int) -> None:
    """Show a problem in the row that its path leads to most closely, if one of these rows is on its way."""
    on_the_way = [row for row in rows if row.path and row.path == problem.path[: len(row.path)]]
    if not on_the_way and problem.path and problem.path[0] in Training.model_fields:
        on_the_way = [row for row in rows if row.path == ()]
    if on_the_way:
        row = max(on_the_way, key=lambda row: len(row.path))
        # Not red: the row is mostly the highlighted one, and red cannot be read on its blue.
        row.text.stylize("bold yellow")
        lines = wrap(problem.message, max(width - 4, 10), initial_indent="  ✗ ", subsequent_indent="    ")
        row.text.append("".join(f"\n{line}" for line in lines), style="yellow")
