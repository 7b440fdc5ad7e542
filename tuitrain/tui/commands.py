"""The command palette's entries: every action of the dashboard and of the pane with the focus."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.app import SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen


def action_commands(screen: Screen[object]) -> Iterator[SystemCommand]:
    """A command per action that can be done now, with its keys; Textual's own bindings have no id and are left out."""
    found: dict[tuple[DOMNode, str], tuple[Binding, list[str]]] = {}
    for node, binding, enabled, _ in screen.active_bindings.values():
        if enabled and binding.id:
            keys = found.setdefault((node, binding.action), (binding, []))[1]
            shown = screen.app.get_key_display(binding)
            keys += [shown] if shown not in keys else []
    for (node, action), (binding, keys) in found.items():
        run = partial(screen.app.run_action, action, node)
        yield SystemCommand(f"{binding.description} ({', '.join(keys)})", binding.tooltip, run)
