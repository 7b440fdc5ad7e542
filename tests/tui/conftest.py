"""Plots are drawn at once here: the first drawing of a process waits, because it imports plotext."""

import plotext  # noqa: F401
