"""The user's own files among what can be loaded; whatever lies in the directory does no harm."""

import os

from tuitrain.tui.filing import MOST_BYTES, MOST_FILES, explain_path, file_choices

MINE = '[[model.layers]]\ntype = "flatten"\n'


def labels(directory, recent=()):
    return [choice.label for choice in file_choices(str(directory), recent)]


def test_experiments_of_the_directory_and_recent_ones_are_listed(tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    (here / "b.toml").write_text(MINE)
    (here / "a.toml").write_text('name = "first"\nepochs = 3\n[[variants]]\nname = "long"\nset = { epochs = 30 }\n')
    (here / "a.txt").write_text(MINE)
    (here / "pyproject.toml").write_text('[project]\nname = "x"\n')
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text(MINE)
    assert labels(here) == ["a.toml", "b.toml"]
    assert labels(here, [elsewhere, here / "b.toml"]) == [str(elsewhere), "b.toml", "a.toml"]
    first, second = file_choices(str(here), ())
    assert (first.name, first.about, first.also) == (str(here / "a.toml"), "first: digits, sgd", "long")
    assert second.about.startswith("b: ")


def test_what_is_no_small_regular_file_with_an_experiment_is_left_out(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "large.toml").write_text(MINE + "#" * MOST_BYTES)
    (tmp_path / "binary.toml").write_bytes(b"\xff\x00\xfe")
    (tmp_path / "deep.toml").write_text("epochs = " + "[" * 20_000)
    (tmp_path / "wrong.toml").write_text("epochs = 0\n")
    (tmp_path / "number.toml").write_text("seed = 1e400\nepochs = 9" + "9" * 5000)
    assert labels(tmp_path) == []
    assert labels(tmp_path / "nowhere", [tmp_path / "gone.toml"]) == []


def test_a_directory_that_is_no_more_has_no_files(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    (gone / "mine.toml").write_text(MINE)
    assert labels(".") == ["mine.toml"]
    (gone / "mine.toml").unlink()
    gone.rmdir()
    assert labels(".", [tmp_path / "mine.toml"]) == []


def test_no_more_than_some_files_are_read(tmp_path):
    for number in range(MOST_FILES + 10):
        (tmp_path / f"{number:03}.toml").write_text(MINE)
    assert len(labels(tmp_path)) == MOST_FILES


def test_what_enter_does_with_a_text_that_nothing_matches_is_said(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    assert explain_path(str(path)) == f"enter loads the file {path}"
    assert explain_path(f"{path}l") == f"there is no file {path}l"
    assert explain_path("mien.toml") == "there is no file mien.toml"
    assert explain_path("nonsense").startswith("nothing matches; ")
