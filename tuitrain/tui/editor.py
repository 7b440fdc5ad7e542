"""Editor: the experiment on the screen and its edits. It knows nothing of widgets."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tuitrain.errors import Refused
from tuitrain.experiment import presets
from tuitrain.experiment.document import Document, to_document
from tuitrain.experiment.experiment import Experiment
from tuitrain.experiment.presets import ExperimentFile
from tuitrain.experiment.problems import Examination, examine
from tuitrain.runs.files import write_text
from tuitrain.spec import Invalid, Problem, parse
from tuitrain.spec import Path as SpecPath
from tuitrain.tui.origin import Origin

_NAMES = {"output": "output layer", "layers": "layer", "callbacks": "callback"}


@dataclass(frozen=True, eq=False)
class Draft:
    """An experiment as it was edited so far; what follows from it is worked out once, when somebody asks for it.

    No two drafts are equal: equal specs may differ in what was set, and so in what the defaults of the model apply to.
    """

    experiment: Experiment
    origin: Origin

    @cached_property
    def document(self) -> Document:
        return to_document(self.experiment)

    @cached_property
    def examination(self) -> Examination:
        return examine(self.experiment)

    @property
    def problems(self) -> list[str]:
        """Why it cannot be trained: a sentence for each reason, with its place."""
        return [explain(problem, self.document) for problem in self.examination.problems]

    @cached_property
    def is_edited(self) -> bool:
        """Whether it differs from what was last loaded or saved."""
        return self.origin.is_edited(self.document)

    @property
    def title(self) -> str:
        return f"{self.experiment.name}, edited" if self.is_edited else self.experiment.name

    @cached_property
    def to_run(self) -> tuple[Experiment, Document]:
        """The experiment and its document, under the name that its runs have."""
        name = self.origin.run_name(self.document)
        if name == self.experiment.name:
            return self.experiment, self.document
        experiment = self.experiment.model_copy(update={"name": name})
        return experiment, to_document(experiment)

    def differs_from(self, run: Experiment | None) -> bool:
        """Whether it trains something else than a run, whose directory keeps what it trains; so it does without one."""
        return run is None or not self.experiment.model_copy(update={"name": run.name}).trains_as(run)


class Editor:
    """Holds the draft. Every edit goes through `apply` and makes a new one; a draft never changes."""

    def __init__(self, experiment: Experiment, file: ExperimentFile | None = None) -> None:
        self.recent: list[Path] = []
        """The files that were loaded or saved, the latest first."""
        self.draft: Draft
        self.load(experiment, file)

    def apply(self, document: Document) -> None:
        """Take over an edited document; one with an impossible layer too, for that is a problem of the draft.

        Raises:
            Refused: if it describes no experiment; then the draft stays.
        """
        try:
            self.draft = replace(self.draft, experiment=parse(Experiment, document))
        except Invalid as error:
            raise Refused("\n".join(explain(problem, document) for problem in error.problems)) from None

    def examine_anew(self) -> None:
        """Forget what was found out about the draft: files of the data may have come or changed."""
        self.draft = replace(self.draft)

    def load(self, experiment: Experiment, file: ExperimentFile | None) -> None:
        """Begin with another experiment: that of ``file``, or that of a run."""
        self.draft = Draft(experiment, Origin(to_document(experiment), file))
        if file and not file.is_preset:
            path = file.path.expanduser().absolute()
            self.recent = [path, *(one for one in self.recent if one != path)]

    def save(self, place: Path) -> tuple[str, tuple[str, ...]]:
        """Write the draft; gives the name it has there, and which of a preset's keys the file goes without.

        Raises:
            OSError, ValueError, Refused: if it cannot be written there.
        """
        origin, before = self.draft.origin, self.draft.document
        document = origin.saved(before, place)
        write_text(place, origin.text(document))
        self.load(parse(Experiment, document), presets.find(str(place)))
        return str(document["name"]), origin.dropped(before)

    def check_path(self, text: str) -> str:
        """What is wrong with a path to save at; the empty text if nothing is."""
        if not text.strip():
            return "needs a path"
        name = self.draft.origin.saved(self.draft.document, Path(text.strip())).get("name")
        return f"{name} is the name of a preset: choose another" if name in presets.names() else ""


def explain(problem: Problem, document: Document) -> str:
    """A problem of ``document`` with its place, as the rows have it: ``layer 3 (dense), units: must be at least 1``."""
    place = ", ".join(_words(problem.path, document))
    return f"{place}: {problem.message}" if place else problem.message


def _words(path: SpecPath, document: Any) -> Iterator[str]:
    """One for each row or field on the way; rows count from 1."""
    for depth, part in enumerate(path, 1):
        document = _child(document, part)
        if isinstance(part, int):
            kind = document if isinstance(document, str) else _child(document, "type")
            yield f"{_name(path[depth - 2])} {part + 1}" + (f" ({kind})" if isinstance(kind, str) else "")
        elif part != "model" and not (depth < len(path) and isinstance(path[depth], int)):
            yield _name(part) if part == "output" else part.replace("_", " ")


def _name(part: str | int) -> str:
    return _NAMES.get(str(part), str(part).replace("_", " "))


def _child(document: Any, part: str | int) -> Any:
    try:
        return document[part]
    except (KeyError, IndexError, TypeError):
        return None
