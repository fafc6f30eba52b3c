"""Checks and set-up commands see the project's secrets; what they print is kept without."""

from pathlib import Path

import pytest

from ropewalk.checks.exact import ExactTrees
from ropewalk.errors import WorktreeError
from ropewalk.git.repository import find_place
from ropewalk.model.config import WorktreeConfig
from ropewalk.store.paths import Layout
from tests.conftest import run_git

SECRETS = """\
API_TOKEN=canary-0123456789
SHOP=https://me:canary-pass@example.invalid/x
PORT=1
"""


def test_what_a_check_or_a_set_up_prints_of_the_environment_file_is_masked(
    repository: Path, tmp_path: Path
) -> None:
    (repository / ".gitignore").write_text(".env\n/.worktrees/\n")
    run_git(repository, "add", "--all")
    run_git(repository, "commit", "-qm", "ignore")
    (repository / ".env").write_text(SECRETS)
    place = find_place(repository)
    layout = Layout(
        top=place.top, common_dir=place.common_dir, worktree_root=place.top / ".worktrees"
    )
    head = run_git(repository, "rev-parse", "HEAD")

    def check(command: str, *setup: str) -> str:
        config = WorktreeConfig(include=(".env",), setup=setup)
        log = tmp_path / "check.log"
        with ExactTrees(place, layout, "shop", worktree=config, timeout_s=20.0) as trees:
            trees.run(head, [command], log=lambda _: log)
        return log.read_text()

    printed = check("cat .env; exit 1")
    with pytest.raises(WorktreeError) as failed:
        check("true", "cat .env; exit 1")

    for text in (printed, str(failed.value)):
        assert "API_TOKEN=[redacted]" in text
        assert "https://me:[redacted]@example.invalid/x" in text
        assert "PORT=1" in text
        assert "canary" not in text
