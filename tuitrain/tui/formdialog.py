"""FormDialog: the form of one spec, checked while one types. A line of it has a name, an editor, and a remark."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import DescendantFocus, Mount
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from tuitrain.experiment.document import Document
from tuitrain.spec import Path, Spec
from tuitrain.tui.dialogs import Box, NoticeDialog, words
from tuitrain.tui.forms import FormField, about, carried, check, explain_form, form_fields, with_field
from tuitrain.tui.questions import Notice

UNSET = "·unset·"


class Menu(Select[str]):
    """A choice. Up and down go on to the neighbouring fields, left and right choose, enter and space open the menu."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("left", "choose(-1)", show=False),
        Binding("right", "choose(1)", show=False),
    ]

    def __init__(self, choices: Mapping[str, str], chosen: str) -> None:
        """``choices`` has the values and how they are shown."""
        options = [(words(shown), value) for value, shown in choices.items()]
        super().__init__(options, value=chosen, allow_blank=False, compact=True)
        self._values = list(choices)

    def action_choose(self, by: int) -> None:
        place = self._values.index(str(self.value)) + by
        if 0 <= place < len(self._values):
            self.value = self._values[place]


class FieldLine(Horizontal):
    """The line with the focus has a mark in front of it, for who sees no colour."""

    def __init__(self, field: FormField) -> None:
        super().__init__(classes="field")
        self.field = field
        self.editor = _editor(field)

    def compose(self) -> ComposeResult:
        yield Label(">", classes="mark")
        yield Label(words("  " * self.field.depth + self.field.label), classes="name")
        yield self.editor
        yield Label(words(self.field.limits), classes="remark")

    def show_problem(self, problem: str) -> None:
        remark = self.query_one(".remark", Label)
        remark.update(words(problem or self.field.limits))
        remark.set_class(bool(problem), "problem")


def _editor(field: FormField) -> Input | Menu:
    if field.kind in ("number", "list", "text"):
        return Input(field.text, placeholder=field.default and f"{field.default} (default)", compact=True)
    unset = {UNSET: f"{field.default} (default)"} if field.path != ("type",) else {}
    choices = {**unset, **{word: word for word in (("yes", "no") if field.kind == "switch" else field.choices)}}
    chosen = field.value if field.kind == "choice" else {True: "yes", False: "no"}.get(field.value)
    return Menu(choices, chosen if chosen in choices else next(iter(choices)))


def line_of(widget: Any) -> Any:
    """The line that a widget is part of, None for one outside."""
    return next((one for one in widget.ancestors_with_self if isinstance(one, FieldLine)), None) if widget else None


