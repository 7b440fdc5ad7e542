import json
import os
import signal

import pytest

from tuitrain.errors import Refused
from tuitrain.experiment import toml
from tuitrain.runs import commands as c
from tuitrain.runs import events as e
from tuitrain.runs import inbox
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.files import read_json
from tuitrain.runs.follow import Follower
from tuitrain.runs.history import History
from tuitrain.runs.log import EventReader
from tuitrain.training.prepare import prepare
from tuitrain.training.process import Host, go_on
from tuitrain.training.run import open_run, take_up
from tuitrain.training.trainer import Trainer

from ..narrow import of_type, present
from ..recording.test_thinning import FREE, RATE, assert_same_outcome
from .elsewhere import ENDLESS, hosted_elsewhere, wait_for


def outcome(events):
    history = History()
    for event in events:
        history.fold(event)
    return history.outcome()


def steps(run):
    return Follower(run).poll().step


def started(spirals, root, **changes):
    experiment = spirals(**changes)
    prepared = prepare(experiment, "cpu")
    run = open_run(prepared, experiment, root)
    return Trainer(prepared, run.checkpoints), run


def ended(trainer, run):
    *_, last = Host(trainer, run)
    return of_type(e.RunFinished, last)


def test_a_run_leaves_everything_in_its_directory(spirals, tmp_path):
    trainer, run = started(spirals, tmp_path, name="Small one")
    before = signal.getsignal(signal.SIGTERM)
    seen = list(Host(trainer, run))
    assert signal.getsignal(signal.SIGTERM) is before
    assert not run.is_held()
    logged = EventReader(run.events).read()
    assert [type(event) for event in logged] == [type(event) for event in seen]
    assert isinstance(seen[0], e.RunStarted)
    assert isinstance(seen[-1], e.RunFinished)

    last = [event for event in seen if isinstance(event, e.EpochCompleted)][-1]
    summary = read_json(run.summary)
    for part, figures in (("train", last.train), ("validation", present(last.validation))):
        assert summary[part] == {name: figures[name] for name in ("loss", "accuracy", "penalty")} == figures
    assert (summary["status"], summary["epochs"], summary["steps"]) == ("finished", 3, 33)
    assert (summary["name"], summary["parameters"], summary["device"]) == ("Small one", 92, "cpu")
    assert summary["steps_per_second"] == pytest.approx(33 / summary["seconds"], rel=0.1)

    info = run.read_info()
    assert (info["pid"], info["device"], info["threads"], info["parent"]) == (os.getpid(), "cpu", 1, None)
    assert set(info["versions"]) == {"tuitrain", "torch", "python"}
    assert toml.read(run.experiment)["optimizer"]["momentum"] == 0.0  # defaults are written out
    assert read_json(run.history)["offset"] == run.events.stat().st_size
    assert [path.name for path in run.checkpoints.iterdir()] == ["last.pt"]


def test_a_diverged_run_has_null_for_what_has_no_meaning(spirals, tmp_path):
    wild = {"optimizer": {"type": "sgd", "lr": 1000.0}, "schedule": "constant", "epochs": 50}
    trainer, run = started(spirals, tmp_path, **wild)
    finished = ended(trainer, run)
    summary = json.loads(run.summary.read_text(), parse_constant=pytest.fail)
    assert finished.status == summary["status"] == "diverged"


def test_a_finished_or_stopped_run_can_be_resumed_in_its_directory(spirals, tmp_path):
    trainer, run = started(spirals, tmp_path)
    hosted = Host(trainer, run)
    hosted.control.send(c.Step(15))
    for event in hosted:
        if isinstance(event, e.RunPaused):
            inbox.send(run, c.Stop())
    assert read_json(run.summary)["status"] == "stopped"
    left = inbox.send(run, c.Stop())

    second = list(go_on(run))
    whole_trainer, whole_run = started(spirals, tmp_path)
    list(Host(whole_trainer, whole_run))
    assert [event.id for event in second if isinstance(event, e.CommandRefused)] == [left]
    assert [event.from_step for event in second if isinstance(event, e.RunContinued)] == [15]
    one, other = Follower(run).poll(), Follower(whole_run).poll()
    assert (one.state, one.step, one.skipped) == ("finished", 33, 0)
    assert present(one.last_epoch).train == present(other.last_epoch).train
    for key in ("train", "validation", "steps", "epochs", "status"):
        assert read_json(run.summary)[key] == read_json(whole_run.summary)[key]


def test_commands_are_answered_and_obeyed(spirals, tmp_path):
    trainer, run = started(spirals, tmp_path, **ENDLESS)
    asked: dict[str, c.Command] = {}
    to_send = [c.SetLearningRate(0.25), c.SaveCheckpoint(), c.SetLearningRate(-1), c.Step(0), c.Pause(), c.Step(2)]
    answers, seen = {}, []
    for event in Host(trainer, run):
        seen.append(event)
        if isinstance(event, e.CommandAccepted):
            answers[asked[event.id]] = event.command
        elif isinstance(event, e.CommandRefused):
            answers[asked[event.id]] = event.why
        if isinstance(event, e.RunStarted):
            asked.update({inbox.send(run, command): command for command in to_send})
        if isinstance(event, e.RunPaused) and len(answers) == len(to_send):
            asked[inbox.send(run, c.Resume())] = c.Resume()
        if isinstance(event, e.RunResumed):
            asked[inbox.send(run, c.Stop())] = c.Stop()
    assert answers[c.SetLearningRate(0.25)] == "SetLearningRate"
    assert "greater than 0" in answers[c.SetLearningRate(-1)]
    assert "count" in answers[c.Step(0)] and "1" in answers[c.Step(0)]
    assert answers[c.Stop()] == "Stop"
    assert any(isinstance(event, e.LearningRateChanged) and event.lr == 0.25 for event in seen)
    assert any(isinstance(event, e.CheckpointSaved) and event.why == "on request" for event in seen)
    assert list(run.commands.iterdir()) == []


