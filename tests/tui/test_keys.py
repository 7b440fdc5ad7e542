"""Keys go where they were meant, however fast they come."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.events import Key, MouseMove, Paste
from textual.keys import _character_to_key

from tuitrain.experiment import presets
from tuitrain.experiment.document import to_document
from tuitrain.tui.app import TuitrainApp
from tuitrain.tui.keys import InputQueue

ADD_DENSE = ["a", *"dens", "enter", *"300", "enter"]
ADD_DROPOUT = ["a", *"drop", "enter", *"0.25", "enter"]
PHRASES = [
    ADD_DENSE,
    ADD_DROPOUT,
    ["a", *"flat", "escape"],
    ["d"],
    ["left_square_bracket"],
    ["right_square_bracket"],
    ["down"],
    ["down", "down"],
    ["enter", *"77", "enter"],
    ["enter", *"8", "escape"],
    ["2", "home", "down", "enter", *"17", "enter", "1"],
    ["2", "home", "down", "down", "down", "enter", "enter", "end", "enter", "f2", "1"],
    ["2", "a", *"early", "enter", "f2", "1"],
]
"""What a user types without looking: each begins and ends on the dashboard."""


async def typed(keys, root, *, at_once):
    """The experiment that the keys make of the preset, and the kind of screen that they end on."""
    app = TuitrainApp(presets.load("digits-mlp"), root, file=presets.find("digits-mlp"))
    async with app.run_test(size=(120, 40)):
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
            app.post_message(Key(name, key if len(key) == 1 else None))
            if not at_once:
                await app.input.settled()
                await asyncio.sleep(0.05)  # a user who looks: whatever waits for a redraw has been drawn
        await app.input.settled()
        return to_document(app._dashboard.editor.draft.experiment), type(app.screen).__name__


def units(document):
    return [layer.get("units", layer.get("rate")) for layer in document["model"]["layers"] if layer != "flatten"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["down"] * 3 + ADD_DENSE, [None, 64, 300, 32]),
        (["down"] * 3 + ADD_DENSE + ADD_DROPOUT, [None, 64, 300, 0.25, 32]),
        (["down"] * 3 + ["a", "escape", "d"] + ["enter", *"77", "enter"], [None, 77]),
    ],
)
def test_what_is_typed_at_once_goes_into_the_dialogs_that_it_opens(tmp_path, keys, expected):
    document, screen = asyncio.run(typed(keys, tmp_path, at_once=True))
    assert (units(document), screen) == (expected, "Dashboard")


@pytest.mark.long
@settings(max_examples=30)
@given(phrases=st.lists(st.sampled_from(PHRASES), min_size=1, max_size=4))
def test_typing_at_once_makes_what_typing_slowly_makes(tmp_path_factory, phrases):
    keys = [key for phrase in phrases for key in phrase]
    root = tmp_path_factory.mktemp("runs")
    assert asyncio.run(typed(keys, root, at_once=True)) == asyncio.run(typed(keys, root, at_once=False))


class Pump:
    """Stands for the app: takes an event from its queue some turns of the loop later, and works on it for some."""

    def __init__(self, work):
        self.input = InputQueue(self.deliver)
        self.work = work
        self.begun, self.ended, self.tasks = [], [], []

    def deliver(self, event):
        self.tasks.append(asyncio.ensure_future(self.handle(event)))
        return True

    async def handle(self, event):
        if self.input.holds(event):
            return
        assert self.begun == self.ended, "the work of the one before is not done"
        self.begun.append(event)
        self.input.handled(event)
        for _ in range(self.work(event)):
            await asyncio.sleep(0)
        self.ended.append(event)


@given(turns=st.lists(st.integers(0, 20), min_size=1, max_size=10))
def test_each_event_waits_for_all_that_the_one_before_set_off(turns):
    async def scenario():
        events = [Paste(str(index)) if index % 3 else Key("a", "a") for index in range(len(turns))]
        pump = Pump(lambda event: turns[events.index(event)])
        for event in events:
            assert pump.input.holds(event)
        await asyncio.sleep(0)
        assert pump.begun == []  # nothing before it is open
        pump.input.open()
        await pump.input.settled()
        return events, pump.ended

    events, ended = asyncio.run(scenario())
    assert ended == events


def move(x):
    return MouseMove(None, x, 0, 0, 0, 0, False, False, False)


def test_mouse_moves_that_wait_are_one():
    async def scenario():
        pump = Pump(lambda event: 0)
        events = [move(1), move(2), Key("a", "a"), move(3)]
        assert all(map(pump.input.holds, events))
        pump.input.open()
        await pump.input.settled()
        return pump.ended == events[1:]

    assert asyncio.run(scenario())


def test_an_app_that_takes_no_more_events_holds_nothing_up():
    async def scenario():
        queue = InputQueue(lambda event: False)
        queue.holds(Key("a", "a"))
        queue.open()
        await asyncio.wait_for(queue.settled(), 10)

    asyncio.run(scenario())


def test_a_loop_that_is_never_quiet_holds_no_key_for_ever():
    async def scenario():
        async def draw():
            while True:
                await asyncio.sleep(0)

        pump = Pump(lambda event: 3)
        drawing = asyncio.ensure_future(draw())
        keys = [Key("a", "a"), Key("b", "b")]
        for key in keys:
            pump.input.holds(key)
        pump.input.open()
        await asyncio.wait_for(pump.input.settled(), 60)
        drawing.cancel()
        return pump.ended == keys

    assert asyncio.run(scenario())
