"""The probe says what torch makes of an experiment: the plan in plain Python has to agree with it."""

import pytest

from tuitrain.experiment.document import to_experiment
from tuitrain.spec import Invalid
from tuitrain.training.standby import probe

IMAGES = [
    {"type": "conv2d", "filters": 4, "padding": "same", "activation": "prelu"},
    {"type": "residual", "layers": ["batch_norm", {"type": "conv2d", "filters": 8, "stride": 2, "padding": "same"}]},
    {"type": "max_pool2d", "padding": "same"},
    {"type": "lstm", "units": 5, "return_sequences": True},
    {"type": "block", "repeat": 2, "layers": [{"type": "dense", "units": 6, "init": "orthogonal"}, "layer_norm"]},
    "flatten",
    {"type": "dense", "units": 40, "init": "zero_hadamard"},
]


def test_shapes_and_parameters_are_those_of_the_plan() -> None:
    experiment = to_experiment({"model": {"layers": IMAGES}})
    layers = probe(experiment)["layers"]
    plan = experiment.plan()
    assert [(one["name"], one["output_shape"], one["parameters"]) for one in layers] == [
        (layer.name, layer.output_shape, layer.parameters) for layer in plan
    ]


def test_it_says_what_is_known_of_the_data() -> None:
    known = probe(to_experiment({"data": {"type": "digits", "only_classes": [3, 5]}, "model": {"layers": ["flatten"]}}))
    assert (known["where"], known["shape"]) == ("scikit-learn", (1, 8, 8))
    assert (known["classes"], known["class_names"]) == (2, ("3", "5"))
    assert (known["train"], known["test"]) == (183 + 182, None)


def test_no_weight_is_drawn_however_large_the_network_is() -> None:
    """Its weights would take 800 GB."""
    wide = {"type": "dense", "units": 100_000}
    layers = probe(to_experiment({"model": {"layers": ["flatten", *[wide] * 21]}}))["layers"]
    assert sum(layer["parameters"] for layer in layers) > 20 * 10**10


def test_an_experiment_with_a_problem_is_refused() -> None:
    impossible = to_experiment({"model": {"layers": ["max_pool2d", "flatten"]}}).model
    experiment = to_experiment({"data": "spirals"}).model_copy(update={"model": impossible})
    with pytest.raises(Invalid, match=r"^model\.layers\[0\] \(layer 1\): needs an image"):
        probe(experiment)
