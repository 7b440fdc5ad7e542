"""Probe: what torch makes of an experiment, and what is known of its data, before anything is loaded or trained."""

from typing import Any

import torch

from tuitrain.experiment.experiment import Experiment
from tuitrain.experiment.problems import examine
from tuitrain.model.network import build
from tuitrain.spec import Invalid


def probe(experiment: Experiment) -> dict[str, Any]:
    """The facts of the data, and of each layer its name, the shape behind it and its number of parameters.

    The shapes are those of a batch that goes through the network on torch's meta device, where tensors have no values:
    no weight is drawn or read from a file, whatever its size.

    Raises:
        Invalid: with every problem of the experiment.
    """
    examined = examine(experiment)
    if examined.problems or examined.facts.shape is None:
        raise Invalid(examined.problems)
    shapes: dict[str, tuple[int, ...]] = {}
    with torch.device("meta"), torch.inference_mode():
        network = build(examined.layers, experiment.seed, restored=True)
        for layer in network.layers:
            name = layer.planned.name
            layer.modules[-1].register_forward_hook(
                lambda _, inputs, outputs, name=name: shapes.update({name: tuple(outputs.shape[1:])})
            )
        network.module.eval()(torch.empty(1, *examined.facts.shape))
    facts = examined.facts
    return {
        "where": experiment.data.where(),
        "shape": facts.shape,
        "classes": facts.classes,
        "class_names": facts.class_names,
        "train": facts.train,
        "test": facts.test,
        "layers": [
            {
                "name": layer.planned.name,
                "output_shape": shapes[layer.planned.name],
                "parameters": sum(one.numel() for module in layer.modules for one in module.parameters()),
            }
            for layer in network.layers
        ],
    }
