"""A repository with an epic in it, at rest after its run."""

import shutil
from pathlib import Path

import pytest

from tests.cli.running import ropewalk
from tests.conftest import run_git

PLAN = """\
epic_id: search
title: Search the shop
domains:
  - name: database
    description: Keep what can be found.
    files: ["db/**"]
  - name: backend
    files: ["api/**"]
    depends_on: [database]
    checks: ["grep -q found api/service.py"]
  - name: frontend
    files: ["web/**"]
    depends_on: [backend]
  - name: docs
    files: ["docs/**"]
validation: ["test -f README.md"]
"""
# What each domain's agent does; frontend leaves its files, docs fails.
AGENT = r"""
echo "at work on $ROPEWALK_DOMAIN"
case $ROPEWALK_DOMAIN in
  database) echo "INDEX = {}" >> db/models.py ;;
  backend) echo "# found" >> api/service.py ;;
  frontend) echo "// search" >> web/app.js; printf 'x \033[31mred\n' > outside.txt ;;
  docs) echo broken >&2; exit 3 ;;
esac
"""


@pytest.fixture(scope="session")
def template_epic(template_repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which the epic `search` was planned, not run; never written to."""
    root = tmp_path_factory.mktemp("epic") / "shop"
    shutil.copytree(template_repository, root, symlinks=True)
    run_git(root, "update-index", "-q", "--refresh")
    (root.parent / "plan.yaml").write_text(PLAN)
    ended = ropewalk(root, "plan", "--from", str(root.parent / "plan.yaml"))
    assert ended.code == 0, ended.err
    return root


@pytest.fixture
def planned(template_epic: Path, tmp_path: Path) -> Path:
    """A repository in which the epic `search` was planned."""
    root = tmp_path / "shop"
    shutil.copytree(template_epic, root, symlinks=True)
    run_git(root, "update-index", "-q", "--refresh")
    return root


@pytest.fixture
def finished(planned: Path) -> Path:
    """A repository in which `search` was run: two domains succeeded, one is partial, one failed."""
    ended = ropewalk(planned, "-q", "run", "search", "--agent-command", AGENT)
    assert ended.code == 6, ended.err
    return planned
