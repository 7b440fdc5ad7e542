import math
import os
import stat

import pytest

from tuitrain.runs.files import read_json, write_json, write_text


def test_the_content_is_replaced_and_private(tmp_path):
    path = tmp_path / "a.json"
    for number in range(2):
        write_json(path, {"number": number})
        assert read_json(path) == {"number": number}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_failure_leaves_the_old_content_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    write_text(path, "old")
    with pytest.raises(ValueError):
        write_json(path, {"loss": math.nan})
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_reader_that_has_the_file_open_keeps_the_old_content(tmp_path):
    path = tmp_path / "a"
    write_text(path, "old")
    with open(path) as reader:
        write_text(path, "new")
        assert reader.read() == "old"


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_reading_something_else_is_a_value_error(tmp_path, content):
    (tmp_path / "a").write_text(content)
    with pytest.raises(ValueError):
        read_json(tmp_path / "a")
