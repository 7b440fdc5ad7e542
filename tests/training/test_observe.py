import pytest
import torch
from torch import nn

from tuitrain.experiment.document import to_experiment
from tuitrain.model.base import weights_of
from tuitrain.training.observe import Observer, Pace
from tuitrain.training.prepare import prepare
from tuitrain.training.probes import Probe, probes_of

from ..narrow import present

DOCUMENT = {
    "schedule": "constant",
    "model": {
        "layers": [
            {
                "type": "dense",
                "units": 8,
                "activation": "relu",
                "init": "he_normal",
                "regularizer": {"type": "l2", "l2": 0.01},
            },
            {"type": "dropout", "rate": 0.0},
            {"type": "dense", "units": 6, "activation": "tanh", "init": {"type": "normal", "std": 3.0}, "bias": False},
            {"type": "dense", "units": 3, "activation": "sigmoid", "init": "zeros"},
        ],
    },
}


@pytest.fixture
def observed(spirals, stepper_of):
    """The statistics of one step, and the same by hand: (activations, weights before, gradients, weights after)."""
    prepared = prepare(spirals(**DOCUMENT), "cpu")
    net, data = prepared.network.module.train(), prepared.train
    batch = data.first(10)
    with torch.no_grad():
        first = nn.functional.relu(net[0](batch[0]))
        second = torch.tanh(net[3](first))
        third = torch.sigmoid(net[5](second))
    outputs = [first, first, second, third, net[7](third).detach()]
    before = {name: value.clone() for name, value in net.state_dict().items()}
    loss = nn.functional.cross_entropy(net(batch[0]), batch[1]) + 0.01 * net[0].get_parameter("weight").square().sum()
    names = dict(net.named_parameters())
    gradients = dict(zip(names, torch.autograd.grad(loss, list(names.values())), strict=True))
    *_, statistics = stepper_of(prepared).observed(batch, Observer(probes_of(prepared.network)))
    return statistics.read(), outputs, before, gradients, net.state_dict()


def test_gradients_and_weights_are_those_of_the_loss_as_it_is_optimised(observed):
    read, _, before, gradients, after = observed
    places = ["0", None, "3", "5", "7"]
    for index, place in enumerate(places):
        if place is None:
            assert all(
                read[name][index] is None
                for name in ("gradient_norm", "bias_gradient_norm", "gradient_rms", "weight_norm", "update_ratio")
            )
            continue
        weight, bias = f"{place}.weight", f"{place}.bias"
        own = torch.cat([gradients[name].flatten() for name in (weight, bias) if name in gradients])
        assert read["gradient_norm"][index] == pytest.approx(gradients[weight].norm().item(), rel=1e-5)
        assert read["gradient_rms"][index] == pytest.approx(own.square().mean().sqrt().item(), rel=1e-5)
        assert read["weight_norm"][index] == pytest.approx(before[weight].norm().item(), rel=1e-5)
        if bias in gradients:
            assert read["bias_gradient_norm"][index] == pytest.approx(gradients[bias].norm().item(), rel=1e-5)
        else:
            assert read["bias_gradient_norm"][index] is None
        size = before[weight].norm().item()
        if size:
            ratio = (after[weight] - before[weight]).norm().item() / size
            assert read["update_ratio"][index] == pytest.approx(ratio, rel=1e-4)
        else:
            assert read["update_ratio"][index] is None


def test_activations_are_those_of_the_batch(observed):
    read, outputs, *_ = observed
    for index, out in enumerate(outputs):
        assert read["activation_mean"][index] == pytest.approx(out.mean().item(), abs=1e-6)
        assert read["activation_std"][index] == pytest.approx(out.std(correction=0).item(), abs=1e-6)
        assert read["zero_share"][index] == pytest.approx((out == 0).float().mean().item())


def test_units_die_only_where_the_activation_is_flat_at_zero(observed):
    read, outputs, *_ = observed
    dead = (outputs[0] == 0).all(dim=0).float().mean().item()
    assert read["dead_share"] == (pytest.approx(dead), None, None, None, None)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ({"type": "conv2d", "filters": 2, "kernel_size": 1}, [1, 8, 8]),
        ({"type": "dense", "units": 2}, [2, 4, 8]),
        ({"type": "simple_rnn", "units": 2, "return_sequences": True, "recurrent_init": "zeros"}, [8, 8]),
    ],
    ids=["of an image", "behind an image", "of a sequence"],
)
def test_a_unit_is_dead_only_where_it_is_0_at_all_positions(layer, shape, stepper_of):
    layers = [{"type": "reshape", "shape": shape}, {**layer, "activation": "relu", "init": "ones"}, "flatten"]
    document = {"threads": 1, "data": {"type": "digits", "limit": 50}, "model": {"layers": layers}}
    prepared = prepare(to_experiment(document), "cpu")
    data, network = prepared.train, prepared.network
    with torch.no_grad():
        weights_of(network.layers[1].modules[0])[0][1] *= -1  # never above 0 for inputs that are never below
    inputs, targets, labels = data.first(len(data))
    inputs.abs_().flatten(1)[:, :8] = 0  # so the other unit is 0 at the first position
    *_, statistics = stepper_of(prepared).observed((inputs, targets, labels), Observer(probes_of(network)))
    assert statistics.read()["dead_share"][1] == 0.5


