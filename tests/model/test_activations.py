"""The contract of every activation: its formula in float64, its gradient, its range, its parameters, its TOML."""

import math
from collections.abc import Callable

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor
from torch.nn import functional

from tuitrain.experiment.document import to_document
from tuitrain.model.activations import Activation, Elu, Gelu, LeakyRelu, Prelu, Selu
from tuitrain.model.base import ImpossibleLayer
from tuitrain.model.dense import Dense
from tuitrain.model.plan import plan
from tuitrain.model.structure import Model
from tuitrain.spec import members, summary

Function = Callable[[Tensor], Tensor]


def rectified(below: Function) -> Function:
    """z above 0, and something else below; z there, so that nothing above can overflow."""
    return lambda z: torch.where(z > 0, z, below(z.clamp(max=0)))


def channel_axis(z: Tensor) -> int:
    """That of a batch: of sequences (batch, steps, features) the last, else the one behind the batch."""
    return 2 if z.dim() == 3 else 1


FORMULAS: dict[str, Function] = {
    "linear": lambda z: z,
    "relu": lambda z: (z + z.abs()) / 2,
    "leaky_relu": rectified(lambda z: 0.3 * z),
    "prelu": rectified(lambda z: 0.25 * z),
    "elu": rectified(lambda z: torch.exp(z) - 1),
    "selu": lambda z: 1.0507009873554805 * rectified(lambda z: 1.6732632423543772 * (torch.exp(z) - 1))(z),
    "gelu": lambda z: z * torch.special.ndtr(z),
    "silu": lambda z: z / (1 + torch.exp(-z)),
    "mish": lambda z: z * torch.tanh(torch.log(1 + torch.exp(z))),
    "sigmoid": lambda z: 1 / (1 + torch.exp(-z)),
    "hard_sigmoid": lambda z: (z / 6 + 1 / 2).clamp(0, 1),
    "tanh": lambda z: (torch.exp(2 * z) - 1) / (torch.exp(2 * z) + 1),
    "softsign": lambda z: z / (1 + z.abs()),
    "softplus": lambda z: torch.log(1 + torch.exp(z)),
    "softmax": lambda z: torch.exp(z) / torch.exp(z).sum(dim=channel_axis(z), keepdim=True),
}
WITH_FIELDS: list[tuple[Activation, Function]] = [
    (LeakyRelu(negative_slope=0.01), functional.leaky_relu),
    (LeakyRelu(negative_slope=0.0), functional.relu),
    (Elu(alpha=0.5), lambda z: functional.elu(z, 0.5)),
    (Gelu(approximate=True), lambda z: z * (1 + torch.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))) / 2),
]
SHAPES = [(143,), (11, 13), (11, 1, 13)]
Z = torch.linspace(-8, 8, 1001, dtype=torch.float64)
ALL = members(Activation)

every_activation = pytest.mark.parametrize("name", ALL)
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def make(name: str) -> Activation:
    activation = ALL[name]()
    assert isinstance(activation, Activation)
    return activation


def assert_equal(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_every_activation_has_a_formula_here() -> None:
    assert FORMULAS.keys() == ALL.keys()


@every_activation
@each_shape
def test_the_module_computes_the_formula(name: str, shape: tuple[int, ...]) -> None:
    z = Z.reshape(7, *shape)
    assert_equal(make(name).build(shape).double()(z), FORMULAS[name](z))


@pytest.mark.parametrize(("activation", "formula"), WITH_FIELDS, ids=[summary(one) for one, _ in WITH_FIELDS])
def test_the_fields_enter_the_formula(activation: Activation, formula: Function) -> None:
    assert_equal(activation.build((1,))(Z[:, None]), formula(Z[:, None]))


@every_activation
def test_the_gradient_is_that_of_the_formula_and_of_the_module(name: str) -> None:
    # Between the kinks, which are at whole numbers, a difference quotient is a derivative.
    z = torch.linspace(-5.5, 5.5, 12, dtype=torch.float64).reshape(3, 4).requires_grad_()
    module = make(name).build((4,)).double()
    assert torch.autograd.gradcheck(lambda z, *parameters: module(z), (z, *module.parameters()))
    (expected,) = torch.autograd.grad(FORMULAS[name](z).square().sum(), z)
    (found,) = torch.autograd.grad(module(z).square().sum(), z)
    # Not 1e-12: the gradient of torch's hard sigmoid has a 1/6 of single precision, in float64 too.
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-12)


