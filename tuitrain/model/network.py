"""A network: its layers in order, what each makes of its input, and the torch module.

``plan`` is pure Python and never fails: an impossible layer carries its problem, the layers behind
it have no shape. ``build`` needs a plan without problems.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field

from tuitrain.model.activations import Activation
from tuitrain.model.base import ImpossibleLayer, LayerSpec, Shape, biases_of, weights_of
from tuitrain.model.dense import DenseLayer, Output
from tuitrain.model.fields import MaxNorm
from tuitrain.model.initializers import Initializer
from tuitrain.model.regularizers import Regularizer
from tuitrain.spec import BY_NAME, BY_TYPE, Path, Spec

if TYPE_CHECKING:
    from torch import nn
    from torch.nn import Parameter


T = TypeVar("T", bound=Spec)

MOST_LAYERS = 10_000


class Block(Spec):
    """Several layers as one, repeated."""

    type: Literal["block"] = "block"
    repeat: int = Field(1, ge=1, le=1000, description="How many times the layers follow one another.")
    layers: Annotated[tuple[Layer, ...], Field(strict=False, min_length=1, description="The layers of one repetition.")]


Layer = Annotated[DenseLayer | Block, BY_TYPE, BY_NAME]
Block.model_rebuild()


class Defaults(Spec):
    """Values for every layer that has the field and does not set it. The output takes them too, but for activation."""

    activation: Activation | None = Field(None, description="For every hidden layer that sets none.")
    init: Initializer | None = Field(None, description="For the weights of every layer that sets none.")
    bias_init: Initializer | None = Field(None, description="For the biases of every layer that sets none.")
    regularizer: Regularizer | None = Field(None, description="For the weights of every layer that sets none.")
    max_norm: MaxNorm | None = Field(None, description="For every layer that sets none.")


class Model(Spec):
    """The network between the data and the loss."""

    defaults: Defaults = Defaults()
    layers: Annotated[tuple[Layer, ...], Field(strict=False)] = ()
    output: Output = Output()


@dataclass(frozen=True)
class PlannedLayer:
    """One layer of the network; ``path`` leads to its spec in the model, ``repetition`` counts from 0 in a block.

    ``output_shape`` is None, and ``parameters`` 0, where the layer or one before it is impossible.
    """

    name: str
    type: str
    spec: LayerSpec
    path: Path
    repetition: int
    input_shape: Shape | None
    output_shape: Shape | None
    parameters: int
    problem: str | None = None


def with_defaults(model: Model) -> Model:
    """The same model with ``defaults`` written into every layer, and none left over."""
    return model.model_copy(
        update={
            "defaults": Defaults(),
            "layers": tuple(_fill(layer, model.defaults) for layer in model.layers),
            "output": _fill(model.output, model.defaults.model_copy(update={"activation": None})),
        }
    )


def _fill(spec: T, defaults: Defaults) -> T:
    if isinstance(spec, Block):
        return spec.model_copy(update={"layers": tuple(_fill(layer, defaults) for layer in spec.layers)})
    unset = type(spec).model_fields.keys() - spec.model_fields_set
    values = {name: value for name, value in defaults if value is not None and name in unset}
    return spec.model_copy(update=values)


def crowd(model: Model) -> tuple[Path, int] | None:
    """Where more than MOST_LAYERS layers come from, and how many; None where there are no more.

    A single block where that alone has too many, else the whole list.
    """
    counts = [_count(layer) for layer in model.layers]
    for index, count in enumerate(counts):
        if count > MOST_LAYERS:
            return ("layers", index), count
    return (("layers",), sum(counts)) if sum(counts) > MOST_LAYERS else None


def _count(layer: Layer) -> int:
    return layer.repeat * sum(map(_count, layer.layers)) if isinstance(layer, Block) else 1


def plan(model: Model, input_shape: Shape, outputs: int) -> tuple[PlannedLayer, ...]:
    """Every layer in order, blocks unrolled, the output layer last.

    Of more than MOST_LAYERS layers each block is unrolled once, and the output layer is impossible.
    """
    too_many = crowd(model)
    complete = with_defaults(model)
    numbers: Counter[str] = Counter()
    planned: list[PlannedLayer] = []
    shape: Shape | None = input_shape
    for path, repetition, spec in _unrolled(complete.layers, ("layers",), once=too_many is not None):
        numbers[spec.type] += 1
        planned.append(_planned(f"{spec.type}_{numbers[spec.type]}", spec.type, spec, path, repetition, shape))
        shape = planned[-1].output_shape
    problem = None
    last: LayerSpec = complete.output
    if too_many:
        problem = f"has {sum(map(_count, model.layers)):,} layers before it; at most {MOST_LAYERS:,}"
    elif shape is not None:
        try:
            last = complete.output.with_units(outputs, shape)
        except ImpossibleLayer as error:
            problem = str(error)
    if problem or shape is None:
        planned.append(PlannedLayer("output", "output", last, ("output",), 0, shape, None, 0, problem))
    else:
        planned.append(_planned("output", "output", last, ("output",), 0, shape))
    return tuple(planned)


def _unrolled(
    layers: tuple[Layer, ...], path: Path, repetition: int = 0, *, once: bool = False
) -> Iterator[tuple[Path, int, DenseLayer]]:
    for index, layer in enumerate(layers):
        if isinstance(layer, Block):
            repeat = 1 if once else layer.repeat
            for turn in range(repeat):
                yield from _unrolled(layer.layers, (*path, index, "layers"), repetition * repeat + turn, once=once)
        else:
            yield (*path, index), repetition, layer


def _planned(name: str, kind: str, spec: LayerSpec, path: Path, repetition: int, shape: Shape | None) -> PlannedLayer:
    if shape is None:
        return PlannedLayer(name, kind, spec, path, repetition, None, None, 0)
    try:
        after = spec.output_shape(shape)
    except ImpossibleLayer as error:
        return PlannedLayer(name, kind, spec, path, repetition, shape, None, 0, str(error))
    return PlannedLayer(name, kind, spec, path, repetition, shape, after, spec.parameters(shape))


@dataclass(frozen=True)
class BuiltLayer:
    """A planned layer and its modules in the network."""

    planned: PlannedLayer
    modules: tuple[nn.Module, ...]

    @property
    def weights(self) -> list[Parameter]:
        """Those of its first module that are trained."""
        return [weight for weight in weights_of(self.modules[0]) if weight.requires_grad]

    @property
    def biases(self) -> list[Parameter]:
        """Those of its first module that are trained."""
        return [bias for bias in biases_of(self.modules[0]) if bias.requires_grad]


@dataclass(frozen=True)
class Network:
    """The torch module, flat so that a forward pass costs no more than a hand-written one, and its layers."""

    module: nn.Sequential
    layers: tuple[BuiltLayer, ...]


def build(layers: tuple[PlannedLayer, ...], seed: int) -> Network:
    """Draw the network on the CPU: its weights are equal for equal seeds, whatever device it then moves to."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    built = []
    for layer in layers:
        if layer.input_shape is None or layer.problem:
            raise ValueError(f"{layer.name} cannot be built: {layer.problem or 'its input has no shape'}")
        built.append(BuiltLayer(layer, layer.spec.build(layer.input_shape)))
    return Network(nn.Sequential(*(module for layer in built for module in layer.modules)), tuple(built))
