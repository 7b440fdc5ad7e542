"""What a newcomer gets who chooses a data set, an optimizer and a schedule, and sets nothing else: it learns."""

import pytest

from tuitrain.data import Data
from tuitrain.experiment import presets
from tuitrain.experiment.document import to_document, to_experiment
from tuitrain.runs.events import EpochCompleted, LogEmitted
from tuitrain.spec import members
from tuitrain.training.control import Control
from tuitrain.training.prepare import prepare
from tuitrain.training.trainer import Trainer
from tuitrain.tui.forms import carried

from ..narrow import present

PLAIN = {"layers": ["flatten", {"type": "dense", "units": 100, "activation": "relu"}]}
SOME = {"limit": 6000, "validation": {"size": 1000, "take": "first"}}


def trained(document):
    """The events of a training."""
    experiment = to_experiment({"threads": 1, **document})
    return list(Trainer(prepare(experiment, "cpu")).run(Control()))


def accuracy(events):
    """Of the validation, at the end."""
    return present([event for event in events if isinstance(event, EpochCompleted)][-1].validation)["accuracy"]


@pytest.mark.usefixtures("real_data")
def test_the_first_preset_learns_another_data_set_that_is_chosen_in_its_form():
    document = to_document(presets.load("digits-mlp"))
    kinds = members(Data)
    chosen = carried(kinds["digits"], kinds["fashion_mnist"], document["data"])
    data = {**chosen, "type": "fashion_mnist", **SOME}
    assert accuracy(trained({**document, "data": data, "epochs": 1})) > 0.6


@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize("optimizer", ["nadam", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
def test_a_plain_net_learns_with_every_other_value_at_its_default(optimizer, schedule):
    document = {"model": PLAIN, "optimizer": optimizer, "schedule": schedule, "epochs": 2}
    assert accuracy(trained({**document, "data": {"type": "fashion_mnist", **SOME}})) > (
        0.75 if optimizer == "nadam" else 0.6
    )


def test_what_was_noticed_in_the_data_stands_in_the_log_at_the_start():
    events = trained({"data": "diabetes", "loss": "mse", "model": PLAIN, "epochs": 1})
    said = [event.text for event in events if isinstance(event, LogEmitted)]
    assert any("the targets go from 25 to 3" in text and "optimizer.lr" in text for text in said)
