"""An epic to merge."""

from pathlib import Path

import pytest

from tests.merging.epics import Epic


@pytest.fixture
def epic(repository: Path, tmp_path: Path) -> Epic:
    """An epic without domains on the repository of the shop."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Epic(repository, scratch)
