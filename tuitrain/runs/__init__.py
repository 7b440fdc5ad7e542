"""The run directory: events out, commands in, and what is folded from them. Never imports torch."""
