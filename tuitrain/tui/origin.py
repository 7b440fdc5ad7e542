"""Origin: where the experiment on the screen comes from, and so what its runs and its file are called."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuitrain.experiment import presets, toml
from tuitrain.experiment.document import Document
from tuitrain.experiment.experiment import Training

EDITED = "-edited"
_NAME = Training.model_fields["name"]
MOST_LETTERS = next(mark.max_length for mark in _NAME.metadata if hasattr(mark, "max_length"))


@dataclass(frozen=True)
class Origin:
    """``document`` is the experiment as it was last loaded or saved, ``file`` its file: None for that of a run."""

    document: Document
    file: presets.ExperimentFile | None = None

    def is_edited(self, document: Document) -> bool:
        return document != self.document

    def run_name(self, document: Document) -> str:
        """What a run of the experiment is called: one of an edited experiment not as one of the original is."""
        name = _name(document)
        if not self.is_edited(document) or self._is_renamed(document) or name.endswith(EDITED):
            return name
        return f"{name[: MOST_LETTERS - len(EDITED)]}{EDITED}"

    def proposed_path(self, document: Document) -> str:
        """The user's own file; of another name than the preset, variant or run for what comes from one."""
        name = _name(document)
        if self.file and self._is_own and self.file.name == name:
            return str(self.file.path)
        return f"{name}.toml" if self._is_renamed(document) else f"my-{name}.toml"

    def saved(self, document: Document, path: Path) -> Document:
        """What is written to ``path``: under its name unless the user chose another, and without a preset's lesson."""
        name = path.stem[:MOST_LETTERS] if self._follows_its_file(document) else _name(document)
        return {**{key: value for key, value in document.items() if key not in self.dropped(document)}, "name": name}

    def dropped(self, document: Document) -> tuple[str, ...]:
        """The keys that a saved file goes without: what a preset promises does not hold for an experiment like it."""
        return () if self._is_own else tuple(key for key in presets.Guide.model_fields if key in document)

    def text(self, document: Document) -> str:
        """A saved document as TOML, with the comments of the file that it comes from, but not a preset's first ones."""
        original = self.file.text if self.file else ""
        return toml.dumps(document, original if self._is_own else _without_heading(original))

    @property
    def _is_own(self) -> bool:
        return self.file is not None and not self.file.is_preset

    def _is_renamed(self, document: Document) -> bool:
        return _name(document) != _name(self.document)

    def _follows_its_file(self, document: Document) -> bool:
        is_named_after_it = self.file is None or self.file.is_preset or self.file.path.stem == _name(document)
        return is_named_after_it and not self._is_renamed(document)


def _name(document: Document) -> str:
    name: Any = document.get("name", _NAME.default)
    return str(name)


def _without_heading(text: str) -> str:
    lines = text.splitlines(keepends=True)
    first = next((index for index, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    return "".join(lines[first:])
