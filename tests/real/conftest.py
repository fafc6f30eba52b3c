"""A shop whose agents are installed; tests of agents that are not are skipped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model_server import ModelServer
from tests.real.rigs import RIGS, is_installed
from tests.real.shop import Shop


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test below this folder, and skip those whose agents are not installed."""
    missing = [rig for rig in RIGS if not is_installed(rig)]
    for item in items:
        if not item.path.is_relative_to(Path(__file__).parent):
            continue
        item.add_marker(pytest.mark.real)
        item.add_marker(pytest.mark.timeout(600))
        if missing:
            reason = f"not installed: {', '.join(missing)}; make test-agents installs them"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def shop(repository: Path, tmp_path: Path) -> Iterator[Shop]:
    """A repository, and a server for its agents; no process of an agent outlives the test."""
    with ModelServer(tmp_path / "bodies") as server:
        shop = Shop(repository=repository, server=server)
        yield shop
        assert shop.wait_for_nobody() == []
