"""Builder: the model and the settings side by side, and the edits that are asked for in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive

from tuitrain.experiment.document import Document, with_value
from tuitrain.experiment.experiment import Experiment, Training
from tuitrain.model.base import Layer
from tuitrain.model.structure import Nested
from tuitrain.spec import Invalid, Path, Spec, annotation_at, members
from tuitrain.tui import editing
from tuitrain.tui.choices import Choice
from tuitrain.tui.dialogs import NoticeDialog, Picker
from tuitrain.tui.editor import Draft, Editor
from tuitrain.tui.extras import additions
from tuitrain.tui.formdialog import FormDialog
from tuitrain.tui.forms import about, form_fields, fragment_of, problems_at
from tuitrain.tui.messages import (
    DeleteRequested,
    EditRequested,
    ExtraAddRequested,
    LayerAddRequested,
    LayerMoveRequested,
)
from tuitrain.tui.panes.model import ModelPane
from tuitrain.tui.panes.rows import RowsPane
from tuitrain.tui.panes.settings import SettingsPane
from tuitrain.tui.places import explain
from tuitrain.tui.questions import Notice

TITLES: dict[Path, str] = {
    ("model", "output"): "output layer",
    ("model", "defaults"): "defaults of the layers",
    (): "training",
}


class Builder(Vertical):
    """Opens the forms and lists that an edit needs, and has the editor take over what comes of them."""

    draft: reactive[Draft | None] = reactive(None, repaint=False)

    class Edited(Message):
        """The editor has another draft."""

    def __init__(self, editor: Editor, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self._editor = editor

    def compose(self) -> ComposeResult:
        yield ModelPane(id="model").data_bind(Builder.draft)
        yield SettingsPane(id="settings").data_bind(Builder.draft)

    def _apply(self, document: Document | None, change: str, path: Path | None = None) -> None:
        """Take over an edited document, if there is one, and go to the row of ``path``."""
        if document is None:
            return
        try:
            self._editor.apply(document, change)
        except Invalid as error:
            text = "\n".join(explain(problem, document) for problem in error.problems)
            self.app.push_screen(NoticeDialog(Notice("That does not work", text)))
            return
        self.draft = self._editor.draft
        if path is not None:
            for pane in self.query(RowsPane):
                pane.highlight(path)
        self.post_message(self.Edited())

    @on(EditRequested)
    @work
    async def _edit(self, event: EditRequested) -> None:
        draft, path = self._editor.draft, event.path
        if path == ():
            fragment = {key: value for key, value in draft.document.items() if key in Training.model_fields}
            kept = {key: value for key, value in draft.document.items() if key not in Training.model_fields}
            title = TITLES[path]
            edited = await self._filled_in(title, {"": Training}, fragment, path, lambda one: {**kept, **one})
        else:
            spec = _spec_at(draft.experiment, path)
            is_layer = path[:2] == ("model", "layers")
            family = {spec.type: type(spec)} if is_layer else _family_at(draft.document, path, spec)
            title = f"{spec.type} layer" if is_layer else TITLES.get(path, str(path[0]))
            placed = partial(with_value, draft.document, path)
            edited = await self._filled_in(title, family, fragment_of(spec), path, placed)
        self._apply(edited, f"edit {title}")

    async def _filled_in(
        self, title: str, family: Mapping[str, type[Spec]], fragment: Document, path: Path, placed: editing.Placing
    ) -> Document | None:
        """Ask for the values of a fragment: the document that has it ``placed``, or None."""
        # The problems of data are found by reading its files: not at every letter of a path.
        find = None if path[:1] == ("data",) else lambda one: problems_at(path, placed(one))
        inherited = _inherited(self._editor.draft.experiment, path)
        edited = await self.app.push_screen_wait(FormDialog(title, family, fragment, inherited, find))
        return None if edited is None else placed(edited)

    async def _picked(self, title: str, specs: Mapping[str, type[Spec]]) -> str | None:
        """Ask for one of these specs, by its label."""
        choices = [Choice(label, label, about(spec)) for label, spec in specs.items()]
        return await self.app.push_screen_wait(Picker(title, choices))

    async def _add(
        self,
        title: str,
        spec: type[Spec],
        fragment: Document,
        path: Path,
        add: Callable[[Document, Path, Document], Document],
    ) -> None:
        """Add a fragment once its form is filled in, if it has one."""
        placed: editing.Placing = partial(add, self._editor.draft.document, path)
        edited: Document | None = placed(fragment)
        if next(form_fields(spec, fragment), None):
            edited = await self._filled_in(title, {"": spec}, fragment, path, placed)
        self._apply(edited, f"add {title}", path)

    @on(LayerAddRequested)
    @work
    async def _add_layer(self, event: LayerAddRequested) -> None:
        kinds = members(Layer)
        if name := await self._picked("Add a layer", kinds):
            layer: Document = {"type": name}
            if issubclass(kinds[name], Nested):
                layer["layers"] = [{"type": "dense"}]
            await self._add(f"{name} layer", kinds[name], layer, event.path, editing.layer_added)

    @on(ExtraAddRequested)
    @work
    async def _add_extra(self) -> None:
        found = {one.label: one for one in additions(self._editor.draft.experiment)}
        if label := await self._picked("Add", {label: one.spec for label, one in found.items()}):
            extra = found[label]
            await self._add(label, extra.spec, extra.fragment, extra.path, editing.extra_added)

    @on(DeleteRequested)
    def _delete(self, event: DeleteRequested) -> None:
        delete, what = editing.extra_deleted, str(event.path[0])
        if event.path[0] == "model":
            delete, what = editing.layer_deleted, "layer"
        self._apply(delete(self._editor.draft.document, event.path), f"delete {what}")

    @on(LayerMoveRequested)
    def _move_layer(self, event: LayerMoveRequested) -> None:
        document, path = editing.layer_moved(self._editor.draft.document, event.path, event.by)
        self._apply(document, "move layer", path)


def _spec_at(experiment: Experiment, path: Path) -> Any:
    place: Any = experiment
    for part in path:
        place = place[part] if isinstance(part, int) else getattr(place, str(part))
    return place


def _family_at(document: Document, path: Path, spec: Spec) -> dict[str, type[Spec]]:
    return members(annotation_at(Experiment, document, path)) or {"": type(spec)}


def _inherited(experiment: Experiment, path: Path) -> Mapping[str, Any]:
    """What applies at ``path`` where nothing is set there."""
    defaults = dict(experiment.model.defaults)
    if path[:2] == ("model", "layers"):
        return defaults
    return {**defaults, "activation": None} if path == ("model", "output") else {}
