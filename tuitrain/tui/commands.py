"""The command palette's entries: every action of the dashboard and of the pane with the focus, from their bindings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.app import SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen


def action_commands(screen: Screen[object]) -> Iterator[SystemCommand]:
    """A command per action that has a name and can be done now, with its keys; Textual's own movements are left out."""
    keys: dict[tuple[DOMNode, str], list[str]] = {}
    for node, binding, enabled, _ in screen.active_bindings.values():
        shown = screen.app.get_key_display(binding)
        if enabled and shown not in keys.setdefault((node, binding.action), []):
            keys[node, binding.action].append(shown)
    for (node, action), its_keys in keys.items():
        if ours := _declared(node, action):
            title, about = f"{ours.description} ({', '.join(its_keys)})", ours.tooltip or ours.description
            yield SystemCommand(title, about, partial(screen.app.run_action, action, node))


def _declared(node: DOMNode, action: str) -> Binding | None:
    """The binding by which a class of this program names the action, if one does."""
    entries = (
        entry
        for kind in type(node).__mro__
        if kind.__module__.startswith("tuitrain.")
        for entry in kind.__dict__.get("BINDINGS", ())
    )
    return next((one for one in entries if isinstance(one, Binding) and one.action == action and one.description), None)
