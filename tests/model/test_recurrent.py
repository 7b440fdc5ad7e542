"""Recurrent layers against their recurrence, written out in float64."""

import math

import pytest
import torch

from tuitrain.model.activations import Elu, Relu
from tuitrain.model.base import ImpossibleLayer
from tuitrain.model.plan import plan
from tuitrain.model.recurrent import Gru, Lstm, SimpleRnn
from tuitrain.model.structure import Model
from tuitrain.spec import parse

from ..narrow import of_type

STEPS, FEATURES, UNITS = 5, 3, 4


def rnn(f):
    def step(x, h, c, w, u, b, b2):
        return f(x @ w.T + b + h @ u.T + b2), c

    return step


def gru(x, h, c, w, u, b, b2):
    wr, wz, wn = (x @ w.T + b).chunk(3, 1)
    ur, uz, un = (h @ u.T + b2).chunk(3, 1)
    z = torch.sigmoid(wz + uz)
    return z * h + (1 - z) * torch.tanh(wn + torch.sigmoid(wr + ur) * un), c


def lstm(x, h, c, w, u, b, b2):
    i, f, g, o = (x @ w.T + b + h @ u.T + b2).chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


CELLS = [
    (SimpleRnn(units=UNITS), rnn(torch.tanh)),
    (SimpleRnn(units=UNITS, activation=Relu()), rnn(torch.relu)),
    (Gru(units=UNITS), gru),
    (Lstm(units=UNITS), lstm),
]
every_cell = pytest.mark.parametrize(("layer", "step"), CELLS, ids=lambda value: getattr(value, "type", ""))


def run(layer, shape, x):
    """What the layer makes of a batch, and its weights, all of them drawn anew."""
    (module,) = layer.build(shape)
    module.double()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    return module(x), list(module.parameters())


def by_hand(step, x, weights):
    h = c = torch.zeros(len(x), UNITS, dtype=torch.float64)
    states = []
    for t in range(x.shape[1]):
        h, c = step(x[:, t], h, c, *weights)
        states.append(h)
    return torch.stack(states, 1)


@every_cell
def test_a_sequence_is_read_step_by_step(layer, step):
    x = torch.randn(2, STEPS, FEATURES, dtype=torch.float64)
    everything = layer.model_copy(update={"return_sequences": True})
    result, weights = run(everything, (STEPS, FEATURES), x)
    torch.testing.assert_close(result, by_hand(step, x, weights), rtol=1e-11, atol=1e-11)
    result, weights = run(layer, (STEPS, FEATURES), x)
    torch.testing.assert_close(result, by_hand(step, x, weights)[:, -1], rtol=1e-11, atol=1e-11)


@every_cell
def test_the_rows_of_an_image_are_the_steps_with_the_channels_side_by_side(layer, step):
    x = torch.randn(2, 3, STEPS, 2, dtype=torch.float64)
    rows = torch.cat([x[:, channel] for channel in range(3)], dim=2)
    result, weights = run(layer, (3, STEPS, 2), x)
    assert rows.shape == (2, STEPS, 6)
    torch.testing.assert_close(result, by_hand(step, rows, weights)[:, -1], rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("kind", "gates"), [(SimpleRnn, 1), (Gru, 3), (Lstm, 4)])
def test_weights_are_drawn_gate_by_gate(kind, gates):
    cell = kind(units=32, bias_init={"type": "constant", "value": 0.25}).build((STEPS, 16))[0].cell
    radius = math.sqrt(6 / (16 + 32))
    for gate in cell.weight_ih_l0.chunk(gates):
        assert radius * 0.9 < gate.abs().max().item() <= radius
    for gate in cell.weight_hh_l0.chunk(gates):
        torch.testing.assert_close(gate @ gate.T, torch.eye(32), rtol=0, atol=1e-5)
    forget = [1.0 if kind is Lstm and gate == 1 else 0.25 for gate in range(gates)]
    assert cell.bias_ih_l0.view(gates, 32).tolist() == [[value] * 32 for value in forget]
    assert not cell.bias_hh_l0.any()


@every_cell
def test_gradients_pass_in_evaluation_mode_too(layer, step):
    (module,) = layer.build((STEPS, FEATURES))
    module.eval()(torch.randn(2, STEPS, FEATURES)).sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


@pytest.mark.parametrize("kind", [SimpleRnn, Gru, Lstm])
def test_units_are_no_sequence(kind):
    with pytest.raises(ImpossibleLayer) as error:
        kind().output_shape((784,))
    assert str(error.value) == (
        "needs a sequence (steps × features) or an image, got 784: put a reshape layer before it"
    )


def test_a_default_activation_that_the_cell_has_not_is_named():
    model = parse(Model, {"defaults": {"activation": "elu"}, "layers": ["simple_rnn", "lstm"]})
    first, *_ = plan(model, (STEPS, FEATURES), 2)
    assert isinstance(of_type(SimpleRnn, first.spec).activation, Elu)
    assert first.problem == "can have tanh or relu, and the default is elu: set activation"
