"""What is written for TensorBoard, read back with TensorBoard's own reader."""

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator, HistogramValue

from tuitrain.optim.callback_base import Callback, CallbackContext, Evaluation
from tuitrain.optim.callbacks import Tensorboard

WRITER = """
import json, os, resource, signal, sys
from pathlib import Path
from tuitrain.optim.callback_base import Evaluation, CallbackContext
from tuitrain.optim.callbacks import Tensorboard
callback = Tensorboard().build(CallbackContext(Path(sys.argv[1])))
"""


def read(run: Path) -> EventAccumulator:
    """Everything in the run's event files, not a sample."""
    everything = {"scalars": 0, "histograms": 0}
    return EventAccumulator(str(run / "tensorboard"), size_guidance=everything).Reload()


def scalars(run: Path) -> dict[str, list[tuple[int, float]]]:
    reader = read(run)
    return {tag: [(one.step, one.value) for one in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}


def live(callback: Callback, steps: Iterable[int], per_epoch: int = 4) -> None:
    """Steps as a trainer reports them: a window each, every other one observed."""
    for step in steps:
        if step % 2 and callback.wants_gradients(step, (step - 1) / per_epoch):
            callback.take_gradients(step, {"dense_1.weight": torch.full((step,), 0.5)})
        callback.after_window(step, {"train.loss": 1 / step, "lr": 0.1})
        if step % 2:
            callback.after_observation(step, {"gradient_norm": {"dense_1": step / 2}, "dead_share": {"dense_1": 0.0}})
        if step % per_epoch == 0:
            callback.after_evaluation(Evaluation(step, step / per_epoch, {"validation.loss": 2 / step}, True))


def test_scalars_have_their_tags_steps_and_values(tmp_path: Path) -> None:
    callback = Tensorboard().build(CallbackContext(tmp_path))
    callback.after_window(3, {"train.loss": 0.75, "train.accuracy": 0.5, "lr": 0.125})
    callback.after_window(7, {"train.loss": math.nan, "lr": 0.0625})
    callback.after_observation(
        4,
        {
            "gradient_norm": {"dense_1": 1.5, "dense_2": 2.5},
            "bias_gradient_norm": {"dense_1": 0.5},
            "weight_norm": {"dense_1": 9.0},
        },
    )
    callback.after_evaluation(Evaluation(8, 1.0, {"train.loss": 0.5, "validation.accuracy": 0.25}, True))
    callback.close()
    found = scalars(tmp_path)
    (first, last) = found.pop("window/train.loss")
    assert first == (3, 0.75)
    assert last[0] == 7 and math.isnan(last[1])
    assert found == {
        "window/train.accuracy": [(3, 0.5)],
        "window/lr": [(3, 0.125), (7, 0.0625)],
        "gradient_norm/dense_1": [(4, 1.5)],
        "gradient_norm/dense_2": [(4, 2.5)],
        "bias_gradient_norm/dense_1": [(4, 0.5)],
        "epoch/train.loss": [(8, 0.5)],
        "epoch/validation.accuracy": [(8, 0.25)],
    }


def counted(values: np.ndarray, histogram: HistogramValue) -> list[int]:
    """How many of the values lie in each bucket, up to its limit, counted anew."""
    edges = [-math.inf, *histogram.bucket_limit]
    return [int(((values >= low) & (values < high)).sum()) for low, high in pairwise(edges)]


def test_histograms_count_the_gradients(tmp_path: Path) -> None:
    gradients = {
        "dense_1.weight": torch.randn(30, 20, generator=torch.Generator().manual_seed(1)),
        "dense_1.bias": torch.tensor([1e-6, -3.0, 0.0, 0.0], dtype=torch.bfloat16),
    }
    callback = Tensorboard().build(CallbackContext(tmp_path))
    callback.take_gradients(5, gradients)
    callback.close()
    reader = read(tmp_path)
    assert set(reader.Tags()["histograms"]) == {"gradient/dense_1.weight", "gradient/dense_1.bias"}
    for name, gradient in gradients.items():
        (event,) = reader.Histograms(f"gradient/{name}")
        histogram, values = event.histogram_value, gradient.float().numpy().ravel()
        assert event.step == 5
        assert histogram.num == sum(histogram.bucket) == len(values)
        assert (histogram.min, histogram.max) == (values.min(), values.max())
        assert histogram.sum == pytest.approx(values.astype("float64").sum(), rel=1e-4)
        assert histogram.bucket == counted(values, histogram)


@settings(max_examples=30)
@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_any_gradient_can_be_written(values: list[float]) -> None:
    """The reader finds every entry that is a number, the infinite ones in the outermost buckets."""
    with tempfile.TemporaryDirectory() as run:
        callback = Tensorboard().build(CallbackContext(Path(run)))
        callback.take_gradients(1, {"w": torch.tensor(values)})
        callback.close()
        reader = read(Path(run))
    numbers = [value for value in values if not math.isnan(value)]
    assert reader.Tags()["histograms"] == (["gradient/w"] if numbers else [])
    if numbers:
        assert sum(reader.Histograms("gradient/w")[0].histogram_value.bucket) == len(numbers)


@pytest.mark.parametrize(("every", "expected"), [(0, []), (1, [0.0, 1.2, 2.0, 5.5]), (2, [0.0, 2.0, 5.5])])
def test_gradients_are_taken_once_in_so_many_epochs(every: int, expected: list[float], tmp_path: Path) -> None:
    callback, taken = Tensorboard(histogram_every=every).build(CallbackContext(tmp_path)), []
    for step, epoch in enumerate([0.0, 0.5, 1.2, 1.9, 2.0, 2.5, 5.5, 5.7]):
        assert callback.wants_gradients(step, epoch) == callback.wants_gradients(step, epoch)
        if callback.wants_gradients(step, epoch):
            callback.take_gradients(step, {"w": torch.ones(1)})
            taken.append(epoch)
    callback.close()
    assert taken == expected


def test_a_killed_run_is_readable_and_the_resumed_one_has_no_seam(tmp_path: Path) -> None:
    whole = Tensorboard().build(CallbackContext(tmp_path / "whole"))
    live(whole, range(1, 21))
    whole.close()

    killed = f"""
{WRITER}
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_tensorboard import live
live(callback, range(1, 11))
print(json.dumps(callback.state_dict()), flush=True)
live(callback, range(11, 17))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", killed, tmp_path / "killed"], capture_output=True, text=True)
    assert scalars(tmp_path / "killed")["epoch/validation.loss"] == [
        (4, 0.5),
        (8, 0.25),
        (12, pytest.approx(1 / 6)),
        (16, 0.125),
    ]

    time.sleep(1)  # TensorBoard reads files in the order of the second in their names
    resumed = Tensorboard().build(CallbackContext(tmp_path / "killed", resumed_at=10))
    resumed.load_state_dict(json.loads(done.stdout))
    live(resumed, range(11, 21))
    resumed.close()
    assert scalars(tmp_path / "killed") == scalars(tmp_path / "whole")
    assert histogram_sizes(tmp_path / "killed") == histogram_sizes(tmp_path / "whole") != []


def histogram_sizes(run: Path) -> list[tuple[int, float]]:
    return [(one.step, one.histogram_value.num) for one in read(run).Histograms("gradient/dense_1.weight")]


def test_a_full_disk_is_an_error_that_training_can_survive(tmp_path: Path) -> None:
    program = f"""
{WRITER}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
for step in range(1000):
    try:
        callback.after_evaluation(Evaluation(step, step, {{"validation.loss": 1.0}}, True))
    except OSError:
        print("refused")
        break
try:
    callback.close()
except OSError:
    pass
print("went on")
"""
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, timeout=60)
    assert done.stdout.split("\n")[:2] == ["refused", "went on"]
    assert scalars(tmp_path)["epoch/validation.loss"]


def test_a_missing_package_is_refused_with_its_place_and_the_remedy() -> None:
    program = """
import sys
sys.modules["tensorboard"] = None
from tuitrain.errors import Refused
from tuitrain.experiment.document import to_experiment
from tuitrain.training.prepare import prepare
try:
    prepare(to_experiment({"data": "spirals", "callbacks": ["terminate_on_nan", "tensorboard"]}), "cpu")
except Refused as refused:
    print(refused)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("callbacks[1]: tensorboard needs the package of that name. Install it (")