def test_outputs_saturate_near_the_ends_of_a_bounded_activation(observed):
    read, outputs, *_ = observed
    near = (outputs[2].abs() >= 0.9).float().mean().item()  # 5% of the range from -1 to 1
    assert 0 < near < 1
    assert read["saturated_share"] == (None, None, pytest.approx(near), 0.0, None)


def test_a_layer_of_several_tensors_is_taken_as_one():
    lstm = nn.LSTM(2, 3)  # two matrices and two vectors of biases
    weights = (lstm.get_parameter("weight_ih_l0"), lstm.get_parameter("weight_hh_l0"))
    biases = (lstm.get_parameter("bias_ih_l0"), lstm.get_parameter("bias_hh_l0"))
    observer = Observer((Probe("lstm", nn.Identity(), weights, biases),))
    with observer.activations():
        outputs, _ = lstm(torch.linspace(-1, 1, 8).reshape(4, 2))
        outputs.square().sum().backward()
    gradients = {
        name: torch.cat([present(one.grad).flatten() for one in group])
        for name, group in (("w", weights), ("b", biases))
    }
    before = torch.cat([weight.detach().flatten() for weight in weights])
    observer.before_update()
    with torch.no_grad():
        for weight in weights:
            weight.mul_(1.5)
    read = observer.after_update().read()
    assert read["gradient_norm"][0] == pytest.approx(gradients["w"].norm().item())
    assert read["bias_gradient_norm"][0] == pytest.approx(gradients["b"].norm().item())
    assert read["gradient_rms"][0] == pytest.approx(torch.cat(list(gradients.values())).square().mean().sqrt().item())
    assert read["weight_norm"][0] == pytest.approx(before.norm().item())
    assert read["update_ratio"][0] == pytest.approx(0.5)


class Own(nn.Module):
    """A network that no plan of ours describes."""

    def __init__(self):
        super().__init__()
        self.hidden, self.activation, self.last = nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)

    def forward(self, x):
        return self.last(self.activation(self.hidden(x)) + 1.0)


def test_a_module_of_anothers_is_observed_in_a_loop_of_his_own():
    torch.manual_seed(0)
    own, x = Own(), torch.randn(6, 3) * 3
    optimizer = torch.optim.SGD(own.parameters(), lr=0.5)
    hidden, hidden_bias, last, last_bias = own.parameters()
    observer = Observer(
        (
            Probe("hidden", own.activation, (hidden,), (hidden_bias,), bounds=(-1.0, 1.0)),
            Probe("last", own.last, (last,), (last_bias,)),
        ),
        watched="hidden",
    )
    with observer.activations():
        own(x).square().mean().backward()
    observer.before_update()
    before = [one.clone() for one in own.parameters()]
    optimizer.step()
    observed = observer.after_update()
    read, activations = observed.read(), torch.tanh(x @ before[0].T + before[1])
    norms = [present(weight.grad).norm().item() for weight in (hidden, last)]
    assert read["gradient_norm"] == pytest.approx(norms)
    sizes = [before[0].norm().item(), before[2].norm().item()]
    ratios = [0.5 * norm / size for norm, size in zip(norms, sizes, strict=True)]
    assert read["update_ratio"] == pytest.approx(ratios, rel=1e-5)
    assert read["activation_mean"][0] == pytest.approx(activations.mean().item(), abs=1e-6)
    assert read["saturated_share"] == (pytest.approx((activations.abs() >= 0.9).float().mean().item()), None)
    assert read["dead_share"] == (None, None)
    units = present(observed.read_units())
    assert (units["layer"], units["bias_gradient"]) == ("hidden", tuple(present(hidden_bias.grad).tolist()))


def test_no_hook_stays_behind(spirals, stepper_of):
    prepared = prepare(spirals(), "cpu")
    data = prepared.train
    stepper_of(prepared).observed((data.inputs, data.targets, data.labels), Observer(probes_of(prepared.network)))
    assert not any(module._forward_hooks for module in prepared.network.module.modules())


def test_auto_is_once_a_second_and_two_percent_of_the_time():
    pace = Pace("auto", 10)
    assert pace.is_due(0, 100.0)
    pace.took(0.5, None, 100.0)  # the first step warms up, which is no cost of observing
    assert not pace.is_due(1, 100.99)
    assert pace.is_due(1, 101.0)
    pace.took(0.15, 0.05, 101.0)
    assert not pace.is_due(2, 105.9)
    assert pace.is_due(2, 106.1)
