import pytest

from tuitrain.spec import Problem
from tuitrain.tui.editor import explain

DOCUMENT = {
    "model": {
        "layers": [
            "flatten",
            {"type": "block", "layers": [{"type": "dense"}, {"type": "group_norm", "groups": 3}]},
        ]
    },
    "callbacks": ["checkpoint", {"type": "tensorboard"}],
}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("model", "layers", 0), "layer 1 (flatten): "),
        (("model", "layers", 1, "layers", 1, "groups"), "layer 2 (block), layer 2 (group_norm), groups: "),
        (("model", "layers", 7), "layer 8: "),
        (("model", "layers"), "layers: "),
        (("model", "output", "bias_init"), "output layer, bias init: "),
        (("model", "defaults"), "defaults: "),
        (("callbacks", 1), "callback 2 (tensorboard): "),
        (("data", "validation", "size"), "data, validation, size: "),
        (("schedule", "boundaries", 1), "schedule, boundaries 2: "),
        (("batch_size",), "batch size: "),
        ((), ""),
    ],
)
def test_a_place_is_named_as_its_row_is(path, place):
    assert explain(Problem(path, "is wrong"), DOCUMENT) == f"{place}is wrong"
