"""The layout of the dashboard, its footer and its help."""

from tuitrain.tui.dashboard import CELLS
from tuitrain.tui.dialogs import NoticeDialog
from tuitrain.tui.formdialog import FormDialog

from .driving import (
    FIRST_DENSE,
    LARGE,
    SMALL,
    driven,
    live,
)


@driven(size=LARGE, run=live)
async def test_all_panes_are_on_a_large_screen_and_one_at_a_time_on_a_small_one(driver, run):
    def shown():
        panes = {name: driver.dashboard.query_one(f"#{name}") for name in CELLS}
        return {name for name, pane in panes.items() if pane.is_on_screen and pane.region.area}

    await driver.sees("▶ training")
    assert shown() == set(CELLS)
    await driver.pilot.resize_terminal(*SMALL)
    await driver.sees("1 Model")
    for number, name in enumerate(CELLS, 1):
        await driver.press(str(number))
        await driver.pilot.pause()
        assert shown() == {name}
        assert driver.dashboard.focused is driver.dashboard.query_one(f"#{name}")
        assert driver.dashboard.query_one(f"#{name}").region.width >= SMALL[0] - 2
    await driver.pilot.resize_terminal(*LARGE)
    await driver.until(lambda: shown() == set(CELLS))
    await driver.until(lambda: "1 Model" not in driver.screen)


@driven(size=SMALL)
async def test_a_small_screen_can_build(driver):
    await driver.press("1")
    await driver.row(FIRST_DENSE)
    await driver.press("enter")
    await driver.dialog(FormDialog)
    assert "units" in driver.screen and "bias init" in driver.screen
    await driver.type("9")
    await driver.press("enter")
    await driver.no_dialog()
    assert driver.layers[1].units == 9


@driven()
async def test_the_footer_names_the_keys(driver):
    await driver.sees("F3 Presets")
    last = driver.screen.splitlines()[-1]
    for words in ("F5", "F6", "Step", "F8", "Stop", "F3", "Presets", "Help", "Quit", "Add", "Delete"):
        assert words in last


@driven(size=SMALL)
async def test_help_explains_the_pane_with_the_focus_and_names_the_keys(driver):
    assert all(cell.help for cell in CELLS.values())
    for number, word in ((1, "the shape of what comes"), (6, "vanishing gradients")):
        await driver.press(str(number), "question_mark")
        await driver.dialog(NoticeDialog)
        await driver.until(lambda word=word: word in driver.box)
        await driver.press("end")
        await driver.until(lambda: "F7, r" in driver.box)
        await driver.press("escape")
        await driver.no_dialog()
