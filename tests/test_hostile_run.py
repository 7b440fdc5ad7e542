"""A run directory that somebody else has written, looked at on a real terminal."""

import re
from pathlib import Path

from tuitrain.experiment import presets, toml
from tuitrain.experiment.document import to_document
from tuitrain.runs.directory import create
from tuitrain.runs.events import LayerInfo, LogEmitted, RunFinished, RunStarted, UnitsObserved
from tuitrain.runs.log import EventLog

from .observed import layers_observed
from .terminal import Terminal

SEQUENCES = ("\x1b]0;PWNED\x07", "\x1b[2JPWNED", "\x9b31mPWNED", "\rPWNED", "\u202ePWNED", "\x1b]52;c;PWNED\x1b\\")
HOSTILE = " ".join(SEQUENCES)


def hostile_run(root: Path):
    document = to_document(presets.load("digits-mlp").completed(), complete=True)
    document["lesson"] = {"title": f"title {HOSTILE}", "why": f"why {HOSTILE} [link](http://a{HOSTILE})"}
    run = create(root, "digits-mlp", toml.dumps(document), {"device": "cpu"})
    target = run.path.with_name("20261121-101112-\x1b]0;PWNED\x07\x1b[2JPWNED")
    run.path.rename(target)
    layers = tuple(
        LayerInfo(name=name, type="dense", output_shape=(3,), parameters=9, trainable=True)
        for name in (f"layer {HOSTILE}", "\x1b[2JPWNED", "output")
    )
    log = EventLog(target / "events.jsonl")
    log.append(
        RunStarted(
            device=f"cuda {HOSTILE}"[:60],
            threads=1,
            epochs=2,
            steps_per_epoch=100,
            total_steps=200,
            parameters=9,
            layers=layers,
        )
    )
    log.append(layers_observed(1, 0.01, (0.25,) * 3))
    log.append(UnitsObserved(step=1, epoch=0.01, layer="\x1b[2JPWNED", units=3, bias_gradient=(0.1, 0.2, 0.3)))
    log.append(LogEmitted(level="warning", text=f"said {HOSTILE}"))
    log.append(RunFinished(status="failed", step=1, reason=f"reason {HOSTILE}", traceback=f"traceback {HOSTILE}"))
    log.close()
    return target


def test_no_text_of_a_run_steers_the_terminal(tuitrain):
    run = hostile_run(tuitrain.runs)
    with Terminal([*tuitrain.command, "attach", str(run)], tuitrain.environment, 160, 50) as terminal:
        terminal.sees("failed", r"reason \x1b]0;PWNED\x07", r"said \x1b]0;PWNED\x07")
        terminal.sees("Training failed", r"traceback \x1b]0;PWNED")
        terminal.press("enter")
        terminal.gone("Training failed")
        terminal.press("6")
        terminal.sees("Layers/units")
        terminal.press("u")
        terminal.sees(r"\x1b[2JPWNED  ‖∂C/∂b‖ 2.5e-01")
        terminal.press("?")
        terminal.sees("Gradients per layer")
        terminal.press(*["\x1b[6~"] * 9)
        terminal.sees("The lesson")
        terminal.press("enter")
        terminal.gone("The lesson")
        terminal.press("2")
        terminal.sees("d Delete")
        terminal.press("enter")
        terminal.sees("ctrl+s accepts")
        terminal.press("esc")
        terminal.gone("ctrl+s accepts")
        terminal.press("q")
        assert terminal.ends() == 0
    for sequence in SEQUENCES:
        control = sequence[: sequence.index("PWNED") + 5].encode()
        assert control not in terminal.written, sequence
    assert not re.search(rb"\x1b\](?!22;)|\xc2[\x80-\x9f]", terminal.written)  # OSC 22 is Textual's shape of the mouse
