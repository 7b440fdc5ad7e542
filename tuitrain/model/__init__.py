"""What a network is made of: layers, activations, initialisers. torch is imported inside ``build`` only."""

# isort: off
# Forms list the layers in the order in which these files are read.
from tuitrain.model import reshaping, dense, convolution, recurrent, normalization, elementwise, pretrained, structure

# isort: on
__all__ = ["convolution", "dense", "elementwise", "normalization", "pretrained", "recurrent", "reshaping", "structure"]
