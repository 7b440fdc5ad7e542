"""The contract of every initialiser: mean and spread of what it draws, torch.nn.init's own draw, a seed, its TOML."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from torch import Tensor, nn
from torch.nn import init

from tuitrain.experiment.document import to_document
from tuitrain.model.dense import Dense
from tuitrain.model.initializers import (
    BiasInitializer,
    Constant,
    Initializer,
    Normal,
    Orthogonal,
    Uniform,
    Zero,
)
from tuitrain.model.structure import Model
from tuitrain.spec import Invalid, members, parse

SHAPES = [(400, 600), (60, 400), (40, 30, 5, 3)]
ALL = members(Initializer)
FOR_BIASES = members(BiasInitializer)

every_initializer = pytest.mark.parametrize("name", ALL)
each_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def draw(initializer: object, shape: tuple[int, ...] = SHAPES[0], seed: int = 0) -> Tensor:
    assert isinstance(initializer, Initializer)
    torch.manual_seed(seed)
    weights = torch.full(shape, math.nan)
    initializer.fill(weights, *fans(shape))
    return weights


# Mean and standard deviation of one weight, for fan_in and fan_out.
MOMENTS: dict[str, Callable[[int, int], tuple[float, float]]] = {
    "zeros": lambda n, m: (0, 0),
    "ones": lambda n, m: (1, 0),
    "constant": lambda n, m: (0, 0),
    "normal": lambda n, m: (0, 0.05),
    "uniform": lambda n, m: (0, 0.05 / math.sqrt(3)),
    "glorot_uniform": lambda n, m: (0, math.sqrt(2 / (n + m))),
    "glorot_normal": lambda n, m: (0, math.sqrt(2 / (n + m))),
    "he_uniform": lambda n, m: (0, math.sqrt(2 / n)),
    "he_normal": lambda n, m: (0, math.sqrt(2 / n)),
    "lecun_uniform": lambda n, m: (0, math.sqrt(1 / n)),
    "lecun_normal": lambda n, m: (0, math.sqrt(1 / n)),
    "torch": lambda n, m: (0, math.sqrt(1 / (3 * n))),
}
IN_TORCH: dict[str, Callable[[Tensor], object]] = {
    "zeros": init.zeros_,
    "ones": init.ones_,
    "constant": lambda w: init.constant_(w, 0.0),
    "normal": lambda w: init.normal_(w, std=0.05),
    "uniform": lambda w: init.uniform_(w, -0.05, 0.05),
    "glorot_uniform": init.xavier_uniform_,
    "glorot_normal": init.xavier_normal_,
    "he_uniform": lambda w: init.kaiming_uniform_(w, nonlinearity="relu"),
    "he_normal": lambda w: init.kaiming_normal_(w, nonlinearity="relu"),
    "lecun_uniform": lambda w: init.kaiming_uniform_(w, nonlinearity="linear"),
    "lecun_normal": lambda w: init.kaiming_normal_(w, nonlinearity="linear"),
    "torch": lambda w: init.kaiming_uniform_(w, a=math.sqrt(5)),
    "orthogonal": init.orthogonal_,
}


def test_every_initializer_is_compared_here() -> None:
    assert MOMENTS.keys() == FOR_BIASES.keys()
    assert {*IN_TORCH, "zero_hadamard"} == ALL.keys()


@pytest.mark.parametrize("name", MOMENTS)
@each_shape
def test_mean_and_standard_deviation_follow_the_formula(name: str, shape: tuple[int, ...]) -> None:
    weights = draw(ALL[name](), shape).double()
    mean, std = MOMENTS[name](*fans(shape))
    # Both bounds are five standard errors; those of a normal draw are the wider ones.
    count = weights.numel()
    assert abs(weights.mean().item() - mean) <= 5 * std / math.sqrt(count)
    assert weights.std().item() == pytest.approx(std, rel=5 / math.sqrt(2 * count))


@pytest.mark.parametrize("name", IN_TORCH)
@each_shape
def test_a_seed_draws_what_it_draws_in_torch(name: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(3)
    expected = torch.empty(shape)
    IN_TORCH[name](expected)
    torch.testing.assert_close(draw(ALL[name](), shape, seed=3), expected, rtol=1e-5, atol=1e-7)


@every_initializer
def test_a_seed_repeats_the_draw(name: str) -> None:
    assert torch.equal(draw(ALL[name](), seed=3), draw(ALL[name](), seed=3))


def test_the_fields_of_an_initializer_are_used() -> None:
    assert draw(Constant(value=0.1)).unique().tolist() == pytest.approx([0.1])
    assert draw(Normal(std=2.0)).std().item() == pytest.approx(2, rel=0.01)
    assert draw(Normal(std="1/sqrt(fan_in)")).std().item() == pytest.approx(1 / math.sqrt(600), rel=0.01)
    wide = draw(Uniform(minval=-1.0, maxval=3.0))
    assert (wide.min().item(), wide.max().item()) == pytest.approx((-1, 3), abs=0.001)


def test_torch_is_what_torch_draws_for_a_layer_of_its_own() -> None:
    torch.manual_seed(5)
    theirs = nn.Linear(30, 20)
    torch.manual_seed(5)
    ours = Dense.model_validate({"units": 20, "init": "torch", "bias_init": "torch"}).build((30,))[0]
    for name, parameter in theirs.named_parameters():
        torch.testing.assert_close(ours.get_parameter(name), parameter, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", FOR_BIASES)
def test_biases_have_the_fans_of_their_weights(name: str) -> None:
    initializer = FOR_BIASES[name]()
    assert isinstance(initializer, Initializer)
    torch.manual_seed(0)
    biases = torch.full((10_000,), math.nan)
    initializer.fill(biases, 12, 10_000)
    mean, std = MOMENTS[name](12, 10_000)
    assert abs(biases.mean().item() - mean) <= 5 * std / 100
    assert biases.std().item() == pytest.approx(std, rel=5 / math.sqrt(20_000))


@pytest.mark.parametrize("name", sorted(ALL.keys() - FOR_BIASES.keys()))
def test_what_makes_a_matrix_is_refused_for_biases(name: str) -> None:
    document: dict[str, Any] = {"layers": [{"type": "dense", "bias_init": name}], "defaults": {"bias_init": name}}
    with pytest.raises(Invalid) as refused:
        parse(Model, document)
    assert [str(one).partition(";")[0] for one in refused.value.problems] == [
        f"defaults.bias_init: unknown type {name!r}",
        f"layers[0].bias_init (layer 1): unknown type {name!r}",
    ]


@every_initializer
def test_the_document_makes_the_same_initializer(name: str) -> None:
    initializer = ALL[name]()
    assert isinstance(initializer, Initializer)
    adapter: TypeAdapter[Initializer] = TypeAdapter(Initializer)
    assert adapter.validate_python(name) == initializer
    assert adapter.validate_python(to_document(initializer, complete=True)) == initializer


sizes = st.integers(1, 40)
kernels: st.SearchStrategy[list[int]] = st.lists(st.integers(1, 4), min_size=2, max_size=2) | st.just([])


@given(rows=sizes, columns=sizes, kernel=kernels, gain=st.floats(0.1, 10))
def test_orthogonal_rows_or_columns_are_gain_long(rows: int, columns: int, kernel: list[int], gain: float) -> None:
    matrix = draw(Orthogonal(gain=gain), (rows, columns, *kernel)).flatten(1).double()
    product = matrix @ matrix.T if rows <= matrix.shape[1] else matrix.T @ matrix
    expected = gain**2 * torch.eye(len(product), dtype=torch.float64)
    torch.testing.assert_close(product, expected, rtol=1e-5, atol=1e-5 * gain**2)


@given(rows=sizes, columns=sizes)
def test_zero_is_the_identity_or_a_corner_of_the_hadamard_matrix(rows: int, columns: int) -> None:
    weights = draw(Zero(), (rows, columns)).double()
    if rows <= columns:
        assert torch.equal(weights, torch.eye(rows, columns, dtype=torch.float64))
        return
    m = math.ceil(math.log2(rows))
    c = 2 ** (-(m - 1) / 2)
    signs = [[(-1) ** (i & j).bit_count() for j in range(columns)] for i in range(rows)]
    torch.testing.assert_close(weights, c * torch.tensor(signs, dtype=torch.float64), rtol=1e-6, atol=0)
    assert torch.linalg.matrix_rank(weights) == columns


@given(exponent=st.integers(1, 6), data=st.data())
def test_zero_makes_a_signal_at_most_the_root_of_two_longer(exponent: int, data: st.DataObject) -> None:
    rows = data.draw(st.integers(2 ** (exponent - 1) + 1, 2**exponent))
    columns = data.draw(st.integers(1, 2 ** (exponent - 1)))
    stretch = torch.linalg.svdvals(draw(Zero(), (rows, columns)).double())
    assert stretch.max() <= math.sqrt(2) * (1 + 1e-6)
    assert stretch.min() >= 1 - 1e-6


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@given(outputs=sizes, inputs=sizes, kernel=st.integers(1, 5))
def test_a_convolution_of_zero_maps_each_pixel_on_its_own(outputs: int, inputs: int, kernel: int) -> None:
    convolution = nn.Conv2d(inputs, outputs, kernel, padding="same", bias=False)
    convolution.weight.data = draw(Zero(), (outputs, inputs, kernel, kernel))
    image = torch.randn(1, inputs, 6, 7)
    expected = torch.einsum("oi,bihw->bohw", draw(Zero(), (outputs, inputs)), image)
    torch.testing.assert_close(convolution(image), expected, rtol=1e-4, atol=1e-4)


def deep(activation: str, initializer: str) -> list[Tensor]:
    """The outputs of 20 dense layers of 512 units, each with its activation, for inputs from N(0, 1)."""
    torch.manual_seed(0)
    layer = Dense.model_validate({"units": 512, "activation": activation, "init": initializer})
    signals = [torch.randn(200, 512)]
    with torch.no_grad():
        for _ in range(20):
            signals.append(nn.Sequential(*layer.build((512,)))(signals[-1]))
    return signals


def test_he_normal_keeps_the_size_of_a_signal_through_twenty_layers_of_relu() -> None:
    sizes = [signal.square().mean().item() for signal in deep("relu", "he_normal")]
    # A layer multiplies the mean square by 1 in the mean, with variance 5/512: five standard deviations in the log.
    assert all(abs(math.log(size)) <= 5 * math.sqrt(5 / 512 * 20) for size in sizes)
    assert deep("relu", "glorot_uniform")[-1].square().mean().item() < 1e-4  # ideally 2^-20


def test_lecun_normal_keeps_mean_and_variance_through_twenty_layers_of_selu() -> None:
    for signal in deep("selu", "lecun_normal"):
        # The domain that the activation maps into itself (Klambauer et al. 2017, theorem 1).
        assert abs(signal.mean().item()) <= 0.1
        assert 0.8 <= signal.var().item() <= 1.5
