"""The command line: arguments, exit codes, and which front end opens."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tuitrain.errors import Refused, TuitrainError
from tuitrain.printable import exact, printable_output

if TYPE_CHECKING:
    from tuitrain.console import Output

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
COMMANDS = ("run", "check", "attach", "presets", "show", "runs", "stop", "resume")

EPILOG = """\
A RUN is a path, a name, or the unique beginning of one. Exit status: 0 finished, 1 failed or diverged,
2 bad input, 130 interrupted, 143 terminated."""


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
    """A first word that is no command is the PRESET or FILE of the dashboard."""
    first = words[0] if words else ""
    if first in COMMANDS or first in ("-h", "--help", "--version"):
        options = _parser().parse_args(words)
    else:
        options = _dashboard_parser().parse_args(words)
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


class _Parser(argparse.ArgumentParser):
    """Its help has no colours, which Python 3.14 gives it: `printable_output` would show them as escapes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.color = False


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tuitrain",
        usage="tuitrain [PRESET|FILE] [--set path=value]...\n       tuitrain COMMAND ...",
        description="Build, train and watch neural networks in the terminal. Without a command the dashboard opens.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and leave")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, prog="tuitrain")

    run = commands.add_parser("run", help="train without the dashboard", epilog=EPILOG)
    run.add_argument("source", metavar="PRESET|FILE")
    _add_experiment_options(run)
    run.add_argument("--epochs", type=int, metavar="N", help="short for --set epochs=N")
    _add_output_options(run)

    resume = commands.add_parser("resume", help="go on with a run from its last checkpoint, without the dashboard")
    resume.add_argument("run", metavar="RUN")
    _add_device(resume)
    resume.set_defaults(device=None)
    _add_runs_dir(resume)
    _add_output_options(resume)

    check = commands.add_parser(
        "check",
        help="train what the expectations of presets name, and say which hold",
        epilog="Exit status: 0 all hold, 1 one does not or a run failed, 2 bad input.",
    )
    check.add_argument("sources", metavar="PRESET|FILE", nargs="+")
    check.add_argument("--epochs", type=int, metavar="N", help="instead of those of every preset and variant")
    check.add_argument("--seeds", type=_seeds, default=(), metavar="N,N...", help="instead of those of the presets")
    check.add_argument("--jobs", type=_jobs, default=1, metavar="N", help="runs at once")
    check.add_argument("--json", action="store_true", help="one JSON object per expectation and seed")
    _add_device(check)
    _add_runs_dir(check)

    attach = commands.add_parser("attach", help="open the dashboard on a run, live or over")
    attach.add_argument("run", metavar="RUN", nargs="?", help="the latest if none is named")
    _add_runs_dir(attach)
    commands.add_parser("presets", help="list the presets")
    show = commands.add_parser("show", help="print a preset or file with its layers")
    show.add_argument("source", metavar="PRESET|FILE")
    _add_changes(show)
    runs = commands.add_parser("runs", help="list the newest runs")
    runs.add_argument("--all", action="store_true", help="the older ones too")
    _add_runs_dir(runs)
    stop = commands.add_parser("stop", help="stop a run, with a checkpoint")
    stop.add_argument("run", metavar="RUN")
    _add_runs_dir(stop)
    return parser


def _dashboard_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="tuitrain", epilog=EPILOG)
    parser.set_defaults(command="dashboard")
    parser.add_argument("source", metavar="PRESET|FILE", nargs="?")
    _add_experiment_options(parser)
    return parser


def _add_experiment_options(parser: argparse.ArgumentParser) -> None:
    _add_changes(parser)
    _add_device(parser)
    _add_runs_dir(parser)


def _add_changes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="as in optimizer.lr=0.01")
    parser.add_argument("--variant", metavar="NAME", help="a variant of the preset")


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps")


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="one JSON object per line; the last is the summary")
    output.add_argument("--plain", action="store_true", help="one line per epoch, no progress bar")


def _add_runs_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs-dir", metavar="DIR", help="where the runs are, instead of $TUITRAIN_RUNS")


def _seeds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be whole numbers with commas between them, got {text!r}") from None


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return int(text)


class _ShowVersion(argparse.Action):
    """Looks the version up only when it is asked for: that takes longer than all other parsing."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"tuitrain {version('tuitrain')}")
        except PackageNotFoundError:
            print("tuitrain, from a checkout that is not installed")
        parser.exit()


def _root(options: argparse.Namespace) -> Path:
    from tuitrain.runs.directory import runs_root

    return Path(os.path.expanduser(options.runs_dir)).absolute() if options.runs_dir else runs_root()


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused("the dashboard needs a terminal; without one, train with: tuitrain run PRESET")


def _dashboard(options: argparse.Namespace) -> int:
    _need_terminal()
    from tuitrain.experiment import presets

    text = options.source or presets.DEFAULT
    experiment = presets.load(text, options.variant, options.set)
    from tuitrain.tui.app import TuitrainApp

    app = TuitrainApp(experiment, _root(options), options.device, presets.find(text))
    app.run()
    return app.return_code or 0


def _attach(options: argparse.Namespace) -> int:
    _need_terminal()
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


def _output(options: argparse.Namespace) -> Output:
    from tuitrain.console import Output

    return Output.JSON if options.json else Output.PLAIN if options.plain else Output.AUTO


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
    from tuitrain.layer_table import layer_table

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
