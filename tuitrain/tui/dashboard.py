"""Dashboard: the one screen. It hands the draft and the snapshot down to the panes, and messages and keys on."""

import os
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Grid
from textual.events import Resize
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, Tab, Tabs

from tuitrain.errors import TuitrainError
from tuitrain.runs.commands import SetLearningRate, WatchUnits
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.snapshot import Snapshot
from tuitrain.tui import actions, filing
from tuitrain.tui.actions import ACTIONS, KeyAction
from tuitrain.tui.builder import Builder
from tuitrain.tui.charts import Plan, learning_rate_plan
from tuitrain.tui.control import RunController
from tuitrain.tui.dialogs import NoticeDialog, PromptDialog, QuestionDialog
from tuitrain.tui.editor import Draft, Editor
from tuitrain.tui.limits import check_rate
from tuitrain.tui.panes.canvas import CanvasPane
from tuitrain.tui.panes.gradients import GradientPane
from tuitrain.tui.panes.log import LogPane
from tuitrain.tui.panes.model import ModelPane
from tuitrain.tui.panes.plot import PlotPane
from tuitrain.tui.panes.runbar import RunBar
from tuitrain.tui.panes.settings import SettingsPane
from tuitrain.tui.panes.units import UnitView
from tuitrain.tui.phases import Key, On, RunStatus
from tuitrain.tui.plots import PLOTS
from tuitrain.tui.questions import Notice, Prompt, Question
from tuitrain.tui.session import Session
from tuitrain.tui.terminal import is_ascii_only


@dataclass(frozen=True)
class Cell:
    """A pane of the dashboard: its ``name`` is its id, its ``title`` that of its tab where there is little room.

    ``key`` goes there; there are nine, and none for a cell behind them.
    """

    name: str
    title: str
    help: str
    key: str


_PANES = (
    ("model", "Model", ModelPane.HELP),
    ("settings", "Settings", SettingsPane.HELP),
    *((plot.name, plot.title, plot.help) for plot in PLOTS),
    ("gradients", "Gradients", GradientPane.HELP),
    ("log", "Log", LogPane.HELP),
)
CELLS = {pane[0]: Cell(*pane, key=str(number) if number < 10 else "") for number, pane in enumerate(_PANES, 1)}

TO_CELLS = tuple(
    KeyAction(f"pane('{cell.name}')", cell.title, cell.key, f"go to the pane {cell.title}", "dashboard")
    for cell in CELLS.values()
    if cell.key
)
_TITLES = ", ".join(cell.title for cell in CELLS.values())
LISTED = (KeyAction("", "", f"1 to {len(TO_CELLS)}", f"go to a pane: {_TITLES}", "textual"), *ACTIONS)
"""Every action as the table of keys has it: those that go to a pane in one row."""


WIDE, HIGH = 100, 30
"""From this size on all panes are on the screen; below it they are tabs."""
POLL_S = 0.1
PREPARE_AFTER_S = 0.6


