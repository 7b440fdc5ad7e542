"""The command line: exit codes, and which front end opens."""

import argparse
import contextlib
import gc
import os
import shutil
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tuitrain.arguments import parse
from tuitrain.errors import Refused, TuitrainError
from tuitrain.printable import exact, printable_output

if TYPE_CHECKING:
    from tuitrain.console import OutputFormat

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; every mistake a user can make is one sentence on stderr and exit status 2.

    Whatever is printed on the way, a traceback too, is made harmless to a terminal.
    """
    with printable_output():
        return _main(list(sys.argv[1:] if arguments is None else arguments))


def _main(words: list[str]) -> int:
    try:
        return _dispatch(words)
    except TuitrainError as error:
        print(f"tuitrain: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("tuitrain: interrupted before training began", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone, and the flush at exit must not complain of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        if not isinstance(error.filename, (str, bytes)):
            traceback.print_exc()
            return FAILED
        print(f"tuitrain: {os.fsdecode(error.filename)}: {error.strerror}", file=sys.stderr)
        return BAD_INPUT
    except Exception:  # a fault of ours: Python would print what it says of a user's text as it is
        traceback.print_exc()
        return FAILED


def _dispatch(words: list[str]) -> int:
    options = parse(words)
    action = {
        "dashboard": _dashboard,
        "run": _run,
        "check": _check,
        "attach": _attach,
        "presets": _presets,
        "show": _show,
        "runs": _runs,
        "stop": _stop,
        "resume": _resume,
    }[options.command]
    return action(options)


def _root(options: argparse.Namespace) -> Path:
    from tuitrain.runs.directory import runs_root

    return Path(os.path.expanduser(options.runs_dir)).absolute() if options.runs_dir else runs_root()


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused("the dashboard needs a terminal; without one, train with: tuitrain run PRESET")


@contextlib.contextmanager
def _quick_imports() -> Iterator[None]:
    """Without the search for garbage, of which imports leave none, and for plug-ins of pydantic: 0.1 s in all."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _dashboard(options: argparse.Namespace) -> int:
    _need_terminal()
    with _quick_imports():
        from tuitrain.experiment import presets
        from tuitrain.tui.app import TuitrainApp

    text = options.source or presets.DEFAULT
    experiment = presets.load(text, options.variant, options.set)
    app = TuitrainApp(experiment, _root(options), options.device, presets.find(text))
    app.run()
    return app.return_code or 0


def _attach(options: argparse.Namespace) -> int:
    _need_terminal()
    with _quick_imports():
        from tuitrain.experiment import presets, toml
        from tuitrain.experiment.document import to_experiment
        from tuitrain.runs.directory import resolve
        from tuitrain.tui.app import TuitrainApp

    root = _root(options)
    run = resolve(root, options.run)
    unreadable = ""
    try:
        experiment = to_experiment(toml.read(run.experiment), str(run.experiment))
    except Refused as error:  # written by a newer tuitrain, or damaged: the run itself can be shown all the same
        experiment, unreadable = presets.load(presets.DEFAULT), str(error)
    app = TuitrainApp(experiment, root, run=run, unreadable=unreadable)
    app.run()
    return app.return_code or 0


def _run(options: argparse.Namespace) -> int:
    from tuitrain.experiment import presets

    sets = [*options.set, *([f"epochs={options.epochs}"] if options.epochs is not None else [])]
    experiment = presets.load(options.source, options.variant, sets)
    from tuitrain.console import train

    return train(experiment, _root(options), options.device, _output(options))


def _check(options: argparse.Namespace) -> int:
    from tuitrain.check import Options, check

    chosen = Options(_root(options), options.device, options.seeds, options.epochs, options.jobs, options.json)
    return check(options.sources, chosen)


def _resume(options: argparse.Namespace) -> int:
    from tuitrain.console import resume
    from tuitrain.runs.directory import resolve

    return resume(resolve(_root(options), options.run), options.device, _output(options))


def _output(options: argparse.Namespace) -> "OutputFormat":
    from tuitrain.console import OutputFormat

    return OutputFormat.JSON if options.json else OutputFormat.PLAIN if options.plain else OutputFormat.AUTO


def _presets(options: argparse.Namespace) -> int:
    from tuitrain.experiment import presets

    names = presets.names()
    width = max(map(len, names))
    for name in names:
        source = presets.find(name)
        variants = f" (variants: {', '.join(source.variants)})" if source.variants else ""
        print(f"{name:<{width}}  {source.title}{variants}\n{'':<{width}}  {source.why}")
    return 0


def _show(options: argparse.Namespace) -> int:
    from tuitrain.experiment import presets, toml
    from tuitrain.model.plan import layer_table

    experiment = presets.load(options.source, options.variant, options.set)
    source = presets.find(options.source)
    text = source.text
    if options.variant or options.set:
        document = presets.changed(source, options.variant, options.set)
        kept = {key: value for key, value in document.items() if key not in presets.Guide.model_fields}
        text = toml.dumps(kept, source.text)
    print(text.rstrip(), file=exact(sys.stdout))
    print("\n".join(["", *layer_table(experiment.plan())]))
    return 0


def _runs(options: argparse.Namespace) -> int:
    from tuitrain.listing import MOST, run_table
    from tuitrain.runs.directory import list_runs

    root = _root(options)
    runs = list_runs(root)
    if not runs:
        print(f"{root} has no runs yet.")
        return 0
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print("\n".join(run_table(runs if options.all else runs[:MOST], width)))
    if len(runs) > MOST and not options.all:
        print(f"{len(runs) - MOST:,} older runs: tuitrain runs --all")
    return 0


def _stop(options: argparse.Namespace) -> int:
    from tuitrain.runs.directory import resolve
    from tuitrain.runs.stopping import stop

    stopped, sentence = stop(resolve(_root(options), options.run))
    print(sentence)
    return 0 if stopped else FAILED


if __name__ == "__main__":
    sys.exit(main())
