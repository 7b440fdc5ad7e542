"""Memory: validation in chunks that take no more than training, and what does not fit is refused beforehand."""

from collections import Counter

import pytest
import torch

from tuitrain.errors import Refused
from tuitrain.model.network import build
from tuitrain.training.control import Control
from tuitrain.training.device import is_out_of_memory
from tuitrain.training.prepare import MOST_OUTPUTS, MOST_VALIDATED, outputs_per_sample, prepare, validation_chunk
from tuitrain.training.trainer import Trainer

from ..narrow import present

IMAGES = {"type": "digits"}
CONVOLUTIONS = [
    {"type": "conv2d", "filters": 64, "kernel_size": 3, "padding": "same", "activation": "relu"},
    {"type": "batch_norm"},
    "flatten",
]


def test_outputs_are_those_of_every_module(spirals):
    prepared = prepare(spirals(data=IMAGES, model={"layers": CONVOLUTIONS}), "cpu")
    convolution = 64 * 8 * 8
    expected = convolution * 4 + 10  # convolution, relu, batch norm, flatten; output
    assert outputs_per_sample(prepared.network.module, prepared.train.first(1)[0]) == expected


@pytest.mark.parametrize("kind", ["gru", "lstm", "simple_rnn"])
def test_a_recurrent_layer_is_measured_too(spirals, kind):
    layers = [{"type": "reshape", "shape": [8, 8]}, {"type": kind, "units": 5, "return_sequences": True}, "flatten"]
    prepared = prepare(spirals(data=IMAGES, model={"layers": layers}), "cpu")
    assert outputs_per_sample(prepared.network.module, prepared.train.first(1)[0]) >= 8 * 5


@pytest.mark.parametrize("batch_size", [1, 8, 100, 1000])
@pytest.mark.parametrize("width", [10, 30_000, 10_000_000])
def test_a_chunk_is_a_batch_of_training_or_takes_little(batch_size, width):
    module = torch.nn.Linear(1, width, device="meta")
    chunk = validation_chunk(module, torch.empty(1, 1, device="meta"), batch_size)
    assert 1 <= chunk <= MOST_VALIDATED
    assert chunk <= batch_size or chunk * width <= MOST_OUTPUTS
    assert chunk in (MOST_VALIDATED, batch_size) or (chunk + 1) * width > MOST_OUTPUTS


def test_validation_holds_no_more_than_the_budget_at_once(spirals):
    wide = {"data": {"type": "spirals", "samples": 5000}, "model": {"layers": [{"type": "dense", "units": 50_000}]}}
    prepared = prepare(spirals(**wide, epochs=1, batch_size=8), "cpu")
    assert prepared.validation_chunk < 512
    sizes = []
    prepared.network.module[0].register_forward_hook(lambda one, into, out: sizes.append(out.numel()))
    Trainer(prepared)._stepper.evaluate(present(prepared.validation))
    assert 0 < max(sizes) <= MOST_OUTPUTS


def exhaust(*_):
    torch.empty(1 << 60)


def test_out_of_memory_in_validation_does_not_blame_the_batch(spirals):
    trainer = Trainer(prepare(spirals(), "cpu"))
    module = trainer.prepared.network.module
    module[0].register_forward_hook(lambda *_: None if module.training else exhaust())
    with pytest.raises(Refused, match=r"^out of memory on cpu while validating .* samples at once: take fewer units"):
        list(trainer.run(Control()))


def test_a_validation_that_does_not_fit_is_refused_before_there_is_a_run(spirals, monkeypatch):
    from tuitrain.training import prepare as module

    def build_greedy(*arguments, **options):
        network = build(*arguments, **options)
        network.module[0].register_forward_hook(lambda one, into, out: exhaust() if len(out) > 10 else None)
        return network

    monkeypatch.setattr(module, "build", build_greedy)
    with pytest.raises(Refused, match="not enough memory"):
        prepare(spirals(batch_size=10), "cpu")
    prepare(spirals(batch_size=10, data={"type": "spirals", "validation": "none"}), "cpu")


@pytest.mark.parametrize(("optimizer", "copies"), [("rmsprop", 1), ("adam", 2), ("nadam", 2), ("adadelta", 2)])
def test_the_state_of_the_optimizer_is_rehearsed(spirals, monkeypatch, optimizer, copies):
    real = torch.empty_like

    def made_for(name):
        made = Counter[torch.Size]()
        with monkeypatch.context() as patch:
            patch.setattr(torch, "empty_like", lambda one, **options: made.update([one.shape]) or real(one, **options))
            module = prepare(spirals(optimizer=name), "cpu").network.module
        return made, [parameter.shape for parameter in module.parameters()]

    (made, shapes), (plain, _) = made_for(optimizer), made_for("sgd")
    for shape, count in Counter(shapes).items():
        assert made[shape] - plain[shape] == copies * count


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "MPS backend out of memory (MPS allocated: 8.00 GB)",
    ],
)
def test_a_device_without_memory_is_understood(text):
    assert is_out_of_memory(RuntimeError(text))


@pytest.mark.parametrize("text", ["cuDNN error: CUDNN_STATUS_NOT_SUPPORTED", "CUBLAS_STATUS_EXECUTION_FAILED"])
def test_other_failures_of_a_device_are_none_of_memory(text):
    assert not is_out_of_memory(RuntimeError(text))
