"""The Textual app: one screen, the signals, and an end that leaves the terminal as it was."""

import asyncio
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.events import Event
from textual.screen import Screen

from tuitrain.experiment.experiment import Experiment
from tuitrain.experiment.presets import ExperimentFile
from tuitrain.runs.directory import RunDirectory
from tuitrain.tui.actions import palette_commands, priority_bindings
from tuitrain.tui.dashboard import Dashboard
from tuitrain.tui.dialogs import Picker
from tuitrain.tui.editor import Editor
from tuitrain.tui.formdialog import FormDialog
from tuitrain.tui.keys import InputQueue
from tuitrain.tui.session import Session
from tuitrain.tui.terminal import TerminalApp

ENDED_BY = {signal.SIGTERM: 143, signal.SIGHUP: 129}


class TuitrainApp(TerminalApp):
    """Opens the dashboard on an experiment, or on a run (then the experiment is the run's).

    ``unreadable`` says why the run's experiment cannot be read; then ``experiment`` is another one.
    """

    TITLE = "tuitrain"
    BINDINGS: ClassVar[list[BindingType]] = priority_bindings()

    def __init__(
        self,
        experiment: Experiment,
        root: Path,
        device: str = "auto",
        file: ExperimentFile | None = None,
        run: RunDirectory | None = None,
        unreadable: str = "",
    ) -> None:
        super().__init__()
        self.input = InputQueue(self.post_message)
        self._session = Session(root, device)
        self._dashboard = Dashboard(Editor(experiment, file), self._session, run, unreadable)

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for name, code in ENDED_BY.items():
            # Left to itself, Textual dies of these without restoring the terminal.
            loop.add_signal_handler(name, self.exit, None, code)
        self.call_later(self._open)

    async def _open(self) -> None:
        """Show the dashboard: behind Textual's own first batch, in which it would draw all of it for nothing."""
        await self.push_screen(self._dashboard)
        self.call_after_refresh(self.input.open)

    async def on_event(self, event: Event) -> None:
        if self.input.holds(event):
            return
        try:
            await super().on_event(event)
        finally:
            self.input.handled(event)

    async def on_unmount(self) -> None:
        self._session.close()

    async def action_steer(self, action: str) -> None:
        """Have the dashboard do an action, unless a question has to be answered first."""
        if isinstance(self.screen, (Dashboard, FormDialog, Picker)):
            await self.run_action(action, self._dashboard)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Textual's Quit would be there twice."""
        yield from palette_commands(screen)
        yield from (command for command in super().get_system_commands(screen) if command.title != "Quit")

    async def action_quit(self) -> None:
        """ctrl+q and the command palette ask like q does."""
        self._dashboard.action_quit()
