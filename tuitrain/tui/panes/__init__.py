"""The panes of the dashboard: data comes down as reactives, messages go up."""
