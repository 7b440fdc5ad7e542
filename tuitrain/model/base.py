"""What every layer has: its shape and parameter count in plain Python, and ``build()`` in torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from tuitrain.spec import Family

if TYPE_CHECKING:
    from torch import nn
    from torch.nn import Parameter

    from tuitrain.model.regularizers import Regularizer

Shape = tuple[int, ...]


class ImpossibleLayer(ValueError):
    """A layer that cannot take the shape it is given; the message says which it needs."""


class Layer(Family):
    """What can stand in a list of layers: a layer, or several as one."""

    def with_absolute_paths(self) -> Self:
        """The same layer with absolute paths, so that it can be read from another directory."""
        return self


class LayerSpec(Layer):
    """A layer. Shapes are without the batch axis: (units), a sequence (steps, features), an image (channels, h, w)."""

    def output_shape(self, shape: Shape) -> Shape:
        """The shape behind the layer.

        Raises:
            ImpossibleLayer: if the layer cannot take ``shape``.
        """
        raise NotImplementedError

    def unit_axis(self, shape: Shape) -> int:
        """Which axis of its outputs, which have ``shape``, counts its units or filters."""
        return channel_axis(shape)

    def parameters(self, shape: Shape) -> int:
        """How many numbers are trained."""
        return 0

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        """The modules of the layer, in order; the first holds its weights if it has any.

        Raises:
            Invalid: if it needs something that this machine has not, with the path of the field in the layer.
        """
        raise NotImplementedError

    def untrained(self) -> Self:
        """The same layer without files of weights, for a network whose weights come from a checkpoint."""
        return self

    def needs_two_samples(self, shape: Shape) -> bool:
        """Whether it cannot be trained on a batch of a single sample."""
        return False

    def regularized(self, modules: tuple[nn.Module, ...]) -> tuple[Regularizer, list[Parameter]] | None:
        """The layer's regularizer, and the weights that it is for; None for none."""
        return None

    def constrain(self, modules: tuple[nn.Module, ...]) -> None:
        """Bring the weights back within the layer's constraint, in place, without gradient."""

    @property
    def knows_channels(self) -> bool:
        """Whether it keeps the shape and does something else to each channel of an image, the first axis."""
        return False

    @property
    def is_constrained(self) -> bool:
        """Whether `constrain` does anything."""
        return False


def channel_axis(shape: Shape) -> int:
    """The axis of an image's channels, a sequence's features, or a flat layer's units."""
    return 1 if len(shape) == 2 else 0


def image_shape(shape: Shape) -> tuple[int, int, int]:
    """(channels, height, width).

    Raises:
        ImpossibleLayer: if ``shape`` is that of no image.
    """
    if len(shape) != 3:
        raise ImpossibleLayer(
            f"needs an image (channels × height × width), got {show_shape(shape)}: put a reshape layer before it"
        )
    return shape


def weights_of(module: nn.Module) -> list[Parameter]:
    """Its parameters that torch calls weight, or weight_ and something; those of the modules in it too."""
    return _named(module, "weight")


def biases_of(module: nn.Module) -> list[Parameter]:
    """Its parameters that torch calls bias, or bias_ and something; those of the modules in it too."""
    return _named(module, "bias")


def _named(module: nn.Module, beginning: str) -> list[Parameter]:
    return [tensor for name, tensor in module.named_parameters() if name.rpartition(".")[2].startswith(beginning)]


def show_shape(shape: Shape) -> str:
    """(1, 28, 28) as ``1×28×28``."""
    return "×".join(map(str, shape))
