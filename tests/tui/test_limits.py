import pytest

from tuitrain.data.split import HeldOut
from tuitrain.experiment.experiment import Training
from tuitrain.model.convolution import Conv2d, MaxPool2d
from tuitrain.model.reshaping import Reshape
from tuitrain.optim.optimizers import Sgd
from tuitrain.tui.limits import check_rate, limits


@pytest.mark.parametrize(
    ("spec", "name", "words"),
    [
        (Training, "epochs", "whole number, 1 to 1,000,000"),
        (Training, "batch_size", "whole number, 1 to 1,000,000 or full"),
        (Training, "seed", "whole number, at least 0, less than 4,294,967,296"),
        (Sgd, "lr", "more than 0, at most 1,000"),
        (HeldOut, "size", "whole number, at least 1 or more than 0, less than 1"),
        (Conv2d, "kernel_size", "whole number, 1 to 1,000 or 2 of them, comma-separated"),
        (MaxPool2d, "stride", "whole number, 1 to 1,000 or 2 of them, comma-separated or pool_size"),
        (Reshape, "shape", "whole number, -1 to 10,000,000, comma-separated"),
        (Training, "name", ""),
    ],
)
def test_limits_are_those_of_the_annotation(spec, name, words):
    assert limits(spec.model_fields[name]) == words


@pytest.mark.parametrize(
    ("text", "is_wrong"), [("0.5", False), *[(text, True) for text in ("0", "-1", "nan", "inf", "x", "")]]
)
def test_a_rate_is_a_number_greater_than_0(text, is_wrong):
    assert bool(check_rate(text)) == is_wrong