def test_an_exception_in_training_is_told_and_kept(spirals, tmp_path):
    trainer, run = started(spirals, tmp_path)
    trainer.prepared.network.module[0].register_forward_hook(lambda *_: 1 / 0)
    finished = ended(trainer, run)
    assert finished.status == read_json(run.summary)["status"] == "failed"
    assert "ZeroDivisionError in step 1" in finished.reason
    assert "Traceback" in finished.traceback
    assert finished.traceback in run.log.read_text()
    assert not run.is_held()


def test_out_of_memory_in_training_names_the_remedy(spirals, tmp_path):
    trainer, run = started(spirals, tmp_path)

    def exhaust(*_):
        import torch

        torch.empty(1 << 60)

    trainer.prepared.network.module[0].register_forward_hook(exhaust)
    finished = ended(trainer, run)
    assert "out of memory" in finished.reason
    assert "batch_size smaller than 10" in finished.reason


def test_a_run_is_trained_by_one_process_only(spirals, tmp_path):
    trainer, run = started(spirals, tmp_path)
    hosted = Host(trainer, run)
    with pytest.raises(Refused, match="another process"):
        Host(trainer, run)
    hosted.close()
    assert not run.is_held()


def test_a_run_whose_host_gives_up_is_stopped_with_a_checkpoint(spirals, tmp_path):
    trainer, run = started(spirals, tmp_path, **ENDLESS)
    hosted = Host(trainer, run)
    next(hosted)
    hosted.close()
    assert read_json(run.summary)["status"] == "stopped"
    assert (run.checkpoints / "last.pt").is_file()
    assert not run.is_held()


def test_a_run_is_made_whole_or_not_at_all(spirals, tmp_path):
    prepared = prepare(spirals(), "cpu")
    (tmp_path / "file").touch()
    with pytest.raises(Refused):
        open_run(prepared, prepared.experiment, tmp_path / "file")
    with pytest.raises(Refused, match="is no run"):
        go_on(RunDirectory(tmp_path))


def test_signals_stop_a_run_with_a_checkpoint_and_a_hang_up_does_not(document, tmp_path):
    with hosted_elsewhere(document(**ENDLESS), tmp_path) as (process, run):
        wait_for(lambda: steps(run) > 0)
        process.send_signal(signal.SIGHUP)
        reached = steps(run)
        wait_for(lambda: steps(run) > reached)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in (signal.SIGINT, signal.SIGTERM)
        assert process.stdout.read().startswith("stopped by SIG")
    assert Follower(run).poll().state == "stopped"
    assert read_json(run.summary)["steps"] == take_up(run).step
    assert not run.is_held()


def test_a_run_ended_by_sigterm_while_paused_says_so(document, tmp_path):
    with hosted_elsewhere(document(**ENDLESS), tmp_path) as (process, run):
        wait_for(lambda: steps(run) > 0)
        inbox.send(run, c.Pause())
        wait_for(lambda: Follower(run).poll().state == "paused")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == signal.SIGTERM
    assert read_json(run.summary)["reason"] == "stopped by SIGTERM"


def test_a_killed_trainer_lets_go_of_its_run(document, tmp_path):
    with hosted_elsewhere(document(**ENDLESS), tmp_path) as (process, run):
        wait_for(lambda: steps(run) > 0)
        assert run.is_held()
        process.kill()
        process.wait(30)
    assert not run.is_held()
    assert Follower(run).poll().state == "lost"


def test_a_full_disk_ends_the_run_with_a_reason(document, tmp_path):
    with hosted_elsewhere(document(**ENDLESS), tmp_path, "6000") as (process, run):
        said = process.communicate(timeout=120)[0]
    assert "cannot be written (File too large). Free some space" in said
    assert run.events.stat().st_size <= 6000
    assert not run.is_held()
    assert [path.name for path in run.checkpoints.iterdir()] == []


def test_the_log_of_a_training_with_an_epoch_a_step_keeps_to_its_budget(spirals, tmp_path, monkeypatch):
    experiment = spirals(epochs=400, batch_size="full", observe={"every": "epoch"}, schedule="constant")
    prepared = prepare(experiment, "cpu")
    run = open_run(prepared, experiment, tmp_path)
    trainer = Trainer(prepared, run.checkpoints)
    happened, train = [], trainer.run

    def remember(control):
        for event in train(control):
            happened.append(event)
            yield event

    monkeypatch.setattr(trainer, "run", remember)
    logged = list(Host(trainer, run))
    seconds = logged[-1].at - logged[0].at
    size = run.events.stat().st_size
    assert size <= FREE + RATE * seconds + 20_000
    assert_same_outcome(outcome(logged), outcome(happened))
    epochs = [event.epoch for event in logged if isinstance(event, e.EpochCompleted)]
    assert (epochs[0], epochs[-1]) == (1, 400) and epochs == sorted(set(epochs))
