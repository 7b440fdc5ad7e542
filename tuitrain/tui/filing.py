"""Loading and saving an experiment: the dialogs on the way, and what is done after them."""

from __future__ import annotations

import os
from pathlib import Path

from textual.app import App

from tuitrain.errors import TuitrainError
from tuitrain.experiment import presets
from tuitrain.experiment.experiment import Experiment
from tuitrain.experiment.presets import ExperimentFile
from tuitrain.tui.dialogs import Picker
from tuitrain.tui.editor import Editor
from tuitrain.tui.loadable import explain_path, file_choices, preset_choices, variant_choices
from tuitrain.tui.questions import Answer, Front, Notice, Prompt, Question


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


async def save(front: Front, editor: Editor) -> bool:
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


async def may_discard(front: Front, editor: Editor, doing: str) -> bool:
    """Whether the edits may be thrown away by ``doing`` something; offers to save them before."""
    answers = (Answer("save", "Save", "s"), Answer("discard", "Discard", "d"), Answer("stay", "Cancel", "escape"))
    text = f"The edits of {editor.draft.experiment.name} are not saved. {doing} throws them away."
    answer = await front.ask(Question("Save the edits?", text, answers))
    return answer == "discard" or (answer == "save" and await save(front, editor))
