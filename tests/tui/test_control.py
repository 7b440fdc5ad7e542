"""The run controller without a terminal and without torch: recorded runs, and a user who answers as the test says."""

import asyncio

import pytest

from tuitrain.errors import Refused
from tuitrain.experiment import presets
from tuitrain.runs import commands
from tuitrain.runs.events import RunContinued, RunFinished, RunPaused
from tuitrain.runs.launch import TrainFirst
from tuitrain.tui.phases import Off, On, Pending
from tuitrain.tui.questions import Notice, Question

from .controlling import User, controlled, pressed, stopped
from .driving import finished, live, window


@controlled()
async def test_a_start_waits_for_the_trainer_and_then_obeys_the_keys(control, trainer, user):
    doing = await pressed(control, "run", "step", "run")
    pending = control.phase
    assert isinstance(pending, Pending) and not pending.sent
    assert not control.status.has_run and "as soon as the trainer is ready; F8" in control.status.idle
    trainer.loaded.set()
    await doing
    assert control.phase == On("running", asked_to_pause=False) and control.status.has_run
    assert trainer.recorded.sent() == [commands.Step(1), commands.Resume()]
    assert trainer.trained == [("digits-mlp", None)] and control.status.name == trainer.recorded.directory.name
    await control.press("run")
    assert trainer.recorded.sent()[2:] == [commands.Pause()]
    trainer.recorded.log.append(RunPaused(step=30))
    control.poll()
    assert control.phase == On("paused") and control.snapshot.step == 30


@controlled()
async def test_a_withdrawn_start_never_happens_however_late_the_trainer_is_ready(control, trainer, user):
    doing = await pressed(control, "run", "stop")
    assert control.phase == Off() and user.stand_bys == [True]
    again = await pressed(control, "step")
    trainer.loaded.set()
    await asyncio.gather(doing, again)
    assert trainer.trained == [("digits-mlp", 1)]


@controlled()
async def test_a_start_that_is_sent_is_stopped_and_left_once_it_is_known_what_became_of_it(control, trainer, user):
    trainer.loaded.set()
    trainer.begins.clear()
    doing = await pressed(control, "run", "stop")
    await control.quit()
    assert control.phase.sent and control.phase.quits and not user.left
    user.answers = ["leave"]
    trainer.begins.set()
    await doing
    assert trainer.recorded.sent() == [commands.Stop()]
    assert [one.title for one in user.asked] == ["Quit?"] and user.left


@controlled()
async def test_a_start_that_is_refused_is_told_and_the_trainer_gets_ready_again(control, trainer, user):
    trainer.problem = Refused("the data is not there. Download it.")
    trainer.loaded.set()
    await control.press("run")
    assert user.told == [Notice("The run was not started", "the data is not there. Download it.")]
    assert control.phase == Off() and user.stand_bys == [True] and not control.status.has_run
    await control.ready_trainer()
    assert control.status.idle == "the data is not there. Download it." and not control.status.ready


@controlled()
async def test_what_has_to_be_trained_first_is_offered(control, trainer, user):
    trainer.problem = TrainFirst("not trained", "spirals-mlp", {**presets.find("spirals-mlp").document})
    trainer.loaded.set()
    user.answers = ["no"]
    await control.press("run")
    assert user.asked[0].title == "Train spirals-mlp first?" and trainer.trained == []

    class Willing(User):
        async def ask(self, question):
            trainer.problem = None
            return "yes"

    control._front = Willing()
    await control.press("run")
    assert trainer.trained == [("spirals-mlp", None)]
    assert control.status.remark == "this is spirals-mlp; F5 then starts digits-mlp"


@controlled()
async def test_an_impossible_experiment_is_told_and_not_sent(control, trainer, user):
    editor = control._editor
    editor.apply({**editor.draft.document, "model": {}})
    await control.press("run")
    (notice,) = user.told
    assert notice.title == "This cannot be trained" and "output layer" in notice.text
    assert control.phase == Off() and trainer.trained == []


@pytest.mark.parametrize(
    ("answer", "phase", "trained"), [("no", Off(), 0), ("new", On("running", False), 1), ("resume", On("running"), 0)]
)
def test_a_run_that_was_stopped_can_go_on_or_a_new_one_begins(tmp_path, answer, phase, trained):
    @controlled()
    async def scenario(control, trainer, user):
        run = stopped(tmp_path / "runs")
        control.attach(run.directory, presets.load("digits-mlp"))
        assert control.phase == Off() and control.snapshot.state == "stopped"
        trainer.loaded.set()
        user.answers = [answer]
        await control.press("run")
        assert [one.title for one in user.asked] == ["Continue?"]
        if answer == "resume":
            run.log.append(RunContinued(from_step=20))
            control.poll()
            assert control.snapshot.step == 20
        assert control.phase == phase and len(trainer.trained) == trained

    scenario(tmp_path)


@controlled()
async def test_keys_of_a_run_that_goes_on_are_obeyed_before_its_log_says_so(control, trainer, user):
    run = stopped(trainer.root)
    control.attach(run.directory, None)
    user.answers = ["resume"]
    doing = await pressed(control, "run", "run")
    trainer.loaded.set()
    await doing
    assert run.sent() == [commands.Pause()]


@controlled()
async def test_a_run_that_is_not_to_go_on_after_all_stays_as_it_was_and_its_trainer_is_ended(control, trainer, user):
    run = stopped(trainer.root)
    control.attach(run.directory, None)
    user.answers = ["resume"]
    doing = await pressed(control, "run", "stop")
    assert control.phase == Off() and trainer.closed and control.status.has_run
    trainer.loaded.set()
    await doing
    assert control.phase == Off() and run.sent() == [] and user.told == []


@controlled()
async def test_a_command_that_cannot_be_sent_changes_nothing(control, trainer, user):
    run = live(trainer.root)
    control.attach(run.directory, None)
    run.directory.commands.rmdir()
    run.directory.commands.write_text("in the way")
    for key in ("run", "step", "stop"):
        await control.press(key)
    assert [one.title for one in user.told] == ["The command was not sent"] * 3
    assert control.phase == On("running")
    user.answers = ["stop", "stay", "leave"]
    for left in (False, False, True):
        await control.quit()
        assert user.left == left
    assert all(isinstance(one, Question) for one in user.asked)


@pytest.mark.parametrize(
    ("status", "title"), [("failed", "Training failed"), ("diverged", "Training diverged"), ("finished", None)]
)
def test_the_end_of_a_run_is_told_where_there_is_something_to_read(tmp_path, status, title):
    @controlled()
    async def scenario(control, trainer, user):
        run = live(tmp_path / "runs")
        control.attach(run.directory, None)
        run.log.append(window(40))
        control.poll()
        assert control.phase == On("running") and user.told == []
        run.log.append(RunFinished(status=status, step=40, reason="because", traceback="Traceback"))
        control.poll()
        control.poll()
        assert user.told == ([Notice(title, "because", "Traceback")] if title else [])
        assert control.phase == Off() and user.stand_bys == []  # it trained nothing here

    scenario(tmp_path)


@controlled()
async def test_a_run_that_is_over_is_compared_with_what_stands_in_the_editor(control, trainer, user):
    run, editor = finished(trainer.root), control._editor
    control.attach(run.directory, editor.draft.experiment)
    assert control.status.remark == "" and not control.has_edits_to_lose
    editor.apply({**editor.draft.document, "epochs": 3})
    control.compare()
    assert control.status.remark.startswith("edited; next run: ") and control.has_edits_to_lose
    user.discards = False
    await control.quit()
    assert not user.left
