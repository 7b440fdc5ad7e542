"""Starting: the part of the dashboard from the wish for a run to its first event."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual import work
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer

from tuitrain.errors import TuitrainError
from tuitrain.experiment.document import Document, to_experiment
from tuitrain.experiment.experiment import Experiment
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.launch import TrainFirst
from tuitrain.runs.snapshot import LIVE, Snapshot
from tuitrain.tui.dialogs import Answer, Notice, Question
from tuitrain.tui.panes.runbar import Idle
from tuitrain.tui.pending import PendingStart
from tuitrain.tui.places import explain
from tuitrain.tui.session import Session


class Starting(Screen[None]):
    """Keeps a trainer in stand-by and begins runs; holds ``snapshot``, which a run that has begun fills."""

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
    _pending: PendingStart | None = None
    _asked_to_pause: bool | None = None
    """What was asked of the trainer and not yet answered."""
    _prepare_timer: Timer | None = None

    def experiment_to_run(self) -> tuple[Experiment, Document]:
        raise NotImplementedError

    async def may_discard(self, doing: str) -> bool:
        """Whether the experiment may be thrown away by ``doing`` something: asks if it has edits to lose."""
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
        raise NotImplementedError

    def action_quit(self) -> object:
        raise NotImplementedError

    @work(group="stand-by", exclusive=True)
    async def stand_by(self, load: bool = True) -> None:
        """Have a trainer ready; with ``load`` it has already loaded what the experiment needs."""
        if self.is_live or self._pending:
            return
        self._say_idle("the trainer is getting ready")
        try:
            await self.session.stand_by()
            if self.is_live or self._pending:
                return
            experiment, document = self.experiment_to_run()
            if problems := experiment.problems():
                self._say_idle(explain(problems[0], document))
                return
            if load:
                self._say_idle("the trainer loads the data")
                await self.session.prepare(document)
        except TrainFirst as missing:
            self._say_idle(f"F5 trains {missing.source} first, which this begins with", ready=True)
        except TuitrainError as error:
            self._say_idle(str(error).splitlines()[0])
        else:
            self._say_idle("F5 starts", ready=True)

    def _say_idle(self, text: str, *, ready: bool = False) -> None:
        """Say so in the run bar, unless a start is pending: that says more."""
        self.idle = Idle(self._pending.words) if self._pending else Idle(text, ready)

    @work(group="start")
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
        pending = PendingStart()
        if await self._begin(pending, "The run was not continued", self.session.resume):
            self.has_run = True
            self.poll()
            self._catch_up(pending)

    async def _start(self, steps: int | None = None) -> None:
        experiment, document = self.experiment_to_run()
        problems = experiment.problems()
        if problems:
            text = "\n".join(explain(one, document) for one in problems)
            self.app.push_screen(Notice("This cannot be trained", text))
        else:
            await self._train(experiment, document, steps)

    async def _train(self, experiment: Experiment, document: Document, steps: int | None = None) -> None:
        pending = PendingStart(steps)

        async def request() -> None:
            await self.session.prepare(document)
            if not pending.withdrawn:
                pending.sent = True
                await self.session.start(document, steps)

        if await self._begin(pending, "The run was not started", request):
            assert self.session.run is not None
            self.trained_first = ""
            self.show_run(self.session.run, experiment)
            self._catch_up(pending)

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

    async def _begin(self, pending: PendingStart, failure: str, request: Callable[[], Awaitable[object]]) -> bool:
        """Wait for the trainer to begin, and say so meanwhile; a dialog tells if it does not."""
        shown = self.has_run
        self._pending, self.has_run = pending, False
        self._say_idle("")
        problem: TuitrainError | None = None
        try:
            await request()
        except TuitrainError as error:
            problem = error
        if pending.withdrawn:
            return False
        self._pending = None
        if problem is None:
            return True
        self.has_run = shown
        if pending.quits:
            self.action_quit()
        elif isinstance(problem, TrainFirst):
            await self._train_first(problem)
        else:
            self.app.push_screen(Notice(failure, str(problem)))
            self.call_later(self.stand_by)
        return False

    def _catch_up(self, pending: PendingStart) -> None:
        """Do what was asked while the start was pending."""
        self._asked_to_pause = pending.steps is not None
        for action in pending.then:
            action()
        if pending.quits:
            self.action_quit()

    def _withdraw(self, pending: PendingStart) -> None:
        """Nothing is begun. A trainer that loads goes on, ready for the next start; one that resumes is ended."""
        pending.withdrawn = True
        self._pending = None
        self.has_run = self.session.run is not None
        if self.session.is_resuming:
            self.session.close()
        else:
            self.stand_by()

    @work(group="start")
    async def _start_with_one_step(self) -> None:
        await self._start(steps=1)
