"""ctrl+p: every action, by name."""

import asyncio

from textual.command import CommandPalette

from tuitrain.experiment import presets
from tuitrain.tui.actions import ACTIONS, palette_commands
from tuitrain.tui.app import TuitrainApp
from tuitrain.tui.dashboard import CELLS, TO_CELLS


def play(scenario, root):
    async def run():
        app = TuitrainApp(presets.load("digits-mlp"), root)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            await scenario(app, pilot)

    asyncio.run(run())


def test_every_action_of_the_dashboard_and_of_the_pane_with_the_focus_is_there_with_its_key(tmp_path):
    async def scenario(app, pilot):
        screen, found = app.screen, set()
        for number, name in enumerate(CELLS, 1):
            await pilot.press(str(number))
            titles = [command.title for command in palette_commands(screen)]
            pane = screen.focused
            assert pane.id == name
            around = [node for node in pane.ancestors_with_self if node not in (screen, app)]
            owners = {binding.id: node for node in around for _, binding in node._bindings}
            for action in (*ACTIONS, *TO_CELLS):
                owner = owners.get(action.name)
                possible = owner is not None and owner.check_action(action.name.partition("(")[0], ())
                here = action.where in ("everywhere", "dashboard") or possible
                assert any(title.startswith(f"{action.title} (") for title in titles) == (here and bool(action.name))
                found |= {action} if here else set()
            assert len(titles) == len(set(titles))
        assert {"Run (F5)", "Quit (q)", "Presets (F3)", "Help (?)"} <= set(titles)
        assert found == {action for action in (*ACTIONS, *TO_CELLS) if action.where != "textual"}

    play(scenario, tmp_path)


def test_an_action_is_found_by_its_name_and_done(tmp_path):
    async def scenario(app, pilot):
        pane = app._dashboard.query_one("#loss")
        await pilot.press("3", "ctrl+p")
        assert isinstance(app.screen, CommandPalette)
        await pilot.press(*"log sc")
        for _ in range(200):
            if "Log scale (y)" in "\n".join(strip.text for strip in app.screen._compositor.render_strips()):
                break
            await asyncio.sleep(0.02)
        await pilot.press("enter")
        for _ in range(200):
            if pane.logarithmic:
                break
            await asyncio.sleep(0.02)
        assert pane.logarithmic and app.screen is app._dashboard

    play(scenario, tmp_path)
