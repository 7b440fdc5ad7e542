"""Forms by their keys."""

import pytest
from textual.widgets import Input, Label

from tuitrain.data.generated import Spirals
from tuitrain.experiment.document import to_document
from tuitrain.experiment.experiment import Experiment
from tuitrain.model.dense import Dense
from tuitrain.model.initializers import HeNormal
from tuitrain.model.normalization import GroupNorm
from tuitrain.optim.optimizers import Adam, Sgd
from tuitrain.tui.dialogs import NoticeDialog
from tuitrain.tui.formdialog import FormDialog

from .stage import NOT_CLOSED, staged

DENSE = {"dense": Dense}
OPTIMIZERS = {"sgd": Sgd, "adam": Adam}


def form(family, fragment, *rest):
    return lambda: FormDialog("a form", family, fragment, *rest)


def focused(stage):
    """The name of the field with the focus, as it is marked on the screen."""
    marked = [line for line in stage.text.splitlines() if "│ > " in line.replace("│  ", "│ ")]
    return marked[0].split(">")[1].split()[0] if len(marked) == 1 else marked


def menu(stage, name):
    return next(line.editor for line in stage.dialog.query("FieldLine") if line.field.label == name)


@staged(form(DENSE, {"type": "dense", "units": 64}))
async def test_up_and_down_go_through_the_fields_and_mark_the_one_with_the_focus(stage, pilot):
    names = ["units", "activation", "init", "bias", "bias", "regularizer", "max"]
    for name in names:
        assert focused(stage) == name
        await pilot.press("down")
    assert stage.focused.id == "accept"
    for name in reversed(names):
        await pilot.press("up")
        assert focused(stage) == name
    assert not any(line.editor.expanded for line in stage.dialog.query("FieldLine") if hasattr(line.editor, "expanded"))


@staged(form(DENSE, {"type": "dense"}))
async def test_left_and_right_choose_and_enter_opens_the_menu(stage, pilot):
    await pilot.press("down", "down", "down", "right")
    assert menu(stage, "bias").value == "yes"
    await pilot.press("right", "right")
    assert menu(stage, "bias").value == "no"
    await pilot.press("left")
    assert menu(stage, "bias").value == "yes"
    await pilot.press("enter", "down", "enter", "ctrl+s")
    assert await stage.closed() == {"type": "dense", "bias": False}


@staged(form(DENSE, {"type": "dense"}))
async def test_a_choice_that_is_taken_back_is_not_set(stage, pilot):
    await pilot.press("down", "down", "down", "right", "left", "ctrl+s")
    assert await stage.closed() == {"type": "dense"}


@staged(form(OPTIMIZERS, {"type": "sgd", "lr": 0.5}))
async def test_another_type_keeps_the_focus_and_brings_its_fields(stage, pilot):
    await pilot.press("right")
    await stage.until(lambda: "beta 1" in stage.text)
    assert focused(stage) == "type"
    await pilot.press("left")
    await stage.until(lambda: "nesterov" in stage.text)
    await pilot.press("ctrl+s")
    assert (await stage.closed())["type"] == "sgd"


@staged(form(DENSE, {"type": "dense"}))
async def test_escape_closes_an_open_menu_first(stage, pilot):
    await pilot.press("down", "enter")
    await stage.until(lambda: menu(stage, "activation").expanded)
    await pilot.press("escape")
    assert not menu(stage, "activation").expanded and stage.result is NOT_CLOSED
    assert focused(stage) == "activation"
    await pilot.press("escape")
    assert await stage.closed() is None


@staged(form(DENSE, {"type": "dense", "units": 64}))
async def test_what_is_typed_right_before_it_is_accepted_counts(stage, pilot):
    """The keys are in the queue of the field when ctrl+s comes, which goes past it."""
    stage.simulate_key("1")
    stage.simulate_key("2")
    stage.simulate_key("ctrl+s")
    assert (await stage.closed())["units"] == 12


@staged(form(DENSE, {"type": "dense", "units": 64}))
async def test_what_stands_in_a_field_is_accepted_before_its_change_is_announced(stage, pilot):
    with stage.dialog.prevent(Input.Changed):
        stage.focused.value = "77"
        stage.dialog._accept()
    assert (await stage.closed())["units"] == 77


@staged(form(DENSE, {"type": "dense"}))
async def test_what_cannot_be_stays_as_it_was_typed(stage, pilot):
    await pilot.press(*"1x.")
    await pilot.press("ctrl+s")
    assert stage.focused.value == "1x."
    assert "must be a whole number, got '1x.'" in " ".join(stage.text.replace("│", " ").split())
    assert stage.result is NOT_CLOSED


@pytest.mark.parametrize("key", ["f1", "question_mark"])
def test_help_explains_the_field_and_the_form(key):
    @staged(form(DENSE, {"type": "dense"}, {"init": HeNormal()}), size=(120, 60))
    async def scenario(stage, pilot):
        await pilot.press("down", "down", key)
        await stage.until(lambda: isinstance(stage.screen, NoticeDialog))
        await pilot.pause()
        assert "init: How the weights are drawn. Default he_normal." in stage.text
        assert "glorot_uniform: " in stage.text
        await pilot.press("end")
        await stage.until(lambda: "units: How many outputs. Takes whole number, 1 to 100,000." in stage.text)

    scenario()


@staged(form({"text": Experiment}, {"name": "why"}))
async def test_a_question_mark_is_text_where_text_is_typed_and_f1_explains_there(stage, pilot):
    assert isinstance(stage.focused, Input)
    await pilot.press("question_mark")
    assert stage.focused.value == "?" and isinstance(stage.screen, FormDialog)
    await pilot.press("f1")
    await stage.until(lambda: isinstance(stage.screen, NoticeDialog))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_limits_are_shown_in_full(size):
    @staged(form({"": Experiment}, {}), size=size)
    async def scenario(stage, pilot):
        for line in stage.dialog.query("FieldLine"):
            remark = line.query_one(".remark", Label)
            shown = " ".join(str(remark.render_line(y).text).strip() for y in range(remark.size.height))
            assert shown.split() == line.field.limits.split()

    scenario()


def groups_problem(fragment):
    return {(): "has 30 channels, no multiple of 32 groups"} if fragment.get("groups") == 32 else {}


@staged(form({"group_norm": GroupNorm}, {"type": "group_norm"}, None, groups_problem))
async def test_what_is_impossible_where_it_stands_is_said_and_can_be_accepted(stage, pilot):
    await pilot.press("3")
    assert "no multiple" not in stage.text
    await pilot.press("2")
    await stage.until(lambda: "no multiple of 32 groups" in stage.text)
    await pilot.press("enter")
    assert (await stage.closed())["groups"] == 32


@staged(form({"spirals": Spirals}, to_document(Spirals())))
async def test_a_form_that_fits_no_screen_scrolls_to_the_field_with_the_focus(stage, pilot):
    for _ in range(40):
        await pilot.press("down")
        if line := next((one for one in stage.dialog.query("FieldLine") if one.has_focus_within), None):
            assert line.region in stage.dialog.query_one("#fields").region
