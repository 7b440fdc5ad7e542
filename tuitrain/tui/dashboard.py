"""Dashboard: the one screen. It holds two values, ``experiment`` and ``snapshot``, and hands them down to the panes."""

from __future__ import annotations

import os
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Grid, Vertical
from textual.events import Resize
from textual.reactive import reactive
from textual.widgets import Footer, Tab, Tabs

from tuitrain.experiment.experiment import Experiment
from tuitrain.experiment.presets import Source
from tuitrain.runs.commands import WatchUnits
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.snapshot import Snapshot
from tuitrain.tui.building import Building
from tuitrain.tui.cells import CELLS
from tuitrain.tui.charts import Plan
from tuitrain.tui.dialogs import Notice
from tuitrain.tui.messages import UnitsWatched
from tuitrain.tui.panes.canvas import CanvasPane
from tuitrain.tui.panes.gradients import GradientPane
from tuitrain.tui.panes.log import LogPane
from tuitrain.tui.panes.model import ModelPane
from tuitrain.tui.panes.plot import PlotPane
from tuitrain.tui.panes.runbar import RunBar
from tuitrain.tui.panes.settings import SettingsPane
from tuitrain.tui.plans import learning_rate_plan
from tuitrain.tui.plots import PLOTS
from tuitrain.tui.running import POLL_S, Running
from tuitrain.tui.session import Session
from tuitrain.tui.terminal import is_ascii_only

WIDE, HIGH = 100, 30
"""From this size on all panes are on the screen; below it they are tabs."""
PREPARE_AFTER_S = 0.6


