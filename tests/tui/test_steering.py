"""A run that is on or over, as the dashboard shows and steers it."""

from dataclasses import replace
from pathlib import Path

from textual.widgets import Input

from tuitrain.runs import commands
from tuitrain.runs.events import RunFinished, RunPaused, UnitsObserved, ValidationCompleted
from tuitrain.tui.dialogs import NoticeDialog, Picker, PromptDialog, QuestionDialog
from tuitrain.tui.formdialog import FormDialog

from .driving import (
    FIRST_DENSE,
    SMALL,
    Recorded,
    content,
    driven,
    failed,
    finished,
    live,
    lost,
    observed,
    window,
)


@driven(run=live)
async def test_a_live_run_is_shown_and_follows_its_log(driver, run):
    await driver.sees("▶ training")
    await driver.sees("step 30/100")
    await driver.sees("1,234 samples/s")
    await driver.sees("1.0e-02")  # a gradient bar's number
    run.log.append(window(40))
    await driver.sees("step 40/100")
    run.log.append(RunFinished(status="finished", step=100, reason="all 10 epochs done"))
    await driver.sees("✓ finished")


@driven()
async def test_without_a_run_there_is_no_rate_to_change(driver):
    await driver.press("f7")
    await driver.sees("There is no run on: set the optimizer's lr instead.")


@driven(run=live)
async def test_keys_become_commands_in_the_runs_directory(driver, run):
    await driver.sees("▶ training")
    await driver.press("f5")
    await driver.until(lambda: run.sent() == [commands.Pause()])
    run.log.append(RunPaused(step=30))
    await driver.sees("‖ paused")
    await driver.press("f6", "space")
    await driver.until(lambda: run.sent()[1:] == [commands.Step(1), commands.Resume()])
    await driver.press("f7")
    await driver.dialog(PromptDialog)
    assert driver.app.screen.query_one(Input).value == "0.003"
    await driver.press("escape")
    await driver.no_dialog()
    await driver.press("f7")
    await driver.dialog(PromptDialog)
    assert len(run.sent()) == 3
    for _ in "0.003":
        await driver.press("backspace")
    await driver.type("0")
    await driver.press("enter")
    await driver.sees("must be greater than 0")
    await driver.type(".5")
    await driver.press("enter")
    await driver.until(lambda: run.sent()[3:] == [commands.SetLearningRate(0.5)])
    await driver.press("f8")
    await driver.until(lambda: run.sent()[4:] == [commands.Stop()])


@driven(run=live)
async def test_units_that_are_shown_are_watched(driver, run):
    await driver.sees("▶ training")
    await driver.press("6", "u")
    await driver.until(lambda: run.sent() == [commands.WatchUnits("dense_1")])
    run.log.append(observed(40))
    run.log.append(UnitsObserved(step=40, epoch=4.0, layer="dense_1", units=64, bias_gradient=(-0.25, 0.125)))
    await driver.sees("2 of 64 units")
    await driver.press("down")
    await driver.until(lambda: run.sent()[1:] == [commands.WatchUnits("dense_2")])


@driven(run=live)
async def test_units_that_cannot_be_asked_for_are_not_asked_for_again_and_again(driver, run):
    await driver.sees("▶ training")
    run.directory.commands.rmdir()
    run.directory.commands.write_text("in the way")
    await driver.press("6", "u")
    await driver.dialog(NoticeDialog)
    assert "cannot leave a command there" in driver.box
    await driver.press("escape")
    await driver.no_dialog()
    await driver.sees("1.0e-02")


@driven(run=live)
async def test_the_keys_of_a_run_work_while_a_field_has_the_focus(driver, run):
    await driver.sees("▶ training")
    await driver.row(FIRST_DENSE)
    await driver.press("enter")
    await driver.dialog(FormDialog)
    await driver.press("f5")
    await driver.until(lambda: run.sent() == [commands.Pause()])
    assert isinstance(driver.app.screen, FormDialog)


