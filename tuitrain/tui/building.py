"""Building: the half of the dashboard that edits the experiment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen

from tuitrain.errors import TuitrainError
from tuitrain.experiment import presets
from tuitrain.experiment.document import Document, to_document, with_value
from tuitrain.experiment.experiment import Experiment, Training
from tuitrain.model.base import Layer
from tuitrain.model.structure import Defaults, Nested
from tuitrain.runs.files import write_text
from tuitrain.spec import Invalid, Spec, annotation_at, members, parse
from tuitrain.spec import Path as SpecPath
from tuitrain.tui import editing
from tuitrain.tui.choices import Choice
from tuitrain.tui.dialogs import Answer, Notice, Picker, Prompt, Question
from tuitrain.tui.extras import additions
from tuitrain.tui.formdialog import FormDialog
from tuitrain.tui.forms import about, form_fields, fragment_of, problems_at
from tuitrain.tui.messages import (
    EditRequested,
    ExtraAddRequested,
    ExtraDeleteRequested,
    LayerAddRequested,
    LayerDeleteRequested,
    LayerMoveRequested,
)
from tuitrain.tui.origin import Origin
from tuitrain.tui.panes.model import ModelPane
from tuitrain.tui.panes.settings import SettingsPane
from tuitrain.tui.places import explain
from tuitrain.tui.sources import explain_path, file_choices, preset_choices, variant_choices

TITLES: dict[SpecPath, str] = {
    ("model", "output"): "output layer",
    ("model", "defaults"): "defaults of the layers",
    (): "training",
}


class Building(Screen[None]):
    """Holds ``experiment``; every edit makes a new one from the changed document."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f3,p", "pick_preset", "Presets", key_display="F3", tooltip="Load a preset or a file"),
        Binding("ctrl+s", "save", "Save", show=False, tooltip="Save the experiment as a file"),
    ]

    # always_update: equal specs may differ in what was set, and so in what the defaults of the model apply to.
    experiment: reactive[Experiment | None] = reactive(None, repaint=False, always_update=True)
    experiment_title: reactive[str] = reactive("", repaint=False)
    """The name of the experiment, and whether it was edited."""

    def __init__(self, experiment: Experiment, source: presets.Source | None = None) -> None:
        super().__init__()
        self._origin = Origin(to_document(experiment), source)
        self._recent: dict[Path, None] = {}
        """The files that were loaded or saved, the latest last."""
        self._remember(source)
        self.set_reactive(Building.experiment, experiment)
        self.set_reactive(Building.experiment_title, experiment.name)

    @property
    def document(self) -> Document:
        assert self.experiment is not None
        return to_document(self.experiment)

    @property
    def unsaved(self) -> bool:
        """Whether the experiment differs from what was last loaded or saved."""
        return self._origin.is_edited(self.document)

    @property
    def has_edits_to_lose(self) -> bool:
        """Whether there is something that is nowhere but here."""
        return self.unsaved

    async def may_discard(self, doing: str) -> bool:
        """Whether the experiment may be thrown away by ``doing`` something: asks if it has edits to lose."""
        if not self.has_edits_to_lose or self.experiment is None:
            return True
        answers = [Answer("save", "Save", "s"), Answer("discard", "Discard", "d"), Answer("stay", "Cancel", "escape")]
        text = f"The edits of {self.experiment.name} are not saved. {doing} throws them away."
        answer = await self.app.push_screen_wait(Question("Save the edits?", text, answers))
        return answer == "discard" or (answer == "save" and await self.save_experiment())

    def experiment_to_run(self) -> tuple[Experiment, Document]:
        """The experiment and its document, under the name that its runs have."""
        assert self.experiment is not None
        experiment = self.experiment.model_copy(update={"name": self._origin.run_name(self.document)})
        return experiment, to_document(experiment)

    def _watch_experiment(self, experiment: Experiment | None) -> None:
        if experiment is not None:
            self.experiment_title = f"{experiment.name}, edited" if self.unsaved else experiment.name

    def change(self, document: Document) -> bool:
        """Take over an edited document; one with an impossible layer too, which its row explains."""
        try:
            self.experiment = parse(Experiment, document)
        except Invalid as error:
            text = "\n".join(explain(problem, document) for problem in error.problems)
            self.app.push_screen(Notice("That does not work", text))
            return False
        return True

    @on(EditRequested)
    @work
    async def _edit(self, event: EditRequested) -> None:
        assert self.experiment is not None
        path = event.path
        if path == ():
            fragment = {key: value for key, value in self.document.items() if key in Training.model_fields}
            kept = {key: value for key, value in self.document.items() if key not in Training.model_fields}
            edited = await self._filled_in(TITLES[path], {"": Training}, fragment, path, lambda one: {**kept, **one})
        else:
            spec = _spec_at(self.experiment, path)
            is_layer = path[:2] == ("model", "layers")
            family = {spec.type: type(spec)} if is_layer else _family_at(self.document, path, spec)
            title = f"{spec.type} layer" if is_layer else TITLES.get(path, str(path[0]))
            replaced = partial(with_value, self.document, path)
            edited = await self._filled_in(title, family, fragment_of(spec), path, replaced)
        if edited is not None:
            self.change(edited)

    async def _filled_in(
        self,
        title: str,
        family: Mapping[str, type[Spec]],
        fragment: Document,
        path: SpecPath,
        placed: editing.Placing,
    ) -> Document | None:
        """Ask for the values of a fragment: the document that has it ``placed``, or None."""
        assert self.experiment is not None
        inherited = _inherited(self.experiment.model.defaults, path)
        # The problems of data are found by reading its files: not at every letter of a path.
        find = None if path[:1] == ("data",) else lambda one: problems_at(path, placed(one))
        edited = await self.app.push_screen_wait(FormDialog(title, family, fragment, inherited, find))
        return None if edited is None else placed(edited)

    @on(LayerAddRequested)
    @work
    async def _add_layer(self, event: LayerAddRequested) -> None:
        kinds = members(Layer)
        choices = [Choice(name, name, about(kind)) for name, kind in kinds.items()]
        name = await self.app.push_screen_wait(Picker("Add a layer", choices))
        if name is None:
            return
        kind = kinds[name]
        layer: Document = {"type": name}
        if issubclass(kind, Nested):
            layer["layers"] = [{"type": "dense"}]
        added = partial(editing.layer_added, self.document, event.path)
        edited: Document | None = added(layer)
        if next(form_fields(kind, layer), None):
            edited = await self._filled_in(f"{name} layer", {name: kind}, layer, event.path, added)
        if edited is not None and self.change(edited):
            self.query_one(ModelPane).highlight(event.path)

    @on(LayerDeleteRequested)
    def _delete_layer(self, event: LayerDeleteRequested) -> None:
        self.change(editing.layer_deleted(self.document, event.path))

    @on(LayerMoveRequested)
    def _move_layer(self, event: LayerMoveRequested) -> None:
        document, path = editing.layer_moved(self.document, event.path, event.by)
        self.change(document)
        self.query_one(ModelPane).highlight(path)

    @on(ExtraAddRequested)
    @work
    async def _add_extra(self) -> None:
        assert self.experiment is not None
        found = {one.label: one for one in additions(self.experiment)}
        choices = [Choice(label, label, about(one.spec)) for label, one in found.items()]
        label = await self.app.push_screen_wait(Picker("Add", choices))
        if label is None:
            return
        extra = found[label]
        added = partial(editing.extra_added, self.document, extra.path)
        edited: Document | None = added(extra.fragment)
        if next(form_fields(extra.spec, extra.fragment), None):
            edited = await self._filled_in(label, {"": extra.spec}, extra.fragment, extra.path, added)
        if edited is not None and self.change(edited):
            self.query_one(SettingsPane).highlight(extra.path)

    @on(ExtraDeleteRequested)
    def _delete_extra(self, event: ExtraDeleteRequested) -> None:
        self.change(editing.extra_deleted(self.document, event.path))

    @work
    async def action_pick_preset(self) -> None:
        files = file_choices(os.curdir, reversed(self._recent))
        picker = Picker(
            "Load a preset or a file",
            [*files, *preset_choices()],
            "search, or the path of a .toml file",
            otherwise=explain_path,
        )
        text = await self.app.push_screen_wait(picker)
        if text is None:
            return
        name, _, variant = text.partition(":") if not os.path.exists(os.path.expanduser(text)) else (text, "", "")
        try:
            source = presets.find(name)
            if source.variants and not variant:
                chosen = await self.app.push_screen_wait(Picker(f"{source.name}: which one?", variant_choices(source)))
                if chosen is None:
                    return
                variant = chosen
            experiment = presets.load(name, variant or None)
            if await self.may_discard(f"Loading {experiment.name}"):
                self._load(experiment, source)
        except TuitrainError as error:
            self.app.push_screen(Notice("Not loaded", str(error)))

    def _load(self, experiment: Experiment, source: presets.Source) -> None:
        self._origin = Origin(to_document(experiment), source)
        self._remember(source)
        self.experiment = experiment

    def _remember(self, source: presets.Source | None) -> None:
        if source and not source.is_preset:
            path = source.path.expanduser().absolute()
            self._recent.pop(path, None)
            self._recent[path] = None

    @work
    async def action_save(self) -> None:
        await self.save_experiment()

    async def save_experiment(self) -> bool:
        """Ask for a path and write the experiment there; whether it was written."""
        text = "As a TOML file, for tuitrain FILE and tuitrain run FILE."
        proposed = self._origin.proposed_path(self.document)
        path = await self.app.push_screen_wait(Prompt("Save the experiment", text, proposed, self._check_path))
        if path is None:
            return False
        place = Path(os.path.expanduser(path.strip()))
        if os.path.exists(place):
            answers = [Answer("yes", "Overwrite", "o"), Answer("no", "Keep", "k")]
            if await self.app.push_screen_wait(Question("It exists", f"{place} is there already.", answers)) != "yes":
                return False
        document, dropped = self._origin.saved(self.document, place), self._origin.dropped(self.document)
        try:
            write_text(place, self._origin.text(document))
            source = presets.find(str(place))
        except (OSError, ValueError, TuitrainError) as error:
            reason = f"{place}: {error.strerror}" if isinstance(error, OSError) else str(error)
            self.app.push_screen(Notice("Not saved", f"{reason}. Choose another place."))
            return False
        self._load(parse(Experiment, document), source)
        without = f", without the {' and the '.join(dropped)} of the preset" if dropped else ""
        self.notify(f"Saved as {place}, named {document['name']}{without}", markup=False)
        return True

    def _check_path(self, text: str) -> str:
        """What is wrong with a path to save at; the empty text if nothing is."""
        if not text.strip():
            return "needs a path"
        name = self._origin.saved(self.document, Path(text.strip())).get("name")
        return f"{name} is the name of a preset: choose another" if name in presets.names() else ""


def _spec_at(experiment: Experiment, path: SpecPath) -> Any:
    place: Any = experiment
    for part in path:
        place = place[part] if isinstance(part, int) else getattr(place, str(part))
    return place


def _family_at(document: Document, path: SpecPath, spec: Spec) -> dict[str, type[Spec]]:
    return members(annotation_at(Experiment, document, path)) or {"": type(spec)}


def _inherited(defaults: Defaults, path: SpecPath) -> Mapping[str, Any]:
    """What applies at ``path`` where nothing is set there."""
    if path[:2] == ("model", "layers"):
        return dict(defaults)
    return {**dict(defaults), "activation": None} if path == ("model", "output") else {}