class Dashboard(Screen[None]):
    """Binds the editor and the run controller to the panes, and shows what they ask and tell."""

    CSS_PATH = "dashboard.tcss"
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings(
        *(actions.RUN, actions.STEP, actions.RATE, actions.STOP, actions.QUIT),
        *(actions.PRESETS, actions.SAVE, actions.HELP, *TO_CELLS),
    )

    # A screen that repaints itself repaints everything: 200 kB/s while training.
    draft: reactive[Draft | None] = reactive(None, repaint=False)
    snapshot: reactive[Snapshot] = reactive(Snapshot(), repaint=False, always_update=True)
    status: reactive[RunStatus] = reactive(RunStatus(), repaint=False)
    plan: reactive[Plan] = reactive(Plan(), repaint=False)
    regression: reactive[bool] = reactive(False, repaint=False)

    _prepare_timer: Timer | None = None

    def __init__(self, editor: Editor, session: Session, run: RunDirectory | None = None, unreadable: str = "") -> None:
        super().__init__()
        self.editor = editor
        self.control = RunController(session, editor, self)
        self._attach_to = run
        self._unreadable_experiment = unreadable
        self.set_reactive(Dashboard.draft, editor.draft)

    def compose(self) -> ComposeResult:
        yield RunBar(id="runbar").data_bind(Dashboard.snapshot, Dashboard.status)
        yield Tabs(
            *(Tab(f"{cell.key} {cell.title}".strip(), id=f"tab-{cell.name}") for cell in CELLS.values()),
            id="tabs",
        )
        with Container(id="body"):
            yield Builder(self.editor, id="left", classes="holder").data_bind(Dashboard.draft)
            with Grid(id="plots", classes="holder"):
                for plot in PLOTS:
                    yield PlotPane(plot).data_bind(Dashboard.snapshot, Dashboard.plan, Dashboard.regression)
                yield GradientPane(id="gradients").data_bind(Dashboard.snapshot)
        yield LogPane(id="log").data_bind(Dashboard.snapshot)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(ModelPane).focus()
        for pane in self.query(CanvasPane):
            pane.ascii_only = is_ascii_only(os.environ)
        self.show()
        self._show_plan()
        self.set_interval(POLL_S, self.control.poll)
        if self._attach_to:  # who looks at a run may never start one: then no data and no GPU is needed
            self.control.attach(self._attach_to, None if self._unreadable_experiment else self.editor.draft.experiment)
        else:  # after the first paint: starting a process before would delay it
            self.call_after_refresh(self.stand_by)
        if self._unreadable_experiment:
            text = "What this run trains cannot be read here, so the default preset stands on the left."
            self.tell(Notice("The run is shown without its experiment", text, self._unreadable_experiment))

    async def ask(self, question: Question | Prompt) -> str | None:
        dialog = QuestionDialog(question) if isinstance(question, Question) else PromptDialog(question)
        return await self.app.push_screen_wait(dialog)

    def tell(self, notice: Notice) -> None:
        self.app.push_screen(NoticeDialog(notice))

    @work(group="stand-by", exclusive=True)
    async def stand_by(self, load: bool = True) -> None:
        await self.control.ready_trainer(load)

    def leave(self) -> None:
        self.app.exit()

    def show(self) -> None:
        """Hand down what the editor and the controller hold."""
        self.draft, self.status = self.editor.draft, self.control.status
        if self.control.snapshot is not self.snapshot:
            self.snapshot = self.control.snapshot

    @on(Builder.Edited)
    def _edited(self) -> None:
        """Hand the draft down; once the user rests, have the trainer load what it needs."""
        self.control.compare()
        self.show()
        if not self.control.session.sources:
            self._show_plan()
        if not isinstance(self.control.phase, On):
            if self._prepare_timer:
                self._prepare_timer.stop()
            self._prepare_timer = self.set_timer(PREPARE_AFTER_S, self.stand_by)

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None:
        if new.started is not old.started:
            self._show_plan()

    def _show_plan(self) -> None:
        draft, control = self.editor.draft, self.control
        if not control.session.sources:
            self.plan = learning_rate_plan(draft.experiment, None, draft.examination.facts)
            facts = draft.examination.facts
        elif control.run_experiment is not None:
            self.plan = learning_rate_plan(control.run_experiment, self.snapshot)
            facts = control.run_experiment.data.facts()
        else:
            return
        self.regression = facts.shape is not None and facts.classes is None

    @on(UnitView.Watched)
    def _watch_units(self, message: UnitView.Watched) -> None:
        if isinstance(self.control.phase, On) and not self.control.send(WatchUnits(message.layer)):
            self.query_one(GradientPane).by_unit = False  # or the dialog would come again and again

    @work(group="start")
    async def action_press(self, key: Key) -> None:
        await self.control.press(key)

    @work
    async def action_learning_rate(self) -> None:
        if not isinstance(self.control.phase, On):
            self.notify("There is no run on: set the optimizer's lr instead.")
            return
        window = self.snapshot.window
        text = "The rate from the next step on; the schedule goes on from there in proportion."
        prompt = Prompt("Learning rate", text, f"{window.lr:g}" if window else "", check_rate)
        value = await self.app.push_screen_wait(PromptDialog(prompt))
        if value is not None:
            self.control.send(SetLearningRate(float(value)))

    async def may_discard(self, doing: str) -> bool:
        return not self.control.has_edits_to_lose or await filing.may_discard(self, self.editor, doing)

    @work
    async def action_quit(self) -> None:
        await self.control.quit()

    @work
    async def action_pick_preset(self) -> None:
        try:
            chosen = await filing.choose(self.app, self.editor)
        except TuitrainError as error:
            self.tell(Notice("Not loaded", str(error)))
            return
        if chosen and await self.may_discard(f"Loading {chosen[0].name}"):
            self.editor.load(*chosen)
            self._edited()

    @work
    async def action_save(self) -> None:
        if await filing.save(self, self.editor):
            self._edited()

    def action_pane(self, name: str) -> None:
        self.query_one(Tabs).active = f"tab-{name}"
        self._show_active()
        self.query_one(f"#{name}").focus()

    def action_help(self) -> None:
        cell = CELLS.get(self.focused.id or "" if self.focused else "", CELLS[self._active])
        keys = actions.key_table(action for action in LISTED if action.where != "pane")
        lesson = self.editor.draft.experiment.lesson
        about = f"\n\n# The lesson: {lesson.title}\n\n{lesson.why}\n" if lesson else ""
        notice = Notice("Help", f"{cell.help}\n\n# Keys\n\n{keys}\n{about}")
        self.app.push_screen(NoticeDialog(notice, markdown=True))

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width < WIDE or event.size.height < HIGH, "-compact")
        self._show_active()

    def on_tabs_tab_activated(self) -> None:
        self._show_active()
        if self.has_class("-compact"):
            self.query_one(f"#{self._active}").focus()

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