@driven(run=live)
async def test_an_edit_leaves_the_run_alone_and_says_so(driver, run):
    await driver.sees("▶ training")
    before = content(run.directory)
    await driver.row(FIRST_DENSE)
    await driver.press("d")
    await driver.sees("edited: for the next run")
    assert len(driver.layers) == 2
    assert content(run.directory) == before
    assert "step 30/100" in driver.screen
    await driver.press("f3")
    await driver.dialog(Picker)
    await driver.type("digits-mlp")
    await driver.press("enter")
    await driver.dialog(QuestionDialog)
    await driver.press("d")
    await driver.no_dialog()
    assert content(run.directory) == before
    assert run.directory.name in driver.screen


@driven(run=live)
async def test_a_command_that_cannot_be_sent_is_said_and_the_dashboard_lives(driver, run):
    await driver.sees("▶ training")
    run.directory.commands.rmdir()
    run.directory.commands.write_text("in the way")
    await driver.press("f5")
    await driver.sees("cannot leave a command there")
    assert driver.app.is_running


@driven(run=live)
async def test_quit_asks_while_a_run_is_on(driver, run):
    await driver.sees("▶ training")
    for key in ("q", "ctrl+q"):
        await driver.press(key)
        await driver.dialog(QuestionDialog)
        assert "Leave it running" in driver.box and "tuitrain attach" in driver.box
        await driver.press("escape")
        await driver.no_dialog()
    await driver.press("q")
    await driver.dialog(QuestionDialog)
    await driver.press("l")
    await driver.until(lambda: driver.app.return_code == 0)
    assert run.sent() == []


@driven(run=live)
async def test_quit_can_stop_the_run(driver, run):
    await driver.sees("▶ training")
    await driver.press("q")
    await driver.dialog(QuestionDialog)
    await driver.press("s")
    await driver.until(lambda: driver.app.return_code == 0)
    assert run.sent() == [commands.Stop()]


@driven(run=live)
async def test_a_killed_trainer_is_shown_as_gone(driver, run):
    await driver.sees("▶ training")
    run.die()
    await driver.dialog(NoticeDialog)
    assert "killed" in driver.box
    await driver.press("escape")
    await driver.sees("✗ trainer gone")


def regression(root: Path) -> Recorded:
    run = Recorded(root)
    run.log.append(replace(window(40), figures={"mae": 14.25}, clipped=0.125, clip_factor=0.5))
    run.log.append(ValidationCompleted(step=40, epoch=4.0, figures={"loss": 0.5, "mae": 12.5, "r2": 0.25}))
    return run


@driven(run=regression)
async def test_a_regression_is_shown_by_its_errors_and_clipping_by_how_often_it_clipped(driver, run):
    await driver.sees("validation mae 12.5000, r2 0.2500")
    await driver.sees("clipped 12%")
    await driver.sees("Mean absolute error")
    await driver.sees("14.2500")
    await driver.sees("validation at step 40: loss 0.5, mae 12.5, r2 0.25")
    await driver.pilot.resize_terminal(*SMALL)
    await driver.sees("validation mae 12.5000")
    await driver.until(lambda: "clipped" not in driver.screen)


@driven(run=finished)
async def test_a_finished_run_is_shown_unchanged_and_quitting_asks_nothing(driver, run):
    before = content(run.directory)
    await driver.sees("✓ finished")
    await driver.sees("validation accuracy 0.9375")
    await driver.sees("all 10 epochs done")
    assert content(run.directory) == before
    await driver.press("q")
    await driver.until(lambda: driver.app.return_code == 0)


@driven(run=lost)
async def test_a_lost_run_is_shown_as_such(driver, run):
    await driver.dialog(NoticeDialog)
    assert str(run.directory.log) in driver.box.replace(" ", "")
    await driver.press("escape")
    await driver.sees("✗ trainer gone")
    await driver.press("q")
    await driver.until(lambda: driver.app.return_code == 0)


@driven(run=failed)
async def test_the_traceback_of_a_failed_run_can_be_read(driver, run):
    await driver.dialog(NoticeDialog)
    assert "KeyError in step 32" in driver.box and "Traceback: here" in driver.box
