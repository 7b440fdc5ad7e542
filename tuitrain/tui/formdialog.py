"""FormDialog: the form of one spec, checked while one types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from tuitrain.experiment.document import Document
from tuitrain.spec import Path, Spec
from tuitrain.tui.forms import FormField, about, carried, check, form_fields, with_field

UNSET = "·unset·"


class FormDialog(ModalScreen[Document | None]):
    """Edits a fragment; dismisses with it, or with None.

    ``family`` maps types to specs where the type itself can be chosen; else it has one entry.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", priority=True),
        Binding("ctrl+s,f2", "accept", "Accept", priority=True),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(
        self,
        title: str,
        family: Mapping[str, type[Spec]],
        fragment: Document,
        inherited: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(classes="dialog")
        self._title, self._family, self._fragment, self._inherited = title, family, dict(fragment), inherited

    @property
    def spec(self) -> type[Spec]:
        return self._family.get(str(self._fragment.get("type")), next(iter(self._family.values())))

    def compose(self) -> ComposeResult:
        with Vertical(classes="box wide") as box:
            box.border_title = self._title
            box.border_subtitle = "ctrl+s accepts, esc cancels"
            yield VerticalScroll(id="fields", can_focus=False)
            yield Label("", id="help")
            with Horizontal(classes="buttons"):
                yield Button("Accept", id="accept", variant="primary")
                yield Button("Cancel", id="cancel")

    async def on_mount(self) -> None:
        await self._rebuild(None)

    async def _rebuild(self, focus: Path | None) -> None:
        """Lay the fields out anew: another choice brings other fields."""
        place = self.query_one("#fields", VerticalScroll)
        with self.app.batch_update():
            await place.remove_children()
            lines: list[FieldLine] = []
            if len(self._family) > 1:
                kinds = FormField(
                    ("type",),
                    "type",
                    "choice",
                    self._fragment.get("type"),
                    "",
                    about(self.spec),
                    "",
                    tuple(self._family),
                )
                lines.append(FieldLine(kinds))
            lines += [FieldLine(field) for field in form_fields(self.spec, self._fragment, self._inherited)]
            await place.mount_all(lines or [Static("There is nothing to set.", classes="words")])
            self._show_problems()
            target = next((line for line in lines if line.field.path == focus), lines[0] if lines else None)
            (target.editor if target else self.query_one("#accept")).focus()

    def _show_problems(self) -> None:
        problems = check(self.spec, self._fragment)
        for line in self.query(FieldLine):
            line.show_problem(problems.get(line.field.path, ""))
        self._show_help()
        self.query_one("#accept", Button).disabled = bool(problems)

    @on(Select.Changed)
    async def _selected(self, event: Select.Changed) -> None:
        field = _line(event.select).field
        value = None if event.value == UNSET else str(event.value)
        if field.kind == "switch":
            self._set(field, None if value is None else value == "yes")
        elif value == field.value:
            return
        elif field.path == ("type",):
            after = self._family[str(value)]
            self._fragment = {"type": value, **carried(self.spec, after, self._fragment)}
            await self._rebuild(field.path)
        else:
            self._set(field, None if value is None else field.chosen(value))
            if field.specs:
                await self._rebuild(field.path)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        field = _line(event.input).field
        self._set(field, field.read(event.value))

    def _set(self, field: FormField, value: Any) -> None:
        self._fragment = with_field(self._fragment, field.path, value)
        self._show_problems()

    def on_descendant_focus(self) -> None:
        self._show_help()

    def _show_help(self) -> None:
        """Of the line with the focus: what is wrong, in full where the line shows only a part, or what it means."""
        line = _line(self.focused)
        if isinstance(line, FieldLine):
            limits = f" [{line.field.limits}]" if line.field.limits else ""
            self.query_one("#help", Label).update(Text(line.problem or f"{line.field.help}{limits}"))

    @on(Input.Submitted)
    @on(Button.Pressed, "#accept")
    def action_accept(self) -> None:
        if not check(self.spec, self._fragment):
            self.dismiss(self._fragment)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)


class FieldLine(Horizontal):
    """A label, an editor, and what is wrong or allowed."""

    def __init__(self, field: FormField) -> None:
        super().__init__(classes="field")
        self.field = field
        self.problem = ""
        self.editor = _editor(field)

    def compose(self) -> ComposeResult:
        yield Label("  " * self.field.depth + self.field.label, classes="name")
        yield self.editor
        yield Label(self.field.limits, classes="remark")

    def show_problem(self, problem: str) -> None:
        self.problem = problem
        remark = self.query_one(".remark", Label)
        remark.update(Text(problem or self.field.limits))
        remark.set_class(bool(problem), "problem")


def _editor(field: FormField) -> Input | Select[str]:
    if field.kind in ("number", "list", "text"):
        return Input(field.text, placeholder=field.default and f"{field.default} (default)", compact=True)
    unset = [(f"{field.default} (default)", UNSET)] if field.path != ("type",) else []
    words = ("yes", "no") if field.kind == "switch" else field.choices
    chosen = field.value if field.kind == "choice" else {True: "yes", False: "no"}.get(field.value)
    options = [*unset, *((word, word) for word in words)]
    return Select(options, value=str(chosen if chosen in words else options[0][1]), allow_blank=False, compact=True)


def _line(widget: Any) -> Any:
    return next((one for one in widget.ancestors_with_self if isinstance(one, FieldLine)), None) if widget else None
