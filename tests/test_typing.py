"""Typed at once into the real program, from before its first paint on."""

import os
import random
import signal

import pytest

from tuitrain.experiment import presets

from .terminal import Terminal

DOWN = "\x1b[B"
EDITS = f"{DOWN * 3}adens\r300\radrop\r0.25\rd\r77\r2{DOWN}\r17\r1"


@pytest.mark.parametrize("halts", [0, 20])
def test_every_key_goes_where_it_was_meant(tuitrain, halts):
    """With ``halts`` the program is stopped and let go on again at random meanwhile, as on a busy machine."""
    path = tuitrain.home / "mine.toml"
    with Terminal([*tuitrain.command, "digits-mlp"], tuitrain.environment) as terminal:
        terminal.press(EDITS)
        source = random.Random(halts)
        for _ in range(halts):
            os.kill(terminal.process.pid, signal.SIGSTOP)
            terminal.read(source.uniform(0, 0.2))
            os.kill(terminal.process.pid, signal.SIGCONT)
            terminal.read(source.uniform(0, 0.2))
        terminal.sees("17 epochs")
        terminal.press("\x13" + "\x15" + f"{path}\r")
        terminal.until(path.exists, "the file")
    saved = presets.load(str(path))
    assert [getattr(layer, "units", layer.type) for layer in saved.model.layers] == ["flatten", 64, 300, 77]
    assert saved.epochs == 17
