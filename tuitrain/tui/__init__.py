"""The dashboard: panes over a Snapshot, in a terminal. Never imports torch."""
