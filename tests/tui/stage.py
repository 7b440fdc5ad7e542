"""A stage: one dialog on an empty screen, its keys, what stands there, and what it is closed with."""

import asyncio
from pathlib import Path

from textual.app import App

import tuitrain.tui.dashboard

NOT_CLOSED = object()


class Stage(App[None]):
    CSS = (Path(tuitrain.tui.dashboard.__file__).parent / "dashboard.tcss").read_text()

    def __init__(self, dialog):
        super().__init__()
        self.dialog = dialog
        self.result = NOT_CLOSED

    def on_mount(self):
        self.push_screen(self.dialog, lambda result: setattr(self, "result", result))

    @property
    def text(self):
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())

    async def until(self, condition):
        for _ in range(500):
            if condition():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"it did not happen:\n{self.text}")

    async def closed(self):
        await self.until(lambda: self.result is not NOT_CLOSED)
        return self.result


def staged(make_dialog, size=(80, 24)):
    """A test of the dialog that ``make_dialog`` gives: it gets the stage and its pilot."""

    def decorate(scenario):
        async def play():
            stage = Stage(make_dialog())
            async with stage.run_test(size=size) as pilot:
                await pilot.pause()
                await scenario(stage, pilot)

        def test():
            asyncio.run(play())

        test.__name__ = scenario.__name__
        return test

    return decorate
