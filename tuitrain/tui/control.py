"""RunController: begins, steers and follows a run. It knows nothing of widgets."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from tuitrain.errors import TuitrainError
from tuitrain.experiment.document import Document, to_experiment
from tuitrain.experiment.experiment import Experiment
from tuitrain.runs import inbox
from tuitrain.runs.commands import Command, Stop
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.launch import TrainFirst
from tuitrain.runs.snapshot import LIVE, Snapshot
from tuitrain.tui import phases
from tuitrain.tui.editor import Editor
from tuitrain.tui.phases import Key, Off, On, Pending, Phase, RunStatus
from tuitrain.tui.questions import Answer, Notice, Question, UserInterface
from tuitrain.tui.session import Session


class RunController:
    """Polls ``snapshot`` and turns keys into commands, by the phase that the run is in."""

    def __init__(self, session: Session, editor: Editor, front: UserInterface) -> None:
        self.session = session
        self.snapshot = Snapshot()
        self.phase: Phase = Off()
        self.run_experiment: Experiment | None = None
        """What the run that is shown trains, None if there is none or that cannot be read."""
        self._editor, self._front = editor, front
        self._idle = RunStatus()
        self._differs = True
        self._trained_first = ""
        """What the run that is shown was started for: a source that the experiment begins with; empty for itself."""
        self._starts = 0
        self._unreadable = False

    @property
    def status(self) -> RunStatus:
        name = next(iter(self.session.sources), None) or self._editor.draft.to_run[0].name
        has_run = bool(self.session.sources) and not isinstance(self.phase, Pending)
        remark = ""
        if self._trained_first:
            remark = f"this is {self._trained_first}; F5 then starts {self._editor.draft.to_run[0].name}"
        elif self.run_experiment is not None and self._differs:
            is_on = isinstance(self.phase, On)
            remark = "edited: for the next run" if is_on else f"edited; next run: {self._idle.idle}"
        return replace(self._idle, name=name, has_run=has_run, remark=remark)

    @property
    def has_edits_to_lose(self) -> bool:
        """Whether the draft holds something that is nowhere but here."""
        return self._editor.draft.is_edited and self._differs

    def compare(self) -> None:
        """Find out whether the draft differs from the run, once it or the run has changed."""
        self._differs = self._editor.draft.differs_from(self.run_experiment)

    def attach(self, run: RunDirectory, experiment: Experiment | None) -> None:
        """Show a run; ``experiment`` is what it trains, None if that cannot be read."""
        self.session.follow(run)
        self._show_run(experiment)
        self.phase = phases.observed(Off(), self.snapshot.state)
        self.poll()

    def poll(self) -> None:
        """Take in what has become of the run."""
        try:
            snapshots = self.session.poll()
        except OSError as error:
            if not self._unreadable:
                self._front.notify(f"The run's log cannot be read: {error.strerror}", severity="error")
            self._unreadable = True
            return
        self._unreadable = False
        snapshot = next(iter(snapshots.values()), None)
        if snapshot is None or snapshot is self.snapshot:
            return
        before, self.snapshot = self.snapshot, snapshot
        if self.session.run:
            self.phase = phases.observed(self.phase, snapshot.state)
        self._front.show()
        if before.state in LIVE and snapshot.state not in LIVE:
            self._ended(snapshot)

    async def press(self, key: Key) -> None:
        """Do what a key does in this phase; while a start is pending, as soon as the run is there."""
        phase, request = phases.press(self.phase, key)
        match request:
            case "start":
                await self._start_or_continue()
            case "start with a step":
                await self._start(steps=1)
            case "say that nothing is on":
                self._front.notify("There is no run on.")
            case "withdraw":
                self.phase = phase
                self._front.show()
                if self.session.is_resuming:
                    self.session.close()
                else:  # a trainer that loads goes on, ready for the next start
                    self._front.stand_by()
            case None:
                self.phase = phase
                self._say_idle("")
            case _ if self.send(request):
                self.phase = phase

    async def quit(self) -> None:
        """Leave the dashboard; asks what is to become of a run that is on.

        A start that is pending dies with the dashboard; one that is sent is waited for, for it may have begun.
        """
        if isinstance(self.phase, Pending) and self.phase.sent:
            self.phase = replace(self.phase, quits=True)
            return
        if not await self._front.may_discard("Quitting"):
            return
        if not isinstance(self.phase, On):
            self._front.leave()
            return
        stay = Answer("stay", "Stay", "escape")
        answers = (Answer("leave", "Leave it running", "l"), Answer("stop", "Stop it", "s"), stay)
        name = self.status.name
        text = f"{name} is training. Left running, it goes on by itself: tuitrain attach shows it again."
        if self.snapshot.state == "paused":
            text = f"{name} is paused. Left as it is, it waits: tuitrain attach shows it again."
        answer = await self._front.ask(Question("Quit?", text, answers))
        if answer == "leave" or (answer == "stop" and self.send(Stop())):
            self._front.leave()

    def send(self, command: Command) -> bool:
        """Whether it was sent; if not, a notice says why."""
        assert self.session.run is not None
        try:
            inbox.send(self.session.run, command)
        except TuitrainError as error:
            self._front.tell(Notice("The command was not sent", str(error)))
            return False
        return True

    async def ready_trainer(self, load: bool = True) -> None:
        """Have a trainer in stand-by; with ``load`` it has already loaded what the experiment needs."""
        if not isinstance(self.phase, Off):
            return
        self._say_idle("the trainer is getting ready")
        try:
            await self.session.stand_by()
            if not isinstance(self.phase, Off):
                return
            draft = self._editor.draft
            if draft.problems:
                self._say_idle(draft.problems[0])
                return
            if load:
                self._say_idle("the trainer loads the data")
                await self.session.prepare(draft.to_run[1])
        except TrainFirst as missing:
            self._say_idle(f"F5 trains {missing.source} first, which this begins with", ready=True)
        except TuitrainError as error:
            self._say_idle(str(error).splitlines()[0])
        else:
            self._say_idle("F5 starts", ready=True)

    def _say_idle(self, text: str, *, ready: bool = False) -> None:
        """Say so in the run bar, unless a start is pending: that says more."""
        words = self.phase.words if isinstance(self.phase, Pending) else ""
        self._idle = RunStatus(idle=words or text, ready=ready and not words)
        self._front.show()

    def _show_run(self, experiment: Experiment | None) -> None:
        self.run_experiment, self.snapshot = experiment, Snapshot()
        self.compare()
        self._front.show()

    def _ended(self, snapshot: Snapshot) -> None:
        if self.session.has_trained:
            self._front.stand_by(load=False)  # who reads the curves, perhaps for days, needs no data and no GPU
        finished = snapshot.finished
        if snapshot.state == "lost":
            log = self.session.run.log if self.session.run else "trainer.log"
            text = f"The trainer ended without a word: it was killed, or its machine went down. What it printed: {log}"
            self._front.tell(Notice("The trainer is gone", text))
        elif finished and finished.status in ("failed", "diverged"):
            title = "Training failed" if finished.status == "failed" else "Training diverged"
            self._front.tell(Notice(title, finished.reason, finished.traceback or ""))

    async def _start_or_continue(self) -> None:
        if self.snapshot.state in ("stopped", "lost") and self.session.run and self.session.run.has_checkpoint:
            neither = Answer("no", "Neither", "escape")
            answers = (Answer("resume", "Continue it", "c"), Answer("new", "New run", "n"), neither)
            text = f"{self.status.name} can go on from its checkpoint, or a new run starts from the beginning."
            answer = await self._front.ask(Question("Continue?", text, answers))
            if answer == "resume":
                await self._begin("The run was not continued", lambda _: self.session.resume())
            if answer != "new":
                return
        await self._start()

    async def _start(self, steps: int | None = None) -> None:
        self._editor.examine_anew()
        draft = self._editor.draft
        if draft.problems:
            self._front.show()
            self._front.tell(Notice("This cannot be trained", "\n".join(draft.problems)))
        else:
            await self._train(*draft.to_run, steps)

    async def _train(
        self, experiment: Experiment, document: Document, steps: int | None = None, first: str = ""
    ) -> None:
        """Start a run; ``first`` names it if it is only a source of what is to be trained."""

        async def request(number: int) -> None:
            await self.session.prepare(document)
            if pending := self._pending(number):
                self.phase = replace(pending, sent=True)
                await self.session.start(document, steps)
                self._trained_first = first
                self._show_run(experiment)

        await self._begin("The run was not started", request, steps)

    async def _train_first(self, missing: TrainFirst) -> None:
        """Offer to train what the experiment begins with."""
        answers = (Answer("yes", "Train it now", "t"), Answer("no", "Not now", "escape"))
        text = (
            f"This experiment begins with the weights of {missing.source}, which has not been trained to its end yet. "
            "Once that run is over, F5 starts this experiment."
        )
        if await self._front.ask(Question(f"Train {missing.source} first?", text, answers)) == "yes":
            await self._train(to_experiment(missing.document), missing.document, first=missing.source)
        else:
            self._front.stand_by()

    def _pending(self, number: int) -> Pending | None:
        """The start of that number, unless it was withdrawn."""
        return self.phase if isinstance(self.phase, Pending) and self.phase.number == number else None

    async def _begin(self, failure: str, request: Callable[[int], Awaitable[None]], steps: int | None = None) -> None:
        """Wait for the trainer to begin, and say so meanwhile; a notice tells if it does not."""
        self._starts += 1
        number = self._starts
        self.phase = Pending(number, steps)
        self._say_idle("")
        problem: TuitrainError | None = None
        try:
            await request(number)
        except TuitrainError as error:
            problem = error
        pending = self._pending(number)
        if pending is None:
            return
        if problem is None:
            await self._catch_up(pending)
            return
        self.phase = Off()
        self._front.show()
        if pending.quits:
            await self.quit()
        elif isinstance(problem, TrainFirst):
            await self._train_first(problem)
        else:
            self._front.tell(Notice(failure, str(problem)))
            self._front.stand_by()

    async def _catch_up(self, pending: Pending) -> None:
        """Do what was asked while the start was pending."""
        self.poll()
        self.phase = phases.begun(pending, self.snapshot.state)
        for key in pending.keys:
            await self.press(key)
        self.phase = phases.observed(self.phase, self.snapshot.state)
        self._front.show()
        if pending.quits:
            await self.quit()
