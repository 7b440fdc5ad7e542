"""The plan of a network: its layers in order, and what each makes of its input. Pure Python, and it never fails:
an impossible layer carries its problem, the layers behind it have no shape.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from tuitrain.model.base import ImpossibleLayer, Layer, LayerSpec, Shape, show_shape
from tuitrain.model.dense import Dense, Output
from tuitrain.model.structure import Block, Defaults, Model, Nested, Residual
from tuitrain.spec import Path, Spec
from tuitrain.tables import Column, table

T = TypeVar("T", bound=Spec)

MOST_LAYERS = 10_000


@dataclass(frozen=True)
class PlannedLayer:
    """One layer of the network; ``path`` leads to its spec in the model, ``repetition`` counts from 0 in a block.

    ``output_shape`` is None, and ``parameters`` 0, where the layer or one before it is impossible. A residual is
    planned as its layers and then, as one more, the sum: its input is x, ``spec`` is that of the skip, and ``inside``
    says how many of the layers before it are its own.
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
    inside: int = 0


def with_defaults(model: Model) -> Model:
    """The same model with its ``defaults`` written into every layer that has the field, and then without them."""
    return model.model_copy(
        update={
            "defaults": Defaults(),
            "layers": tuple(_fill(layer, model.defaults) for layer in model.layers),
            "output": _fill(model.output, model.defaults.model_copy(update={"activation": None})),
        }
    )


def with_absolute_paths(model: Model) -> Model:
    """The same model with absolute paths, so that it can be read from another directory."""
    return model.model_copy(update={"layers": tuple(map(_with_absolute_paths, model.layers))})


def _with_absolute_paths(layer: Layer) -> Layer:
    if isinstance(layer, Nested):
        return layer.model_copy(update={"layers": tuple(map(_with_absolute_paths, layer.layers))})
    return layer.with_absolute_paths()


def _fill(spec: T, defaults: Defaults) -> T:
    unset = type(spec).model_fields.keys() - spec.model_fields_set
    values: dict[str, object] = {name: value for name, value in defaults if value is not None and name in unset}
    if isinstance(spec, Nested):
        values["layers"] = tuple(_fill(layer, defaults) for layer in spec.layers)
    return spec.model_copy(update=values)


def too_many_layers(model: Model) -> tuple[Path, int] | None:
    """The path and the number of more than MOST_LAYERS layers; None where the model has no more than that.

    The path leads to the block that alone has too many, else to the whole list.
    """
    counts = [_count(layer) for layer in model.layers]
    for index, count in enumerate(counts):
        if count > MOST_LAYERS:
            return ("layers", index), count
    return (("layers",), sum(counts)) if sum(counts) > MOST_LAYERS else None


def _count(layer: Layer) -> int:
    match layer:
        case Block():
            return layer.repeat * sum(map(_count, layer.layers))
        case Residual():
            return 1 + sum(map(_count, layer.layers))
    return 1


def plan(model: Model, input_shape: Shape | None, outputs: int) -> tuple[PlannedLayer, ...]:
    """Every layer in order, blocks unrolled, the output layer last.

    Without an input shape no layer has one. Of more than MOST_LAYERS layers each block is unrolled once, and the
    output layer is impossible.
    """
    too_many = too_many_layers(model)
    complete = with_defaults(model)
    numbers: Counter[str] = Counter()
    planned: list[PlannedLayer] = []
    shape, units_last = input_shape, False
    for place in _unrolled(complete.layers, ("layers",), once=too_many is not None):
        kind = place.spec.type
        numbers[kind] += 1
        before = planned[-place.inside].input_shape if place.inside else shape
        layer = _planned(f"{kind}_{numbers[kind]}", place, before, shape, outputs)
        planned.append(_refused(layer) if units_last and layer.spec.knows_channels else layer)
        shape, units_last = planned[-1].output_shape, _units_last(planned[-1], units_last)
    output = _Position(complete.output, ("output",))
    if too_many:
        last = _planned("output", output, None, None, outputs)
        count = sum(map(_count, model.layers))
        last = replace(last, problem=f"has {count:,} layers before it; at most {MOST_LAYERS:,}")
    else:
        last = _planned("output", output, shape, shape, outputs)
    return (*planned, last)


def _units_last(layer: PlannedLayer, before: bool) -> bool:
    """Whether units are the last axis of what has the axes of an image: behind a dense layer, as long as it stays."""
    if isinstance(layer.spec, Dense):
        return len(layer.input_shape or ()) == 3
    return before and layer.output_shape == layer.input_shape


def _refused(layer: PlannedLayer) -> PlannedLayer:
    """A layer that would take the rows of a dense layer's units for the channels of an image."""
    if layer.problem or not layer.input_shape:
        return layer
    shape = show_shape(layer.input_shape)
    problem = (
        f"takes the first axis of {shape} for channels, and the units of the dense layer before it are the last: "
        "put a flatten layer before that one"
    )
    return replace(layer, output_shape=None, parameters=0, problem=problem)


@dataclass(frozen=True)
class _Position:
    """A layer where it stands; ``inside`` is that of PlannedLayer."""

    spec: LayerSpec
    path: Path
    repetition: int = 0
    inside: int = 0


def _unrolled(layers: tuple[Layer, ...], path: Path, repetition: int = 0, *, once: bool = False) -> Iterator[_Position]:
    """Every layer in order; a residual comes behind its own layers."""
    for index, layer in enumerate(layers):
        here = (*path, index)
        match layer:
            case Block():
                repeat = 1 if once else layer.repeat
                for turn in range(repeat):
                    yield from _unrolled(layer.layers, (*here, "layers"), repetition * repeat + turn, once=once)
            case Residual():
                inner = list(_unrolled(layer.layers, (*here, "layers"), repetition, once=once))
                yield from inner
                yield _Position(layer, here, repetition, len(inner))
            case LayerSpec():
                yield _Position(layer, here, repetition)


def _planned(name: str, place: _Position, before: Shape | None, shape: Shape | None, outputs: int) -> PlannedLayer:
    """``before`` is the shape that the layer takes, ``shape`` that behind the previous layer: F(x) for a residual."""
    spec = place.spec
    draft = PlannedLayer(name, spec.type, spec, place.path, place.repetition, before, None, 0, None, place.inside)
    if before is None or shape is None:
        return draft
    try:
        match spec:
            case Residual():
                settled: LayerSpec = spec.skip(before, shape)
            case Output():
                settled = spec.with_units(outputs, shape)
            case _:
                settled = spec
        after = settled.output_shape(before)
    except ImpossibleLayer as error:
        return replace(draft, problem=str(error))
    return replace(draft, spec=settled, output_shape=after, parameters=settled.parameters(before))


_COLUMNS = (Column("layer"), Column("output", right=True), Column("parameters", right=True))


def layer_table(planned: Iterable[PlannedLayer]) -> list[str]:
    """A line per layer: name, output shape, parameters; the total last."""
    layers = list(planned)
    rows = [(one.name, show_shape(one.output_shape or ()), f"{one.parameters:,}") for one in layers]
    return table(_COLUMNS, [*rows, ("total", "", f"{sum(one.parameters for one in layers):,}")])
