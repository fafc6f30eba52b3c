"""Many worktrees at once, from two processes: git alone fails here, we never do."""

import subprocess
import sys
from pathlib import Path

import pytest

from ropewalk.git.repository import find_place
from ropewalk.git.worktree import list_worktrees
from tests.conftest import RunGit

ROUNDS = 20
EACH = 32
MAKE_MANY = """
import sys
from pathlib import Path
from ropewalk.git.repository import find_place
from ropewalk.git.worktree import WorktreeRequest, add_worktrees
place = find_place(Path(sys.argv[1]))
folder = place.top / ".worktrees" / sys.argv[3]
requests = [
    WorktreeRequest(path=folder / f"d{n}", commit=sys.argv[2], reason=f"ropewalk d{n}")
    for n in range(int(sys.argv[4]))
]
add_worktrees(place, requests, jobs=len(requests))
"""


@pytest.mark.hazard
@pytest.mark.timeout(1800)
def test_sixty_four_at_once_from_two_processes_never_fail(repository: Path, git: RunGit) -> None:
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "exclude").write_text("/.worktrees/\n")
    head = git(repository, "rev-parse", "HEAD")
    failures = []
    for round_number in range(ROUNDS):
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", MAKE_MANY, str(repository), head, name, str(EACH)],
                stderr=subprocess.PIPE,
            )
            for name in (f"left{round_number}", f"right{round_number}")
        ]
        errors = [process.communicate(timeout=600)[1] for process in processes]
        failures += [error for error in errors if error]
        made = list_worktrees(find_place(repository))
        assert {entry.head for entry in made} == {head}
        assert len(made) == 2 * EACH, failures
        for entry in made:
            assert (entry.path / "web" / "index.html").is_file()
            git(repository, "worktree", "remove", "-f", "-f", str(entry.path))

    assert failures == []
    git(repository, "fsck", "--strict")
