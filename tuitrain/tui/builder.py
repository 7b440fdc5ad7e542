"""Builder: the model and the settings side by side, and the edits that are asked for in them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import OptionList

from tuitrain.errors import Refused
from tuitrain.experiment.document import Document, with_value
from tuitrain.experiment.experiment import Experiment, Training
from tuitrain.model.base import Layer
from tuitrain.spec import Path, Spec, annotation_at, members
from tuitrain.tui import editing
from tuitrain.tui.actions import ADD, DELETE, DOWN, UP, bindings
from tuitrain.tui.dialogs import Choice, NoticeDialog, Picker
from tuitrain.tui.editor import Draft, Editor
from tuitrain.tui.extras import EXTRAS, Addition, additions
from tuitrain.tui.formdialog import FormDialog
from tuitrain.tui.forms import about, form_fields, fragment_of, problems_at
from tuitrain.tui.panes.model import ModelPane
from tuitrain.tui.panes.rows import RowsPane
from tuitrain.tui.panes.settings import ADD_ROW, SettingsPane
from tuitrain.tui.questions import Notice

TITLES: dict[Path, str] = {
    ("model", "output"): "output layer",
    ("model", "defaults"): "defaults of the layers",
    (): "training",
}


class Builder(Vertical):
    """Opens the forms and lists that an edit needs, and has the editor take over what comes of them."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(ADD, DELETE, UP, DOWN)

    draft: reactive[Draft | None] = reactive(None, repaint=False)

    class Edited(Message):
        """The editor has another draft."""

    def __init__(self, editor: Editor, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self._editor = editor

    def compose(self) -> ComposeResult:
        yield ModelPane(id="model").data_bind(Builder.draft)
        yield SettingsPane(id="settings").data_bind(Builder.draft)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        return action != "move" or isinstance(self._pane, ModelPane)

    @property
    def _pane(self) -> RowsPane:
        """The pane that has the focus; the model, if neither has."""
        focused = self.screen.focused
        return focused if isinstance(focused, RowsPane) else self.query_one(ModelPane)

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        path = self._pane.path
        if path == ADD_ROW:
            self.action_add()
        elif path is not None:
            self.edit(path)

    @work
    async def edit(self, path: Path) -> None:
        """Have the values at ``path`` edited in their form."""
        draft = self._editor.draft
        if path == ():
            fragment = {key: value for key, value in draft.document.items() if key in Training.model_fields}
            kept = {key: value for key, value in draft.document.items() if key not in Training.model_fields}
            await self._fill_in(TITLES[path], {"": Training}, fragment, path, lambda one: {**kept, **one})
        else:
            spec: Any = draft.experiment
            for key in path:
                spec = spec[key] if isinstance(key, int) else getattr(spec, key)
            is_layer = path[:2] == ("model", "layers")
            family = {} if is_layer else members(annotation_at(Experiment, draft.document, path))
            title = f"{spec.type} layer" if is_layer else TITLES.get(path, str(path[0]))
            placed = partial(with_value, draft.document, path)
            await self._fill_in(title, family or {"": type(spec)}, fragment_of(spec), path, placed)

    async def _fill_in(
        self,
        title: str,
        family: Mapping[str, type[Spec]],
        fragment: Document,
        path: Path,
        placed: Callable[[Document], Document],
    ) -> None:
        """Ask for the values of a fragment, and take over the document that has it ``placed``."""
        # The problems of data are found by reading its files: not at every letter of a path.
        find = None if path[:1] == ("data",) else lambda one: problems_at(path, placed(one))
        inherited = _inherited(self._editor.draft.experiment, path)
        edited = await self.app.push_screen_wait(FormDialog(title, family, fragment, inherited, find))
        if edited is not None:
            with self._editing(path):
                self._editor.apply(placed(edited))

    @contextmanager
    def _editing(self, path: Path | None = None) -> Iterator[None]:
        """Show the draft that comes of an edit, and go to the row of ``path``; or say why the edit is refused."""
        try:
            yield
        except Refused as error:
            self.app.push_screen(NoticeDialog(Notice("That does not work", str(error))))
            return
        self.draft = self._editor.draft
        if path is not None:
            self._pane.highlight(path)
        self.post_message(self.Edited())

    @work
    async def action_add(self) -> None:
        """Add a layer below the row with the cursor, or an extra, once its form is filled in, if it has one."""
        draft, pane, layers = self._editor.draft, self._pane, members(Layer)
        if isinstance(pane, ModelPane):
            path = pane.path_below
            found = {name: Addition(f"{name} layer", path, layers[name]) for name in layers}
            title = "Add a layer"
        else:
            found, title = {one.label: one for one in additions(draft.experiment)}, "Add"
        choices = [Choice(label, label, about(one.spec)) for label, one in found.items()]
        label = await self.app.push_screen_wait(Picker(title, choices))
        if label is None:
            return
        chosen = found[label]
        placed = partial(editing.added, draft.document, chosen.path)
        if next(form_fields(chosen.spec, chosen.fragment), None):
            await self._fill_in(chosen.label, {"": chosen.spec}, chosen.fragment, chosen.path, placed)
        else:
            with self._editing(chosen.path):
                self._editor.apply(placed(chosen.fragment))

    def action_delete(self) -> None:
        """Delete the layer or the extra that the row with the cursor stands for."""
        path = self._pane.path
        if path and (path[:2] == ("model", "layers") or path[0] in {extra.name for extra in EXTRAS}):
            with self._editing():
                self._editor.apply(editing.deleted(self._editor.draft.document, path))

    def action_move(self, by: int) -> None:
        path = self._pane.path
        if path and path[:2] == ("model", "layers"):
            document, path = editing.moved(self._editor.draft.document, path, by)
            with self._editing(path):
                self._editor.apply(document)


def _inherited(experiment: Experiment, path: Path) -> Mapping[str, Any]:
    """What applies at ``path`` where nothing is set there."""
    defaults = dict(experiment.model.defaults)
    if path[:2] == ("model", "layers"):
        return defaults
    return {**defaults, "activation": None} if path == ("model", "output") else {}
