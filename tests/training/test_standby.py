import json
import signal
import subprocess
import sys
from contextlib import contextmanager

from tuitrain.runs import commands as c
from tuitrain.runs import inbox
from tuitrain.runs.directory import RunDirectory
from tuitrain.runs.files import read_json


@contextmanager
def standby():
    with subprocess.Popen(
        [sys.executable, "-m", "tuitrain.training"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ask(process, **request):
    process.stdin.write(json.dumps(request).encode() + b"\n")
    return json.loads(process.stdout.readline())


def test_a_trainer_answers_until_it_is_told_to_start(document, tmp_path):
    small = document(epochs=2)
    with standby() as process:
        known = ask(process, id=1, do="probe", experiment=small)["ok"]
        assert known["where"] == "computed"
        assert sum(layer["parameters"] for layer in known["layers"]) == 92

        assert "nothing is prepared" in ask(process, id="a", do="start", runs=str(tmp_path))["error"]
        refused = ask(
            process, id=2, do="prepare", experiment={**small, "batch_size": 0}, device="cpu", runs=str(tmp_path)
        )
        assert refused["id"] == 2
        assert refused["error"].startswith("batch_size: must be at least 1")
        refused = ask(
            process, id=3, do="prepare", experiment={**small, "batch_size": 5000}, device="cpu", runs=str(tmp_path)
        )
        assert "more than the 102 samples" in refused["error"]
        refused = ask(process, id=4, do="prepare", experiment=small, device="tpu", runs=str(tmp_path))
        assert "'tpu' is not on this machine" in refused["error"]
        assert "not understood" in ask(process, id=5, do="dance")["error"]
        process.stdin.write(b"no JSON\n")
        assert json.loads(process.stdout.readline())["id"] is None
        assert list(tmp_path.iterdir()) == []

        for identity, epochs in ((6, 4), (7, 2)):
            request = {
                "do": "prepare",
                "experiment": {**small, "epochs": epochs},
                "device": "auto",
                "runs": str(tmp_path),
            }
            prepared = ask(process, id=identity, **request)["ok"]
            assert (prepared["total_steps"], prepared["parameters"]) == (11 * epochs, 92)
            assert (prepared["train"], prepared["validation"]) == (102, 26)

        (tmp_path / "file").touch()
        assert "cannot make a run there" in ask(process, id=8, do="start", runs=str(tmp_path / "file"))["error"]
        run = RunDirectory(tmp_path / ask(process, id=9, do="start", runs=str(tmp_path / "runs"))["ok"]["path"])
        assert process.stdout.read() == b""  # closed: nothing but answers was ever in it
        assert process.wait(30) == 0
    assert read_json(run.summary)["steps"] == 22
    assert run.read_info()["pid"] == process.pid


def test_a_trainer_that_trains_outlives_the_one_who_started_it(document, tmp_path):
    with standby() as process:
        ask(process, id=1, do="prepare", experiment=document(epochs=1_000_000), device="cpu", runs=str(tmp_path))
        run = RunDirectory(tmp_path / ask(process, id=2, do="start", runs=str(tmp_path))["ok"]["path"])
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
        process.send_signal(signal.SIGHUP)
        assert run.is_held()
        inbox.send(run, c.Stop())
        assert process.wait(30) == 0
    assert read_json(run.summary)["status"] == "stopped"
    assert run.log.exists()


def test_a_trainer_in_stand_by_ends_with_the_one_who_started_it():
    with standby() as process:
        process.stdin.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""
