"""How much memory samples may take: what is free, and no more than the container has."""

from pathlib import Path

import pytest

from tuitrain.data import folder


@pytest.fixture
def limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says what the container may have."""
    file = tmp_path / "memory.max"
    monkeypatch.setattr(folder, "CONTAINER_LIMIT", file)
    return file


def test_the_limit_of_the_container_counts_where_it_is_less_than_what_is_free(limit: Path) -> None:
    limit.write_text("12345678\n")
    assert folder.available_memory() == 12345678


@pytest.mark.parametrize("content", [None, "max\n", f"{1 << 60}\n"])
def test_without_a_limit_it_is_what_is_free(limit: Path, content: str | None) -> None:
    if content is not None:
        limit.write_text(content)
    assert 1 << 20 < folder.available_memory() < 1 << 50