class FormDialog(ModalScreen[Document | None]):
    """Edits a fragment; dismisses with it, or with None.

    ``family`` maps types to specs where the type itself can be chosen; else it has one entry. ``find_problems`` tells
    what is wrong with a valid fragment where it stands, by field: that is shown, and it can be accepted all the same.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", priority=True),
        Binding("ctrl+s,f2", "accept", "Accept", priority=True),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("f1,question_mark", "help", show=False),
    ]

    def __init__(
        self,
        title: str,
        family: Mapping[str, type[Spec]],
        fragment: Document,
        inherited: Mapping[str, Any] | None = None,
        find_problems: Callable[[Document], Mapping[Path, str]] | None = None,
    ) -> None:
        super().__init__(classes="dialog")
        self._title, self._family, self._fragment, self._inherited = title, family, dict(fragment), inherited
        self._find_problems = find_problems

    @property
    def spec(self) -> type[Spec]:
        return self._family.get(str(self._fragment.get("type")), next(iter(self._family.values())))

    def compose(self) -> ComposeResult:
        with Box(self._title, "ctrl+s accepts, esc cancels, F1 explains"):
            # Its fields from the start, so that the first one has the focus before any key comes.
            yield VerticalScroll(*self._lines(), id="fields", can_focus=False)
            yield Label("", id="whole", classes="problem")
            yield Label("", id="help")
            with Horizontal(classes="buttons"):
                yield Button("Accept", id="accept", variant="primary")
                yield Button("Cancel", id="cancel")

    def _lines(self) -> list[FieldLine | Static]:
        lines = [FieldLine(field) for field in self._fields()]
        return [*lines] or [Static("There is nothing to set.", classes="words")]

    def _fields(self) -> list[FormField]:
        """Those that the fragment has now; the type first, where it can be chosen."""
        fields = list(form_fields(self.spec, self._fragment, self._inherited))
        if len(self._family) > 1:
            kind = str(self._fragment.get("type"))
            fields.insert(0, FormField(("type",), "choice", kind, "", about(self.spec), "", tuple(self._family)))
        return fields

    async def _rebuild(self, focus: Path) -> None:
        """Lay the fields out anew: another choice brings other fields."""
        place = self.query_one("#fields", VerticalScroll)
        with self.app.batch_update():
            await place.remove_children()
            await place.mount_all(self._lines())
            self._show_problems()
            next(line for line in self.query(FieldLine) if line.field.path == focus).editor.focus()

    @on(Mount)
    def _show_problems(self) -> None:
        wrong = check(self.spec, self._fragment)
        impossible = self._find_problems(self._fragment) if self._find_problems and not wrong else {}
        for line in self.query(FieldLine):
            line.show_problem(wrong.get(line.field.path) or impossible.get(line.field.path, ""))
        whole = self.query_one("#whole", Label)
        whole.update(words(wrong.get(()) or impossible.get((), "")))
        whole.display = () in wrong or () in impossible
        self._show_help()
        self.query_one("#accept", Button).disabled = bool(wrong)

    @on(Select.Changed)
    async def _selected(self, event: Select.Changed) -> None:
        field = line_of(event.select).field
        if self._choose(field, str(event.value)):
            await self._rebuild(field.path)
        else:
            self._show_problems()

    def _choose(self, field: FormField, word: str) -> bool:
        """Put what was chosen into the fragment; whether that brings other fields."""
        now = next((one.value for one in self._fields() if one.path == field.path), None)
        value = None if word == UNSET else word == "yes" if field.kind == "switch" else word
        if value == now:
            return False
        if field.path == ("type",):
            after = self._family[word]
            self._fragment = {"type": word, **carried(self.spec, after, self._fragment)}
            return True
        chosen = field.chosen(value) if isinstance(value, str) else value
        self._fragment = with_field(self._fragment, field.path, chosen)
        return bool(field.specs)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        field = line_of(event.input).field
        self._fragment = with_field(self._fragment, field.path, field.read(event.value))
        self._show_problems()

    @on(DescendantFocus)
    def _show_help(self) -> None:
        """What the field with the focus means, and what it takes."""
        if line := line_of(self.focused):
            limits = f" [{line.field.limits}]" if line.field.limits else ""
            self.query_one("#help", Label).update(words(f"{line.field.help}{limits}"))

    def action_help(self) -> None:
        line = line_of(self.focused)
        text = explain_form(self.spec, self._fields(), line.field if line else None)
        self.app.push_screen(NoticeDialog(Notice(self._title, text)))

    def action_accept(self) -> None:
        """Accept behind the keys that are on their way to the field with the focus."""
        (self.focused or self).call_later(self._accept)

    @on(Input.Submitted)
    @on(Button.Pressed, "#accept")
    def _accept(self) -> None:
        """Close with what stands in the lines: the last change of one may not have been announced yet."""
        lines = list(self.query(FieldLine))
        for line in lines:
            if isinstance(line.editor, Select) and not line.editor.is_blank():  # it is until it is mounted
                self._choose(line.field, str(line.editor.value))
        present = {field.path for field in self._fields()}
        for line in lines:
            if isinstance(line.editor, Input) and line.field.path in present:
                self._fragment = with_field(self._fragment, line.field.path, line.field.read(line.editor.value))
        if not check(self.spec, self._fragment):
            self.dismiss(self._fragment)

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Close the menu that is open, else the form."""
        menu = next((line.editor for line in self.query(FieldLine) if getattr(line.editor, "expanded", False)), None)
        if menu is None:
            self.dismiss(None)
        elif isinstance(menu, Select):
            menu.expanded = False
            menu.focus()
