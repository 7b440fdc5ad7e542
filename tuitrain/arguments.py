"""The arguments of the command line: commands, options and their help."""

import argparse
from typing import Any, NoReturn

COMMANDS = ("run", "check", "attach", "presets", "show", "runs", "stop", "resume")

EPILOG = """\
A RUN is a path, a name, or the unique beginning of one. Exit status: 0 finished, 1 failed or diverged,
2 bad input, 130 interrupted, 143 terminated."""


def parse(words: list[str]) -> argparse.Namespace:
    """The options of a command line; a first word that is no command is the PRESET or FILE of the dashboard."""
    first = words[0] if words else ""
    if first in COMMANDS or first in ("-h", "--help", "--version"):
        return _parser().parse_args(words)
    return _dashboard_parser().parse_args(words)


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