@every_activation
def test_bounds_are_what_the_ends_approach(name: str) -> None:
    activation = make(name)
    far = torch.tensor([[-1e12, 1e12]], dtype=torch.float64)
    ends = activation.build((2,)).double()(far).flatten().tolist()
    if activation.bounds is None:
        assert ends[1] >= 1e12
    else:
        assert ends == pytest.approx(activation.bounds, abs=1e-9)


@every_activation
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if len(shape) < 3], ids=str)
def test_a_dense_layer_counts_what_its_activation_trains(name: str, shape: tuple[int, ...]) -> None:
    layer = Dense.model_validate({"units": 6, "activation": name})
    modules = torch.nn.Sequential(*layer.build(shape))
    assert sum(p.numel() for p in modules.parameters()) == layer.parameters(shape)
    assert modules(torch.zeros(2, *shape)).shape == (2, *layer.output_shape(shape))


@every_activation
def test_the_document_makes_the_same_activation(name: str) -> None:
    adapter: TypeAdapter[Activation] = TypeAdapter(Activation)
    assert adapter.validate_python(name) == make(name)
    assert adapter.validate_python(to_document(make(name), complete=True)) == make(name)


@pytest.mark.parametrize("wrong", [{"negative_slope": -0.1}, {"negative_slope": 1.1}])
def test_a_slope_is_neither_negative_nor_steeper_than_above(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        LeakyRelu.model_validate(wrong)


@each_shape
def test_prelu_trains_a_slope_for_each_channel(shape: tuple[int, ...]) -> None:
    z = Z.reshape(7, *shape)
    axis = channel_axis(z)
    slopes = torch.arange(z.shape[axis], dtype=torch.float64)
    module = Prelu().build(shape).double()
    (weight,) = module.parameters()
    assert weight.tolist() == [0.25] * len(slopes)
    weight.data = slopes
    assert_equal(module(z), functional.prelu(z.movedim(axis, 1), slopes).movedim(1, axis))


@each_shape
def test_softmax_sums_to_one_over_the_channels(shape: tuple[int, ...]) -> None:
    outputs = make("softmax").build(shape)(Z.reshape(7, *shape))
    sums = outputs.sum(dim=channel_axis(outputs))
    assert_equal(sums, torch.ones_like(sums))


@pytest.mark.parametrize("name", ["softmax", "prelu"])
def test_what_acts_on_channels_does_not_go_behind_a_dense_layer_on_an_image(name: str) -> None:
    layer = Dense.model_validate({"units": 6, "activation": name})
    with pytest.raises(ImpossibleLayer, match=rf"cannot have {name} on 3×5×6: .* put a flatten layer before it"):
        layer.output_shape((3, 5, 7))
    assert layer.output_shape((5, 7)) == (5, 6)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ({"type": "dense", "units": 1, "activation": "softmax"}, (4,)),
        ({"type": "dense", "units": 1, "activation": "softmax"}, (9, 4)),
        ({"type": "conv2d", "filters": 1, "activation": "softmax"}, (2, 9, 9)),
        ({"type": "activation", "activation": "softmax"}, (1, 9, 9)),
    ],
)
def test_softmax_over_a_single_number_is_impossible(layer: dict[str, object], shape: tuple[int, ...]) -> None:
    model = Model.model_validate({"layers": [layer]})
    problem = "has softmax over a single number, which is always 1: take another activation"
    assert [one.problem for one in plan(model, shape, 10)] == [problem, None]


def test_so_is_softmax_behind_an_output_of_one_unit() -> None:
    model = Model.model_validate({"output": {"activation": "softmax"}})
    assert [one.problem is None for outputs in (1, 2) for one in plan(model, (4,), outputs)] == [False, True]


def test_mean_0_and_variance_1_are_the_fixed_point_of_selu() -> None:
    # Over N(0, 1) by the midpoint rule on 200,000 points from -10 to 10.
    width = 20 / 200_000
    z = torch.arange(-10 + width / 2, 10, width, dtype=torch.float64)
    weight = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi) * width
    a = Selu().build((1,))(z[:, None]).flatten()
    mean = (weight * a).sum()
    assert mean.item() == pytest.approx(0, abs=1e-8)
    assert (weight * (a - mean).square()).sum().item() == pytest.approx(1, abs=1e-8)
