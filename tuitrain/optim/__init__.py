"""How a network is trained: optimizers, schedules, losses. torch is imported inside ``build`` only."""
