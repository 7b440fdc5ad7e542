"""Loading and saving an experiment: what can be loaded, the dialogs on the way, and what is done after them."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from textual.app import App

from tuitrain.errors import TuitrainError
from tuitrain.experiment import presets, toml
from tuitrain.experiment.experiment import Experiment
from tuitrain.experiment.presets import ExperimentFile
from tuitrain.files import read_at_most
from tuitrain.spec import parse, summary
from tuitrain.tui.dialogs import Choice, Picker
from tuitrain.tui.editor import Editor
from tuitrain.tui.questions import Answer, Notice, Prompt, Question, UserInterface

MOST_ENTRIES = 2000
"""So many entries of a directory are looked at."""
MOST_FILES = 50
MOST_BYTES = 50_000
"""Larger files, and more of them, are loaded by their paths."""


def preset_choices() -> Iterator[Choice]:
    """The lessons; one with variants is found by their names as well."""
    for name in presets.names():
        file = presets.find(name)
        count = len(file.variants)
        about = f"{file.why.partition('. ')[0].removesuffix('.')}." if file.why else ""
        label = f"{name}  {file.title}" + (f"  ({count} variant{'s'[: count != 1]})" if count else "")
        yield Choice(name, label, about, " ".join(file.variants), file.why)


def variant_choices(file: presets.ExperimentFile) -> list[Choice]:
    """The file as it stands, under an empty name, and its variants."""
    variants = [Choice(variant.name, variant.name, variant.title) for variant in file.guide.variants]
    return [Choice("", file.name, file.title), *variants]


def file_choices(directory: str, recent: Iterable[Path]) -> Iterator[Choice]:
    """The files that hold experiments: those that were loaded or saved lately, then those of a directory."""
    paths = dict.fromkeys([*recent, *_toml_files(directory)])
    for path in islice(paths, MOST_FILES):
        with suppress(OSError, UnicodeDecodeError, TuitrainError):
            document = toml.loads(read_at_most(path, MOST_BYTES).decode(), str(path))
            experiment = parse(Experiment, {"name": path.stem, **document})
            label = path.name if path.parent == Path(directory).absolute() else str(path)
            about = f"{experiment.name}: {experiment.data.type}, {summary(experiment.optimizer)}"
            yield Choice(str(path), label, about, " ".join(variant.name for variant in experiment.variants))


def explain_path(text: str) -> str:
    """What loading a text does that no choice has: a file, or nothing."""
    path = os.path.expanduser(text)
    if os.path.isfile(path):
        return f"enter loads the file {text}"
    if path.endswith(".toml") or os.sep in path:
        return f"there is no file {text}"
    return "nothing matches; type fewer letters, or the path of a .toml file"


def _toml_files(directory: str) -> list[Path]:
    """In the order of their names; none where the directory cannot be read, or is no more."""
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in islice(entries, MOST_ENTRIES) if entry.name.endswith(".toml")]
        return [Path(directory, name).absolute() for name in sorted(names)]
    except OSError:
        return []


async def choose(app: App[None], editor: Editor) -> tuple[Experiment, ExperimentFile] | None:
    """Ask for a preset or a file, and for one of its variants; None if none was chosen. Raises Refused."""
    choices = [*file_choices(os.curdir, editor.recent), *preset_choices()]
    text = await app.push_screen_wait(
        Picker("Load a preset or a file", choices, "search, or the path of a .toml file", otherwise=explain_path)
    )
    if text is None:
        return None
    name, _, variant = text.partition(":") if not os.path.exists(os.path.expanduser(text)) else (text, "", "")
    file = presets.find(name)
    if file.variants and not variant:
        chosen = await app.push_screen_wait(Picker(f"{file.name}: which one?", variant_choices(file)))
        if chosen is None:
            return None
        variant = chosen
    return presets.load(name, variant or None), file


async def save(front: UserInterface, editor: Editor) -> bool:
    """Ask for a path and write the experiment there; whether it was written."""
    text = "As a TOML file, for tuitrain FILE and tuitrain run FILE."
    proposed = editor.draft.origin.proposed_path(editor.draft.document)
    path = await front.ask(Prompt("Save the experiment", text, proposed, editor.check_path))
    if path is None:
        return False
    place = Path(os.path.expanduser(path.strip()))
    if os.path.exists(place):
        answers = (Answer("yes", "Overwrite", "o"), Answer("no", "Keep", "k"))
        if await front.ask(Question("It exists", f"{place} is there already.", answers)) != "yes":
            return False
    try:
        name, dropped = editor.save(place)
    except (OSError, ValueError, TuitrainError) as error:
        reason = f"{place}: {error.strerror}" if isinstance(error, OSError) else str(error)
        front.tell(Notice("Not saved", f"{reason}. Choose another place."))
        return False
    without = f", without the {' and the '.join(dropped)} of the preset" if dropped else ""
    front.notify(f"Saved as {place}, named {name}{without}", markup=False)
    return True


async def may_discard(front: UserInterface, editor: Editor, doing: str) -> bool:
    """Whether the edits may be thrown away by ``doing`` something; offers to save them before."""
    answers = (Answer("save", "Save", "s"), Answer("discard", "Discard", "d"), Answer("stay", "Cancel", "escape"))
    text = f"The edits of {editor.draft.experiment.name} are not saved. {doing} throws them away."
    answer = await front.ask(Question("Save the edits?", text, answers))
    return answer == "discard" or (answer == "save" and await save(front, editor))
