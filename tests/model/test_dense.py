import pytest
import torch

from tuitrain.model.dense import Dense


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)], ids=str)
def test_dense_computes_its_formula_on_the_last_axis(net_of, shape):
    layer = {"type": "dense", "units": 3, "activation": "tanh", "bias_init": {"type": "normal", "std": 1.0}}
    module = net_of(layer, shape=shape).module
    weight, bias = (module[0].get_parameter(name) for name in ("weight", "bias"))
    x = torch.randn(5, *shape, dtype=torch.float64)
    torch.testing.assert_close(module(x), torch.tanh(x @ weight.T + bias), rtol=1e-12, atol=1e-12)


def test_max_norm_shortens_only_the_rows_that_are_too_long():
    layer = Dense(units=3, max_norm=1.0)
    modules = layer.build((4,))
    weight = modules[0].get_parameter("weight")
    weight.data = torch.tensor([[3.0, 0, 4, 0], [0.1, 0.2, 0, 0], [0, 0, 0, -1.0]])
    layer.constrain(modules)
    assert weight[0].tolist() == pytest.approx([0.6, 0, 0.8, 0], rel=1e-6)
    assert weight[1:].tolist() == torch.tensor([[0.1, 0.2, 0, 0], [0, 0, 0, -1.0]]).tolist()
