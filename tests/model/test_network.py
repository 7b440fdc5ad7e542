import torch
from hypothesis import given
from hypothesis import strategies as st

from tuitrain.model.network import build
from tuitrain.model.plan import plan
from tuitrain.model.structure import Model
from tuitrain.spec import parse


@given(
    widths=st.lists(st.integers(1, 20), max_size=5),
    inputs=st.integers(1, 20),
    outputs=st.integers(1, 10),
    bias=st.booleans(),
)
def test_the_plan_counts_what_torch_builds(widths: list[int], inputs: int, outputs: int, bias: bool) -> None:
    model = parse(Model, {"layers": [{"type": "dense", "units": width, "bias": bias} for width in widths]})
    layers = plan(model, (inputs,), outputs)
    network = build(layers, 0)
    assert sum(p.numel() for p in network.module.parameters()) == sum(layer.parameters for layer in layers)
    assert network.module(torch.zeros(2, inputs)).shape == (2, outputs)


def test_equal_seeds_draw_equal_networks() -> None:
    layers = plan(parse(Model, {"layers": [{"type": "dense", "units": 9}]}), (4,), 2)
    first, again, other = (build(layers, seed).module.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])
