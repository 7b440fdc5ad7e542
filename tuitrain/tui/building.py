"""Building: the half of the dashboard that edits the experiment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen

from tuitrain.errors import TuitrainError
from tuitrain.experiment import presets, toml
from tuitrain.experiment.document import Document, to_document, with_value
from tuitrain.experiment.experiment import Experiment, Training
from tuitrain.model.dense import Output
from tuitrain.model.structure import Layer, Nested
from tuitrain.runs.files import write_text
from tuitrain.spec import Path as SpecPath
from tuitrain.spec import Spec, annotation_at, members, parse
from tuitrain.tui import editing
from tuitrain.tui.dialogs import Answer, Choice, Notice, Picker, Prompt, Question
from tuitrain.tui.extras import additions
from tuitrain.tui.formdialog import FormDialog
from tuitrain.tui.forms import about, form_fields, fragment_of
from tuitrain.tui.messages import (
    EditRequested,
    ExtraAddRequested,
    ExtraDeleteRequested,
    LayerAddRequested,
    LayerDeleteRequested,
    LayerMoveRequested,
)
from tuitrain.tui.panes.model import ModelPane
from tuitrain.tui.panes.settings import SettingsPane

NAMES: dict[SpecPath, str] = {("model", "output"): "output layer", ("model", "defaults"): "defaults of the layers"}


class Building(Screen[None]):
    """Holds ``experiment``; every edit makes a new one from the changed document."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f3,p", "pick_preset", "Presets", key_display="F3", tooltip="Load a preset or a file"),
        Binding("ctrl+s", "save", "Save", show=False, tooltip="Save the experiment as a file"),
    ]

    # always_update: equal specs may differ in what was set, and so in what the defaults of the model apply to.
    experiment: reactive[Experiment | None] = reactive(None, repaint=False, always_update=True)

    def __init__(self, experiment: Experiment, original: str = "") -> None:
        super().__init__()
        self._original = original
        self._kept = to_document(experiment)
        self.set_reactive(Building.experiment, experiment)

    @property
    def document(self) -> Document:
        assert self.experiment is not None
        return to_document(self.experiment)

    @property
    def unsaved(self) -> bool:
        """Whether the experiment differs from what was last loaded or saved."""
        return self.document != self._kept

    def change(self, document: Document) -> None:
        """Take over an edited document; one with an impossible layer too, which its row explains."""
        try:
            self.experiment = parse(Experiment, document)
        except TuitrainError as error:
            self.app.push_screen(Notice("That does not work", str(error)))

    @on(EditRequested)
    @work
    async def _edit(self, event: EditRequested) -> None:
        assert self.experiment is not None
        if event.path == ():
            fragment = {key: value for key, value in self.document.items() if key in Training.model_fields}
            edited = await self.app.push_screen_wait(FormDialog("training", {"": Training}, fragment))
            if edited is not None:
                kept = {key: value for key, value in self.document.items() if key not in Training.model_fields}
                self.change({**kept, **edited})
            return
        spec = _spec_at(self.experiment, event.path)
        is_layer = event.path[:2] == ("model", "layers")
        family = {spec.type: type(spec)} if is_layer else _family_at(self.document, event.path, spec)
        inherited = dict(self.experiment.model.defaults) if is_layer or isinstance(spec, Output) else {}
        if isinstance(spec, Output):
            inherited.pop("activation")
        name = next(part for part in reversed(event.path) if isinstance(part, str))
        title = NAMES.get(event.path, f"{spec.type} layer" if is_layer else name)
        fragment = fragment_of(spec)
        edited = await self.app.push_screen_wait(FormDialog(title, family, fragment, inherited))
        if edited is not None:
            if is_layer and "layers" in fragment:
                edited["layers"] = fragment["layers"]
            self.change(with_value(self.document, event.path, edited))

    @on(LayerAddRequested)
    @work
    async def _add_layer(self, event: LayerAddRequested) -> None:
        kinds = members(Layer)
        choices = [Choice(name, name, about(kind)) for name, kind in kinds.items()]
        name = await self.app.push_screen_wait(Picker("Add a layer", choices))
        if name is None:
            return
        layer: Document = {"type": name}
        if issubclass(kinds[name], Nested):
            layer["layers"] = [{"type": "dense"}]
        self.change(editing.layer_added(self.document, event.path, layer))
        self.call_after_refresh(self.query_one(ModelPane).highlight, event.path)
        if name != "flatten":
            self.post_message(EditRequested(event.path))

    @on(LayerDeleteRequested)
    def _delete_layer(self, event: LayerDeleteRequested) -> None:
        self.change(editing.layer_deleted(self.document, event.path))

    @on(LayerMoveRequested)
    def _move_layer(self, event: LayerMoveRequested) -> None:
        document, path = editing.layer_moved(self.document, event.path, event.by)
        self.change(document)
        self.call_after_refresh(self.query_one(ModelPane).highlight, path)

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
        edited: Document | None = extra.fragment
        if next(form_fields(extra.spec, extra.fragment), None):
            edited = await self.app.push_screen_wait(FormDialog(label, {"": extra.spec}, extra.fragment))
        if edited is not None:
            self.change(editing.extra_added(self.document, extra.path, edited))
            self.call_after_refresh(self.query_one(SettingsPane).highlight, extra.path)

    @on(ExtraDeleteRequested)
    def _delete_extra(self, event: ExtraDeleteRequested) -> None:
        self.change(editing.extra_deleted(self.document, event.path))

    @work
    async def action_pick_preset(self) -> None:
        text = await self.app.push_screen_wait(
            Picker("Load a preset or a file", list(_presets()), "search, or the path of a .toml file", free=True)
        )
        if text is None:
            return
        name, _, variant = text.partition(":") if not os.path.exists(text) else (text, "", "")
        try:
            source = presets.find(name)
            if source.variants and not variant:
                chosen = await self.app.push_screen_wait(Picker(f"{source.name}: which one?", _variants(source)))
                if chosen is None:
                    return
                variant = chosen
            experiment = presets.load(name, variant or None)
            self._original, self._kept = source.text, to_document(experiment)
            self.experiment = experiment
        except TuitrainError as error:
            self.app.push_screen(Notice("Not loaded", str(error)))

    @work
    async def action_save(self) -> None:
        await self.save_experiment()

    async def save_experiment(self) -> bool:
        """Ask for a path and write the experiment there; whether it was written."""
        assert self.experiment is not None
        path = await self.app.push_screen_wait(
            Prompt(
                "Save the experiment",
                "As a TOML file, for tuitrain FILE and tuitrain run FILE.",
                f"{self.experiment.name}.toml",
                lambda text: "" if text.strip() else "needs a path",
            )
        )
        if path is None:
            return False
        place = Path(os.path.expanduser(path))
        if os.path.exists(place):
            answers = [Answer("yes", "Overwrite", "o"), Answer("no", "Keep", "k")]
            if await self.app.push_screen_wait(Question("It exists", f"{place} is there already.", answers)) != "yes":
                return False
        document = self.document
        try:
            write_text(place, toml.dumps(document, self._original))
        except OSError as error:
            self.app.push_screen(Notice("Not saved", f"{place}: {error.strerror}. Choose another place."))
            return False
        self._kept = document
        self.notify(f"Saved as {place}", markup=False)
        return True


def _spec_at(experiment: Experiment, path: SpecPath) -> Any:
    place: Any = experiment
    for part in path:
        place = place[part] if isinstance(part, int) else getattr(place, str(part))
    return place


def _family_at(document: Document, path: SpecPath, spec: Spec) -> dict[str, type[Spec]]:
    return members(annotation_at(Experiment, document, path)) or {"": type(spec)}


def _presets() -> Iterator[Choice]:
    """The lessons; one with variants is found by their names as well."""
    for name in presets.names():
        source = presets.find(name)
        count = len(source.variants)
        about = f"{source.why.partition('. ')[0].removesuffix('.')}." if source.why else ""
        label = f"{name}  {source.title}" + (f"  ({count} variant{'s'[: count != 1]})" if count else "")
        yield Choice(name, label, about, f"{source.why} {' '.join(source.variants)}")


def _variants(source: presets.Source) -> list[Choice]:
    """The file as it stands, under an empty name, and its variants."""
    variants = [Choice(variant.name, variant.name, variant.title) for variant in source.guide.variants]
    return [Choice("", source.name, source.title), *variants]
