import pytest

from tuitrain.experiment import presets
from tuitrain.tui.dialogs import Choice, matching
from tuitrain.tui.filing import preset_choices

PRESETS = list(preset_choices())


def names(typed, choices=PRESETS):
    return [choice.name for choice in matching(choices, typed)]


@pytest.mark.parametrize("name", presets.names())
def test_a_name_finds_its_own_preset_first(name):
    assert names(name)[0] == name
    assert names(name.upper())[0] == name


@pytest.mark.parametrize("name", presets.names())
def test_the_beginning_of_a_name_finds_such_a_preset_first(name):
    for length in range(1, len(name)):
        assert names(name[:length])[0].startswith(name[:length])


def test_a_name_counts_more_than_a_title_and_a_title_more_than_words_elsewhere():
    choices = [
        Choice("a", "a", "about deep nets"),
        Choice("b", "b", "", "", "text on depth"),
        Choice("c", "c", "", "deeper"),
        Choice("d", "d  A deep net"),
        Choice("indeed-deepest", "e"),
        Choice("sodeep", "f"),
        Choice("deep-20", "g"),
        Choice("deep", "h"),
    ]
    assert names("deep", choices) == ["deep", "deep-20", "indeed-deepest", "sodeep", "d", "c", "a"]


def test_every_word_has_to_be_found_and_no_word_finds_all_in_their_order():
    assert names("nielsen 3-hidden")[0] == "nielsen"
    assert names("nielsen no-such-word") == []
    assert names("  ") == names("") == [choice.name for choice in PRESETS]
