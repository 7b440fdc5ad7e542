from tuitrain.experiment.document import to_document
from tuitrain.experiment.experiment import Experiment
from tuitrain.optim.callback_base import CallbackSpec
from tuitrain.optim.clipping import Clipping
from tuitrain.spec import members, parse
from tuitrain.tui.editing import added
from tuitrain.tui.extras import EXTRAS, additions, present
from tuitrain.tui.forms import about


def test_the_extras_are_the_fields_that_an_experiment_can_do_without():
    assert {extra.name for extra in EXTRAS} == {"clipping", "freeze", "transfer", "callbacks"}
    assert [extra.name for extra in EXTRAS if extra.is_list] == ["callbacks"]
    assert {extra.name: extra.specs for extra in EXTRAS}["clipping"] == members(Clipping)
    assert present(Experiment()) == ()


def test_every_addition_can_be_made_and_is_then_there():
    found = additions(Experiment())
    labels = [one.label for one in found]
    assert len(set(labels)) == len(labels) == len(members(Clipping)) + len(members(CallbackSpec)) + 2
    assert {"clipping: by_value", "callbacks: early_stopping", "freeze", "transfer"} <= set(labels)
    for one in found:
        experiment = parse(Experiment, added(to_document(Experiment()), one.path, one.fragment))
        assert present(experiment) == ((one.path, one.spec()),)
        assert about(one.spec)


def test_what_is_there_is_not_added_again_but_for_another_callback():
    document = {"clipping": "by_norm", "callbacks": ["early_stopping", "checkpoint"], "freeze": {}}
    experiment = parse(Experiment, document)
    assert [path for path, _ in present(experiment)] == [("clipping",), ("freeze",), ("callbacks", 0), ("callbacks", 1)]
    left = additions(experiment)
    assert {one.path[0] for one in left} == {"transfer", "callbacks"}
    assert {one.path for one in left if one.path[0] == "callbacks"} == {("callbacks", 2)}
