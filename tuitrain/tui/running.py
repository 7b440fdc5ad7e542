"""Running: the half of the dashboard that steers and follows a run."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from tuitrain.errors import TuitrainError
from tuitrain.optim import LR_LIMIT
from tuitrain.runs.commands import Command, Pause, Resume, SetLearningRate, Step, Stop
from tuitrain.runs.snapshot import LIVE, Snapshot
from tuitrain.tui.dialogs import Answer, Notice, Prompt, Question
from tuitrain.tui.starting import Starting

POLL_S = 0.1


class Running(Starting):
    """Polls ``snapshot`` ten times a second, and turns keys into commands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5,space", "start_or_pause", "Run", key_display="F5", tooltip="Start, pause and resume"),
        Binding("f6,n", "step", "Step", key_display="F6", tooltip="Run one single step"),
        Binding("f7,r", "learning_rate", "Rate", show=False, tooltip="Change the learning rate of this run"),
        Binding("f8,x", "stop", "Stop", key_display="F8", tooltip="Stop the run, with a checkpoint"),
        Binding("q,ctrl+q", "quit", "Quit", key_display="q", priority=False),
    ]

    _unreadable = False

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
        if self.session.has_trained:
            self.stand_by(load=False)  # who reads the curves, perhaps for days, needs no data and no GPU
        finished = snapshot.finished
        if snapshot.state == "lost":
            log = self.session.run.log if self.session.run else "trainer.log"
            text = f"The trainer ended without a word: it was killed, or its machine went down. What it printed: {log}"
            self.app.push_screen(Notice("The trainer is gone", text))
        elif finished and finished.status in ("failed", "diverged"):
            title = "Training failed" if finished.status == "failed" else "Training diverged"
            self.app.push_screen(Notice(title, finished.reason, finished.traceback or ""))

    def action_start_or_pause(self) -> None:
        """While a start is pending the run pauses, or goes on, as soon as it is there."""
        if self.is_live:
            self._toggle_pause()
        elif self._pending:
            self._pending.toggle(self._toggle_pause)
            self._say_idle("")
        else:
            self._start_or_continue()

    def action_step(self) -> None:
        """One step of the run; on a fresh experiment, start and pause behind the first."""
        if self.is_live:
            self._step()
        elif self._pending:
            self._pending.step(self._step)
            self._say_idle("")
        else:
            self._start_with_one_step()

    def _toggle_pause(self) -> None:
        paused = self.snapshot.state == "paused" if self._asked_to_pause is None else self._asked_to_pause
        if self._send(Resume() if paused else Pause()):
            self._asked_to_pause = not paused

    def _step(self) -> None:
        if self._send(Step(1)):
            self._asked_to_pause = True

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

    def action_stop(self) -> None:
        """Stop the run; of a start that is pending, there will be none."""
        if self.is_live:
            self._send(Stop())
        elif self._pending is None:
            self.notify("There is no run on.")
        elif self._pending.sent:
            self._pending.then.append(self.action_stop)
        else:
            self._withdraw(self._pending)

    @work
    async def action_quit(self) -> None:
        """A start that is pending dies with the dashboard; one that is sent is waited for, for it may have begun."""
        if self._pending and self._pending.sent:
            self._pending.quits = True
            return
        if not await self.may_discard("Quitting"):
            return
        if not self.is_live:
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
