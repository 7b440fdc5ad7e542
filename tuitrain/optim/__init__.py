"""How a network is trained: optimizers, schedules, losses. torch is imported inside ``build`` only."""

LR_LIMIT = 1000
"""The greatest learning rate."""
