import resource
import stat
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.runs.codec import encode
from tuitrain.runs.events import Heartbeat, LayersFrozen
from tuitrain.runs.log import CHUNK, EventLog, EventReader


def beats(*steps: int) -> list[Heartbeat]:
    return [Heartbeat(step=step) for step in steps]


def append(path, *events):
    log = EventLog(path)
    for event in events:
        log.append(event)
    log.close()


def read_all(reader):
    events = reader.read()
    while not reader.caught_up:
        events += reader.read()
    return events


@contextmanager
def disk_full_at(size):
    """As on a full disk, a write stores what still fits and the next one fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_reader_sees_each_event_once_as_it_comes(tmp_path):
    path = tmp_path / "events.jsonl"
    reader = EventReader(path)
    assert reader.read() == [] and reader.caught_up
    log = EventLog(path)
    log.append(Heartbeat(step=1))
    assert reader.read() == beats(1)
    log.append(Heartbeat(step=2))
    log.append(Heartbeat(step=3))
    assert reader.read() == beats(2, 3)
    assert reader.read() == [] and reader.offset == path.stat().st_size
    log.sync()
    log.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_torn_last_line_is_waited_for(tmp_path):
    path = tmp_path / "events.jsonl"
    line = encode(Heartbeat(step=2))
    append(path, Heartbeat(step=1))
    reader = EventReader(path)
    with open(path, "a") as file:
        file.write(line[:9])
        file.flush()
        assert reader.read() == beats(1) and reader.caught_up
        assert reader.read() == []
        file.write(line[9:] + "\n")
    assert reader.read() == beats(2) and reader.skipped == 0


def test_who_appends_after_a_crash_ends_the_torn_line(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"kind":"Heart')
    append(path, Heartbeat(step=1))
    append(path, Heartbeat(step=2))
    reader = EventReader(path)
    assert reader.read() == beats(1, 2) and reader.skipped == 1
    assert path.read_text().count("\n") == 3


def test_unreadable_lines_are_counted_and_unknown_kinds_are_not(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'\x00\x00\n\n{"kind":"Newer"}\nnonsense\n' + encode(Heartbeat(step=1)).encode() + b"\n")
    reader = EventReader(path)
    assert reader.read() == beats(1) and reader.skipped == 2


def test_a_full_disk_is_an_error_and_costs_only_what_was_written_then(tmp_path):
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log.append(Heartbeat(step=1))
    with disk_full_at(path.stat().st_size + 10):
        for step in (2, 3):
            with pytest.raises(OSError, match="large"):
                log.append(Heartbeat(step=step))
    log.append(Heartbeat(step=4))
    log.append(Heartbeat(step=5))
    log.close()
    reader = EventReader(path)
    assert reader.read() == beats(1, 4, 5) and reader.skipped == 1


def test_a_refused_write_of_nothing_leaves_no_empty_line(tmp_path):
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log.append(Heartbeat(step=1))
    with disk_full_at(path.stat().st_size), pytest.raises(OSError, match="large"):
        log.append(Heartbeat(step=2))
    log.append(Heartbeat(step=3))
    log.close()
    assert path.read_text().splitlines() == [encode(beat) for beat in beats(1, 3)]


def test_a_long_log_is_read_in_chunks(tmp_path):
    path = tmp_path / "events.jsonl"
    line = encode(Heartbeat(step=1)) + "\n"
    count = 3 * CHUNK // len(line)
    path.write_text(line * count)
    reader = EventReader(path)
    assert len(reader.read()) == CHUNK // len(line) and not reader.caught_up
    assert len(read_all(reader)) == count - CHUNK // len(line)


def test_a_line_longer_than_a_chunk_is_read_whole(tmp_path):
    path = tmp_path / "events.jsonl"
    long = LayersFrozen(step=1, layers=("x" * 1000,) * (3 * CHUNK // 1000))
    append(path, long, Heartbeat(step=1))
    assert read_all(EventReader(path)) == [long, *beats(1)]


def test_a_reader_begins_at_an_offset(tmp_path):
    path = tmp_path / "events.jsonl"
    append(path, *beats(1, 2))
    assert EventReader(path, path.stat().st_size // 2).read() == beats(2)


@given(st.lists(st.binary(max_size=20).filter(lambda data: b"\n" not in data)), st.data())
def test_offset_and_events_do_not_depend_on_when_it_was_read(tmp_path_factory, lines, data):
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    lines = [*lines, encode(Heartbeat(step=1)).encode()]
    content = b"".join(line + b"\n" for line in data.draw(st.permutations(lines)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)))))
    piecewise, at_once = EventReader(path), EventReader(path)
    events = []
    with open(path, "wb", buffering=0) as file:
        for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
            file.write(content[start:end])
            events += piecewise.read()
    assert events == at_once.read() == beats(1)
    assert (piecewise.offset, piecewise.skipped) == (at_once.offset, at_once.skipped)
