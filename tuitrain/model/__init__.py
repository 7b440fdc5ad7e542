"""What a network is made of: layers, activations, initialisers. torch is imported inside ``build`` only."""