class Dashboard(Building, Running):
    """The layout, the focus, and what has to be said when one of the two values changes."""

    CSS_PATH = "dashboard.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "Help", key_display="?", tooltip="Explain the pane that has the focus"),
        *(
            Binding(cell.key, f"pane('{cell.name}')", cell.title, show=False, tooltip=f"Go to the pane {cell.title}")
            for cell in CELLS.values()
            if cell.key
        ),
    ]

    plan: reactive[Plan] = reactive(Plan(), repaint=False)
    regression: reactive[bool] = reactive(False, repaint=False)
    remark: reactive[str] = reactive("", repaint=False)

    def __init__(
        self,
        experiment: Experiment,
        session: Session,
        source: Source | None = None,
        run: RunDirectory | None = None,
        unreadable: str = "",
    ) -> None:
        super().__init__(experiment, source)
        self.session = session
        self._attach_to = run
        self._unreadable_experiment = unreadable

    def compose(self) -> ComposeResult:
        yield RunBar(id="runbar").data_bind(
            Dashboard.snapshot, Dashboard.has_run, Dashboard.idle, Dashboard.run_name, Dashboard.remark
        )
        yield Tabs(
            *(Tab(f"{cell.key} {cell.title}".strip(), id=f"tab-{cell.name}") for cell in CELLS.values()),
            id="tabs",
        )
        with Container(id="body"):
            with Vertical(id="left", classes="holder"):
                yield ModelPane(id="model").data_bind(Dashboard.experiment, Dashboard.experiment_title)
                yield SettingsPane(id="settings").data_bind(Dashboard.experiment)
            with Grid(id="plots", classes="holder"):
                for plot in PLOTS:
                    yield PlotPane(plot).data_bind(Dashboard.snapshot, Dashboard.plan, Dashboard.regression)
                yield GradientPane(id="gradients").data_bind(Dashboard.snapshot)
        yield LogPane(id="log").data_bind(Dashboard.snapshot)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.run_name = self.experiment_to_run()[0].name
        self.query_one(ModelPane).focus()
        for pane in self.query(CanvasPane):
            pane.ascii_only = is_ascii_only(os.environ)
        self._show_plan()
        self.set_interval(POLL_S, self.poll)
        if self._attach_to:
            self.show_run(self._attach_to, None if self._unreadable_experiment else self.experiment)
        if self._unreadable_experiment:
            text = "What this run trains cannot be read here, so the default preset stands on the left."
            self.app.push_screen(Notice("The run is shown without its experiment", text, self._unreadable_experiment))
        # After the first paint: starting a process before it would delay it.
        self.call_after_refresh(self._begin_stand_by)

    def _begin_stand_by(self) -> None:
        if self._attach_to is None:  # who looks at a run may never start one: then no data and no GPU is needed
            self.stand_by()

    @property
    def has_edits_to_lose(self) -> bool:
        return self.unsaved and self._differs_from_the_run

    @property
    def _differs_from_the_run(self) -> bool:
        """From the one that is shown, whose directory keeps what it trains."""
        run, here = self.run_experiment, self.experiment
        return run is None or here is None or not here.model_copy(update={"name": run.name}).trains_as(run)

    def watch_experiment(self) -> None:
        if not self.is_mounted or self.experiment is None:
            return
        if self.session.run is None:
            self.run_name = self.experiment_to_run()[0].name
            self._show_plan()
        self._show_remark()
        if not self.is_live:
            if self._prepare_timer:
                self._prepare_timer.stop()
            self._prepare_timer = self.set_timer(PREPARE_AFTER_S, self.stand_by)

    def watch_idle(self) -> None:
        if self.is_mounted:
            self._show_remark()

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        if new.started is not old.started:
            self._show_plan()
        if new.state != old.state:
            self._show_remark()

    def on_units_watched(self, message: UnitsWatched) -> None:
        if self.is_live and not self._send(WatchUnits(message.layer)):
            self.query_one(GradientPane).by_unit = False  # or the dialog would come again and again

    def _show_plan(self) -> None:
        experiment = self.run_experiment if self.session.run else self.experiment
        if experiment is not None:
            self.plan = learning_rate_plan(experiment, self.snapshot if self.session.run else None)
            facts = experiment.data.facts()
            self.regression = facts.shape is not None and facts.classes is None

    def watch_trained_first(self) -> None:
        self._show_remark()

    def _show_remark(self) -> None:
        self.remark = ""
        if self.trained_first:
            self.remark = f"this is {self.trained_first}; F5 then starts {self.experiment_to_run()[0].name}"
        elif self.run_experiment is not None and self._differs_from_the_run:
            self.remark = "edited: for the next run" if self.is_live else f"edited; next run: {self.idle.text}"

    def on_resize(self, event: Resize) -> None:
        compact = event.size.width < WIDE or event.size.height < HIGH
        self.set_class(compact, "-compact")
        self._show_active()

    def on_tabs_tab_activated(self) -> None:
        self._show_active()
        if self.has_class("-compact"):
            self.query_one(f"#{self._active}").focus()

    def action_pane(self, name: str) -> None:
        self.query_one(Tabs).active = f"tab-{name}"
        self._show_active()
        self.query_one(f"#{name}").focus()

    def action_help(self) -> None:
        cell = CELLS.get(self.focused.id or "" if self.focused else "", CELLS[self._active])
        lesson = self.experiment.lesson if self.experiment else None
        about = f"\n\n# The lesson: {lesson.title}\n\n{lesson.why}\n" if lesson else ""
        self.app.push_screen(Notice("Help", cell.help + KEYS + about, markdown=True))

    @property
    def _active(self) -> str:
        return (self.query_one(Tabs).active or "tab-model").removeprefix("tab-")

    def _show_active(self) -> None:
        """In the compact layout only the active pane, and what holds it, is displayed."""
        compact = self.has_class("-compact")
        for name in CELLS:
            self.query_one(f"#{name}").display = not compact or name == self._active
        for holder in self.query(".holder"):
            holder.display = any(child.display for child in holder.children)
        self.query_one("#body").display = not compact or self._active != "log"


KEYS = f"""

# Keys

| key | does |
| --- | --- |
| F5, space | start; pause and resume |
| F6, n | one single step |
| F7, r | change the learning rate of the run |
| F8, x | stop |
| F3, p | load a preset or a file |
| ctrl+s | save the experiment as a file |
| 1 to {min(len(CELLS), 9)} | go to a pane |
| tab, shift+tab | the next pane, the one before |
| ctrl+p | every action, by name |
| q | quit |
"""
