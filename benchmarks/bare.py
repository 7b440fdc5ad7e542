"""The yardstick: the same training in a bare PyTorch loop, as quick as it can be written without tricks.

    python benchmarks/bare.py EXPERIMENT.toml MARKS

It trains until it is ended and appends "time step" to the file MARKS every 16 steps. Data, batch size, learning rate
and number of threads are the experiment's; inputs are flat from the beginning, and many batches are gathered at once.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from tuitrain.experiment import presets
from tuitrain.experiment.experiment import Experiment
from tuitrain.model.dense import Dense
from tuitrain.model.normalization import BatchNorm
from tuitrain.training.device import set_threads

AT_ONCE = 64


def network(experiment: Experiment, inputs: int, classes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for layer in experiment.plan()[:-1]:
        match layer.spec:
            case Dense(units=units):
                layers += [nn.Linear(inputs, units), nn.ReLU()]
                inputs = units
            case BatchNorm(epsilon=epsilon, momentum=momentum):
                layers.append(nn.BatchNorm1d(inputs, epsilon, momentum=1 - momentum))
    return nn.Sequential(*layers, nn.Linear(inputs, classes))


def train(x: torch.Tensor, y: torch.Tensor, model: nn.Module, batch: int, lr: float, marks: Path) -> None:
    parameters = list(model.parameters())
    optimizer = torch.optim.SGD(parameters, lr=lr, fused=True)
    steps = 0
    with marks.open("w", buffering=1, encoding="ascii") as file:
        while True:
            loss_sum = torch.zeros(())
            correct = torch.zeros((), dtype=torch.int64)
            for chosen in torch.randperm(len(x)).split(AT_ONCE * batch):
                for xb, yb in zip(x[chosen].split(batch), y[chosen].split(batch), strict=True):
                    outputs = model(xb)
                    loss = cross_entropy(outputs, yb)
                    loss.backward()
                    optimizer.step()
                    for parameter in parameters:
                        parameter.grad = None
                    loss_sum += loss.detach()
                    correct += (outputs.argmax(1) == yb).sum()
                    steps += 1
                    if steps % 16 == 0:
                        file.write(f"{time.time()} {steps}\n")


def main() -> None:
    experiment = presets.load(sys.argv[1])
    set_threads(experiment.threads)
    data = experiment.data.load(experiment.seed)
    assert isinstance(data.train_x, torch.Tensor) and experiment.batch_size != "full"
    x = data.train_x.flatten(1)
    model = network(experiment, x.shape[1], data.facts.classes or 1)
    train(x, data.train_y, model, experiment.batch_size, experiment.optimizer.lr, Path(sys.argv[2]))


if __name__ == "__main__":
    main()
