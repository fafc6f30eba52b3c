"""What was brought into a worktree is not taken in, by whatever name and in whatever commit."""

import json

from ropewalk import api
from ropewalk.model.merge import MergeStatus
from ropewalk.model.plan import Mode
from ropewalk.model.result import DomainStatus
from tests.conftest import RunGit
from tests.harness import Epic
from tests.phases.rounds import plan

SECRET = "API_TOKEN=canary-0123456789"
WAYS = {
    "copied": "cp .env kept.txt",
    "renamed": "git add -f .env; git commit -qm a; git mv -f .env kept.txt; git commit -qm b",
    "taken-back": "cp .env x; git add -f x; git commit -qm a; git rm -qf x; git commit -qm b",
    "in-place": "cp .env README.md; printf 'x' > \"$(printf '\\n')y\"; git commit -qam a",
    "merged": (
        "git checkout -q --detach; cp .env kept.txt; git add -A; git commit -qm a; "
        "side=$(git rev-parse HEAD); git reset -q --hard HEAD~1; echo 1 > one.txt; git add -A; "
        "git commit -qm b; git merge -q --no-ff -m m $side"
    ),
}


def test_a_copy_of_a_file_that_was_brought_in_is_taken_out_of_every_commit(
    epic: Epic, git: RunGit
) -> None:
    (epic.repository / ".git/info/exclude").write_text(".env\n")
    (epic.repository / ".env").write_text(f"{SECRET}\n")
    (epic.repository / "ropewalk.toml").write_text('[worktree]\ninclude = [".env"]\n')
    write = "; echo done > work-$ROPEWALK_DOMAIN.txt"
    every = [
        {"name": name, "command": way + write, "files": ["**"], "new_files": ["**"]}
        for name, way in WAYS.items()
    ]
    plan(epic, every)

    epic.run(api.RunRequest(mode=Mode.PARALLEL))

    for name in WAYS:
        result = epic.result(name)
        assert (result.status, result.reason) == (DomainStatus.SUCCESS, None), name
        assert f"work-{name}.txt" in result.files.created
        assert any("it was brought in" in text for text in result.mismatches), name
        commits = git(epic.repository, "rev-list", f"{result.base}..{result.head}").split()
        for commit in commits:
            assert SECRET not in git(epic.repository, "show", "-m", "--format=%b", commit), name
    assert "README.md" not in json.dumps(epic.result("in-place").files.deleted)
    assert git(epic.repository, "show", f"{epic.result('in-place').head}:README.md") == git(
        epic.repository, "show", "HEAD:README.md"
    )
    assert epic.merge(api.MergeOptions(skip=("in-place",))).status is MergeStatus.LANDED
