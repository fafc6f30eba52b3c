"""What is seen while worktrees of ours are being made or taken away is nobody's fault."""

import shutil
from pathlib import Path

from ropewalk.git.fingerprint import compare, take
from ropewalk.git.repository import Place
from ropewalk.git.worktree import add_worktree, admin_dir
from tests.conftest import RunGit


def test_a_worktree_of_ours_that_git_is_still_making_is_no_change(
    place: Place, repository: Path, git: RunGit
) -> None:
    head = git(repository, "rev-parse", "HEAD")
    worktree = repository / ".worktrees" / "shop" / "api"
    add_worktree(place, worktree, head, reason="ropewalk shop/api")
    before = take(place, [worktree])
    making = repository / ".worktrees" / "shop" / "_check-0"
    add_worktree(place, making, head, reason="ropewalk shop/_check-0")
    (admin_dir(place, making) / "locked").write_text("initializing\n")

    assert compare(before, take(place, [worktree])) == ()


def test_an_admin_folder_of_ours_that_is_half_deleted_is_seen_as_its_own(
    place: Place, repository: Path, git: RunGit
) -> None:
    head = git(repository, "rev-parse", "HEAD")
    worktree = repository / ".worktrees" / "shop" / "api"
    add_worktree(place, worktree, head, reason="ropewalk shop/api")
    before = take(place, [worktree])
    admin = admin_dir(place, worktree)
    (admin / "locked").unlink()
    (admin / "gitdir").unlink()

    found = compare(before, take(place, [worktree]))

    assert found
    assert {change.worktree for change in found} == {worktree}
    shutil.rmtree(admin)
