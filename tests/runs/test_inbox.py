import os
import stat

import pytest

from tuitrain.errors import Refused
from tuitrain.runs.commands import Pause, Resume, SetLearningRate, Step, Stop
from tuitrain.runs.inbox import Inbox, Request, send


def test_commands_arrive_once_and_in_order(run):
    inbox = Inbox(run)
    commands = [Pause(), Step(3), SetLearningRate(0.25), Resume()]
    ids = [send(run, command) for command in commands]
    assert ids == sorted(set(ids))
    assert inbox.poll() == [Request(i, c) for i, c in zip(ids, commands, strict=True)]
    assert inbox.poll() == []
    last = send(run, Stop())
    assert inbox.poll() == [Request(last, Stop())]


def test_a_request_stays_until_it_is_answered(run):
    identity = send(run, Pause())
    inbox = Inbox(run)
    inbox.poll()
    assert os.listdir(run.commands) == [f"{identity}.json"]
    inbox.answered(identity)
    assert os.listdir(run.commands) == []
    inbox.answered(identity)


def test_leftovers_of_an_earlier_life_are_not_obeyed(run):
    unanswered = send(run, Stop())
    Inbox(run).poll()
    never_seen = send(run, Pause())
    inbox = Inbox(run)
    assert inbox.refuse_leftovers() == [unanswered, never_seen]
    assert inbox.poll() == []
    fresh = send(run, Resume())
    assert inbox.poll() == [Request(fresh, Resume())]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "cannot be read"),
        (b'{"kind": "SetLearningRate", "lr": "fast"}', "Expected `float`, got `str` - at `$.lr`"),
        (b'{"kind": "Fly"}', "does not know"),
        (b" " * 10_000_000, "cannot be read"),
    ],
)
def test_what_cannot_be_obeyed_comes_with_the_reason(run, content, why):
    (run.commands / "x.json").write_bytes(content)
    inbox = Inbox(run)
    (request,) = inbox.poll()
    assert (request.id, request.command) == ("x", None) and why in request.why
    inbox.answered("x")
    assert os.listdir(run.commands) == []


def test_what_is_no_request_is_left_alone(run):
    (run.commands / ".x.json-half").touch()
    (run.commands / ".x.json").touch()
    (run.commands / "x.txt").touch()
    (run.commands / "directory.json").mkdir()
    os.mkfifo(run.commands / "pipe.json")
    (run.commands / "link.json").symlink_to(run.experiment)
    assert Inbox(run).poll() == [] and len(os.listdir(run.commands)) == 6


def test_a_request_is_private(run):
    identity = send(run, Pause())
    assert stat.S_IMODE((run.commands / f"{identity}.json").stat().st_mode) == 0o600


def test_without_the_directory_there_is_nothing_to_obey_and_nothing_to_send(run):
    run.commands.rmdir()
    assert Inbox(run).poll() == []
    with pytest.raises(Refused, match="cannot leave a command there"):
        send(run, Pause())
