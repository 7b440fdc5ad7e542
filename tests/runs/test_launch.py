import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from tuitrain.errors import Refused
from tuitrain.runs import commands as c
from tuitrain.runs import inbox
from tuitrain.runs.directory import RunDirectory, list_runs
from tuitrain.runs.files import read_json
from tuitrain.runs.follow import Follower
from tuitrain.runs.launch import StandbyClient

from ..narrow import present

DOCUMENT = {
    "epochs": 100_000,
    "data": {"type": "spirals"},
    "model": {"layers": [{"type": "dense", "units": 4, "activation": "relu"}]},
}


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_run_is_prepared_started_stopped_and_resumed(tmp_path):
    async def scenario():
        standby = await StandbyClient.open()
        assert (await standby.probe(DOCUMENT))["layers"][-1]["name"] == "output"
        with pytest.raises(Refused, match=r"^optimizer\.lr: must be greater than 0"):
            await standby.prepare({**DOCUMENT, "optimizer": {"type": "sgd", "lr": -1.0}}, "cpu", tmp_path)
        assert list_runs(tmp_path) == []
        late = asyncio.create_task(standby.prepare({**DOCUMENT, "epochs": 7}, "cpu", tmp_path))
        await asyncio.sleep(0)
        late.cancel()  # whose answer comes nevertheless, and is no answer to the next
        prepared = await standby.prepare(DOCUMENT, "cpu", tmp_path)
        assert prepared["total_steps"] == 100_000 * prepared["steps_per_epoch"]
        run = await standby.start(tmp_path)
        assert not standby.alive

        again = await StandbyClient.open()
        inbox.send(run, c.SaveCheckpoint())
        while not (run.checkpoints / "last.pt").exists():
            await asyncio.sleep(0.02)
        with pytest.raises(Refused, match="another process"):
            await again.resume(run)
        inbox.send(run, c.Stop())
        while run.is_held():
            await asyncio.sleep(0.02)
        steps = read_json(run.summary)["steps"]
        assert (await again.resume(run)).path == run.path
        while Follower(run).poll().step <= steps:
            await asyncio.sleep(0.02)
        inbox.send(run, c.Stop())
        return run

    run = asyncio.run(scenario())
    wait_for(lambda: not run.is_held())
    assert Follower(run).poll().state == "stopped"
    wait_for(lambda: not exists(run.read_info()["pid"]))  # reaped, not a zombie


def test_a_run_can_start_with_single_steps_and_obeys_at_once(tmp_path):
    async def scenario():
        standby = await StandbyClient.open()
        await standby.prepare(DOCUMENT, "cpu", tmp_path)
        run = await standby.start(tmp_path, steps=2)
        inbox.send(run, c.Step(1))  # before its first event, perhaps
        follower = Follower(run)
        while (snapshot := follower.poll()).state != "paused" or snapshot.step < 3:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        snapshot = follower.poll()
        inbox.send(run, c.Stop())
        return run, snapshot

    run, snapshot = asyncio.run(scenario())
    assert (snapshot.state, snapshot.step) == ("paused", 3)
    wait_for(lambda: not run.is_held())


def test_a_stand_by_that_is_closed_or_killed_is_gone(tmp_path):
    async def scenario():
        closed, killed = await StandbyClient.open(), await StandbyClient.open()
        closed.close()
        os.kill(killed._process.pid, signal.SIGKILL)
        with pytest.raises(Refused, match=r"^the trainer was killed by SIGKILL\.$"):
            await killed.probe(DOCUMENT)
        assert not killed.alive
        killed.close()
        return closed._process.pid, killed._process.pid

    pids = asyncio.run(scenario())
    wait_for(lambda: not any(map(exists, pids)))


def test_a_stand_by_that_is_closed_leaves_no_descriptor_open(tmp_path):
    kept = []  # else the garbage collector would close what was left open

    async def open_and_close():
        kept.append(await StandbyClient.open())
        kept[-1].close()
        await asyncio.to_thread(wait_for, lambda: not exists(kept[-1]._process.pid))
        return sorted(os.listdir("/dev/fd"))

    async def scenario():
        return await open_and_close(), await open_and_close()

    before, after = asyncio.run(scenario())
    assert after == before


def test_the_last_words_of_a_trainer_are_not_endless(monkeypatch, tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('x' * 100_000 + ' no torch here')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), *sys.path)))

    async def scenario():
        standby = await StandbyClient.open()
        with pytest.raises(Refused, match=r"no torch here$") as refused:
            await standby.probe(DOCUMENT)
        standby.close()
        return str(refused.value)

    assert len(asyncio.run(scenario())) < 5_000


def test_a_trainer_that_cannot_begin_says_why(monkeypatch, tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), *sys.path)))

    async def scenario():
        standby = await StandbyClient.open()
        with pytest.raises(Refused, match=r"ended with status 1: ImportError: no torch here$"):
            await standby.probe(DOCUMENT)
        standby.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGHUP])
def test_a_run_outlives_the_program_that_started_it(tmp_path, end):
    program = f"""
import asyncio
from pathlib import Path
from tuitrain.runs.launch import StandbyClient

async def main():
    standby = await StandbyClient.open()
    await standby.prepare({DOCUMENT!r}, "cpu", Path({str(tmp_path)!r}))
    print((await standby.start(Path({str(tmp_path)!r}))).path, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            run = RunDirectory(tmp_path / present(process.stdout).readline().decode().strip())
            os.killpg(process.pid, end)
            process.wait(60)
        finally:
            process.kill()
    reached = Follower(run).poll().step
    wait_for(lambda: Follower(run).poll().step > reached)
    inbox.send(run, c.Stop())
    wait_for(lambda: not run.is_held())
    assert Follower(run).poll().state == "stopped"
