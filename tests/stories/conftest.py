from pathlib import Path

import pytest

from tests.harness import Epic


@pytest.fixture
def epic(repository: Path) -> Epic:
    return Epic(repository=repository)
