"""Running: the half of the dashboard that starts, steers and follows a run."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer

from tuitrain.errors import TuitrainError
from tuitrain.experiment.document import Document, to_experiment
from tuitrain.experiment.experiment import Experiment
from tuitrain.optim.optimizers import LR_LIMIT
from tuitrain.runs.commands import Command, Pause, Resume, SetLearningRate, Step, Stop
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.launch import TrainFirst
from tuitrain.runs.snapshot import LIVE, Snapshot
from tuitrain.tui.dialogs import Answer, Notice, Prompt, Question
from tuitrain.tui.panes.runbar import Idle
from tuitrain.tui.places import explain
from tuitrain.tui.session import Session

POLL_S = 0.1


class Running(Screen[None]):
    """Holds ``snapshot``, polled ten times a second."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5,space", "start_or_pause", "Run", key_display="F5", tooltip="Start, pause and resume"),
        Binding("f6,n", "step", "Step", key_display="F6", tooltip="Run one single step"),
        Binding("f7,r", "learning_rate", "Rate", show=False, tooltip="Change the learning rate of this run"),
        Binding("f8,x", "stop", "Stop", key_display="F8", tooltip="Stop the run, with a checkpoint"),
        Binding("q,ctrl+q", "quit", "Quit", key_display="q", priority=False),
    ]

    # A screen that repaints itself repaints everything: 200 kB/s while training.
    snapshot: reactive[Snapshot] = reactive(Snapshot(), repaint=False, always_update=True)
    run_name: reactive[str] = reactive("", repaint=False)
    has_run: reactive[bool] = reactive(False, repaint=False)
    idle: reactive[Idle] = reactive(Idle("the trainer is getting ready"), repaint=False)

    session: Session
    run_experiment: Experiment | None = None
    """What the run that is shown trains; edits since then are for the next one."""
    trained_first: reactive[str] = reactive("", repaint=False)
    """What the run that is shown was started for: a source that the experiment begins with; empty for itself."""
    _starting = False
    _unreadable = False
    _asked_to_pause: bool | None = None
    """What was asked of the trainer and not yet answered."""
    _prepare_timer: Timer | None = None

    def experiment_to_run(self) -> tuple[Experiment, Document]:
        raise NotImplementedError

    @property
    def is_live(self) -> bool:
        return self.session.run is not None and self.snapshot.state in LIVE

    def show_run(self, run: RunDirectory, experiment: Experiment | None) -> None:
        """Follow a run; ``experiment`` is what it trains, None if that cannot be read."""
        self.run_experiment = experiment
        self.snapshot = Snapshot()
        self.session.follow(run)
        self.run_name = run.name
        self.has_run = True
        self.poll()

    def poll(self) -> None:
        try:
            snapshot = self.session.poll()
        except OSError as error:
            if not self._unreadable:
                self.notify(f"The run's log cannot be read: {error.strerror}", severity="error")
            self._unreadable = True
            return
        self._unreadable = False
        if snapshot is None or (snapshot.version == self.snapshot.version and snapshot.state == self.snapshot.state):
            return
        was = self.snapshot.state
        self.snapshot = snapshot
        if snapshot.state != was:
            self._asked_to_pause = None
        if was in LIVE and snapshot.state not in LIVE:
            self._ended(snapshot)

    def _ended(self, snapshot: Snapshot) -> None:
        self.stand_by()
        finished = snapshot.finished
        if snapshot.state == "lost":
            log = self.session.run.log if self.session.run else "trainer.log"
            text = f"The trainer ended without a word: it was killed, or its machine went down. What it printed: {log}"
            self.app.push_screen(Notice("The trainer is gone", text))
        elif finished and finished.status in ("failed", "diverged"):
            title = "Training failed" if finished.status == "failed" else "Training diverged"
            self.app.push_screen(Notice(title, finished.reason, finished.traceback or ""))

    @work(group="stand-by", exclusive=True)
    async def stand_by(self) -> None:
        """Have a trainer ready that has already loaded what the experiment needs."""
        if self.is_live or self._starting:
            return
        self.idle = Idle("the trainer is getting ready")
        try:
            await self.session.stand_by()
            if self.is_live or self._starting:
                return
            experiment, document = self.experiment_to_run()
            if problems := experiment.problems():
                self.idle = Idle(explain(problems[0], document))
                return
            self.idle = Idle("the trainer loads the data")
            await self.session.prepare(document)
        except TrainFirst as missing:
            self.idle = Idle(f"F5 trains {missing.source} first, which this begins with", ready=True)
        except TuitrainError as error:
            self.idle = Idle(str(error).splitlines()[0])
        else:
            self.idle = Idle("F5 starts", ready=True)

    @work(group="start")
    async def action_start_or_pause(self) -> None:
        if self.is_live:
            self._toggle_pause()
        elif not self._starting:
            self._starting = True
            try:
                await self._start_or_continue()
            finally:
                self._starting = False

    def _toggle_pause(self) -> None:
        paused = self.snapshot.state == "paused" if self._asked_to_pause is None else self._asked_to_pause
        if self._send(Resume() if paused else Pause()):
            self._asked_to_pause = not paused

    async def _start_or_continue(self) -> None:
        if self.snapshot.state in ("stopped", "lost") and self.session.can_resume:
            answers = [
                Answer("resume", "Continue it", "c"),
                Answer("new", "New run", "n"),
                Answer("no", "Neither", "escape"),
            ]
            text = f"{self.run_name} can go on from its checkpoint, or a new run starts from the beginning."
            answer = await self.app.push_screen_wait(Question("Continue?", text, answers))
            if answer == "resume":
                await self._resume()
            if answer != "new":
                return
        await self._start()

    async def _resume(self) -> None:
        if await self._begin("The run was not continued", self.session.resume()):
            self.has_run = True
            self.poll()

    async def _start(self, steps: int | None = None) -> None:
        experiment, document = self.experiment_to_run()
        problems = experiment.problems()
        if problems:
            self.app.push_screen(
                Notice("This cannot be trained", "\n".join(explain(one, document) for one in problems))
            )
        else:
            await self._train(experiment, document, steps)

    async def _train(self, experiment: Experiment, document: Document, steps: int | None = None) -> None:
        if await self._begin("The run was not started", self.session.start(document, steps)):
            assert self.session.run is not None
            self.trained_first = ""
            self.show_run(self.session.run, experiment)

    async def _train_first(self, missing: TrainFirst) -> None:
        """Offer to train what the experiment begins with."""
        answers = [Answer("yes", "Train it now", "t"), Answer("no", "Not now", "escape")]
        text = (
            f"This experiment begins with the weights of {missing.source}, which has not been trained to its end yet. "
            "Once that run is over, F5 starts this experiment."
        )
        if await self.app.push_screen_wait(Question(f"Train {missing.source} first?", text, answers)) == "yes":
            await self._train(to_experiment(missing.document), missing.document)
            self.trained_first = missing.source
        else:
            self.call_later(self.stand_by)

    async def _begin(self, failure: str, request: Awaitable[object]) -> bool:
        """Wait for the trainer to begin, and say so meanwhile; a dialog tells if it does not."""
        shown = self.has_run
        self.has_run, self.idle = False, Idle("starts as soon as the trainer is ready")
        try:
            await request
        except TrainFirst as missing:
            self.has_run = shown
            await self._train_first(missing)
            return False
        except TuitrainError as error:
            self.has_run = shown
            self.app.push_screen(Notice(failure, str(error)))
            self.call_later(self.stand_by)
            return False
        return True

    @work(group="start")
    async def action_step(self) -> None:
        """One step of the run; on a fresh experiment, start and pause behind the first."""
        if self.is_live:
            self._send(Step(1))
        elif not self._starting:
            self._starting = True
            try:
                await self._start(steps=1)
            finally:
                self._starting = False

    @work
    async def action_learning_rate(self) -> None:
        if not self.is_live:
            self.notify("There is no run on: set the optimizer's lr instead.")
            return
        window = self.snapshot.window
        value = await self.app.push_screen_wait(
            Prompt(
                "Learning rate",
                "The rate from the next step on; the schedule goes on from there in proportion.",
                f"{window.lr:g}" if window else "",
                check_rate,
            )
        )
        if value is not None:
            self._send(SetLearningRate(float(value)))

    @work
    async def action_stop(self) -> None:
        if self.is_live:
            self._send(Stop())
        else:
            self.notify("There is no run on.")

    @work
    async def action_quit(self) -> None:
        if not self.is_live and not self._starting:
            self.app.exit()
            return
        answers = [
            Answer("leave", "Leave it running", "l"),
            Answer("stop", "Stop it", "s"),
            Answer("stay", "Stay", "escape"),
        ]
        text = f"{self.run_name} is training. Left running, it goes on by itself: tuitrain attach shows it again."
        if self.snapshot.state == "paused":
            text = f"{self.run_name} is paused. Left as it is, it waits: tuitrain attach shows it again."
        answer = await self.app.push_screen_wait(Question("Quit?", text, answers))
        if answer == "leave" or (answer == "stop" and self._send(Stop())):
            self.app.exit()

    def _send(self, command: Command) -> bool:
        """Whether it was sent; if not, a dialog says why."""
        try:
            self.session.send(command)
        except TuitrainError as error:
            self.app.push_screen(Notice("The command was not sent", str(error)))
            return False
        return True


def check_rate(text: str) -> str:
    """What is wrong with a typed learning rate; the empty text if nothing is."""
    try:
        rate = float(text)
    except ValueError:
        return "must be a number"
    return "" if 0 < rate <= LR_LIMIT else f"must be greater than 0 and at most {LR_LIMIT:g}"
