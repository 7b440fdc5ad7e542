"""The contract of every layer: shape and parameters are what torch builds; a training step runs; TOML comes back."""

import pytest
import torch
from pydantic import TypeAdapter

from tuitrain.experiment.document import to_document
from tuitrain.model.base import LayerSpec
from tuitrain.model.dense import Dense, Dropout
from tuitrain.model.network import Layer
from tuitrain.spec import members

SHAPES = [(1, 8, 8), (12,), (3, 5)]
LAYERS: list[LayerSpec] = [
    *(kind() for name, kind in members(Layer).items() if name != "block"),  # type: ignore[misc]
    Dense(units=7, activation={"type": "relu"}, bias=False, regularizer={"type": "l1_l2"}, max_norm=1.0),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: str(to_document(layer)))
def test_shape_and_parameters_are_what_torch_builds(layer: LayerSpec, shape: tuple[int, ...]) -> None:
    module = torch.nn.Sequential(*layer.build(shape))
    assert module(torch.randn(4, *shape)).shape == (4, *layer.output_shape(shape))
    assert sum(p.numel() for p in module.parameters()) == layer.parameters(shape)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: str(to_document(layer)))
def test_a_training_step_changes_what_is_trained(layer: LayerSpec) -> None:
    module = torch.nn.Sequential(*layer.build((12,)))
    before = [p.clone() for p in module.parameters()]
    loss = (module(torch.randn(4, 12, requires_grad=True)) + 1).square().sum()
    loss.backward()
    with torch.no_grad():
        for parameter in module.parameters():
            assert parameter.grad is not None
            parameter -= 0.1 * parameter.grad
    assert all(not torch.equal(old, new) for old, new in zip(before, module.parameters(), strict=True))


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: str(to_document(layer)))
def test_the_document_makes_the_same_layer(layer: LayerSpec) -> None:
    adapter: TypeAdapter[LayerSpec] = TypeAdapter(Layer)
    assert adapter.validate_python(to_document(layer)) == layer
    assert adapter.validate_python(to_document(layer, complete=True)) == layer


def test_dense_computes_its_formula() -> None:
    layer = Dense(units=3, activation={"type": "tanh"}, bias_init={"type": "normal"})  # type: ignore[arg-type]
    modules = layer.build((4,))
    weight, bias = (modules[0].get_parameter(name).double() for name in ("weight", "bias"))
    x = torch.randn(5, 4, dtype=torch.float64)
    expected = torch.tanh(x @ weight.T + bias)
    torch.testing.assert_close(torch.nn.Sequential(*modules).double()(x), expected, rtol=1e-12, atol=1e-12)


def test_max_norm_shortens_only_the_rows_that_are_too_long() -> None:
    layer = Dense(units=3, max_norm=1.0)
    modules = layer.build((4,))
    weight = modules[0].get_parameter("weight")
    weight.data = torch.tensor([[3.0, 0, 4, 0], [0.1, 0.2, 0, 0], [0, 0, 0, -1.0]])
    layer.constrain(modules)
    assert weight[0].tolist() == pytest.approx([0.6, 0, 0.8, 0], rel=1e-6)
    assert weight[1:].tolist() == torch.tensor([[0.1, 0.2, 0, 0], [0, 0, 0, -1.0]]).tolist()
    assert layer.is_constrained
    assert not Dense(units=3).is_constrained


def test_dropout_keeps_the_mean_and_is_off_outside_training() -> None:
    module = Dropout(rate=0.25).build((1000,))[0]
    ones = torch.ones(200, 1000)
    torch.manual_seed(0)
    dropped = module(ones)
    assert dropped.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert (dropped == 0).double().mean().item() == pytest.approx(0.25, abs=0.005)
    assert torch.equal(module.eval()(ones), ones)
