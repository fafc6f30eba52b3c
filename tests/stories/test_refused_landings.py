"""Rows 39, 40, 51, 53, 55 and 58: what stands in the way of landing is named and left alone."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ropewalk import api
from ropewalk.model.conflict import ConflictKind
from ropewalk.model.merge import MergeReport, MergeStatus
from ropewalk.model.plan import Mode
from ropewalk.model.result import OverallStatus
from tests.conftest import run_git
from tests.harness import Epic
from tests.stories.bad_input import of_the_person
from tests.stories.shell import ARGV

EDIT = "echo '# more' >> api/service.py"
PLAN = json.dumps(
    {
        "epic_id": "land",
        "domains": [{"name": "api", "files": ["api/**"], "command": EDIT}],
        "validation": ["test -s api/service.py"],
    }
)


@dataclass(frozen=True)
class Way:
    """Something in the way: how it comes about, and what the refusal says about it."""

    row: int
    arrange: Callable[[Path], None]
    says: str


def edit_the_same_file(repository: Path) -> None:
    (repository / "api" / "service.py").write_text("mine\n")


def stage_the_same_file(repository: Path) -> None:
    edit_the_same_file(repository)
    run_git(repository, "add", "api/service.py")


def begin_a_merge(repository: Path) -> None:
    diverge(repository)
    run_git(repository, "merge", "-q", "side", exit_code=1)


def begin_a_cherry_pick(repository: Path) -> None:
    diverge(repository)
    run_git(repository, "cherry-pick", "side", exit_code=1)


def begin_a_revert(repository: Path) -> None:
    commit(repository, "docs/guide.md", "later\n")
    commit(repository, "docs/guide.md", "latest\n")
    run_git(repository, "revert", "--no-edit", "HEAD~1", exit_code=1)


def begin_a_rebase(repository: Path) -> None:
    diverge(repository)
    run_git(repository, "rebase", "-q", "side", exit_code=1)


def begin_a_bisect(repository: Path) -> None:
    for number in range(3):
        commit(repository, "docs/guide.md", f"{number}\n")
    run_git(repository, "bisect", "start", "HEAD", "HEAD~3")


def diverge(repository: Path) -> None:
    run_git(repository, "checkout", "-q", "-b", "side")
    commit(repository, "docs/guide.md", "theirs\n")
    run_git(repository, "checkout", "-q", "main")
    commit(repository, "docs/guide.md", "ours\n")


def commit(repository: Path, name: str, text: str) -> None:
    (repository / name).write_text(text)
    run_git(repository, "commit", "-q", "-a", "-m", f"Change {name}")


def leave_an_index_lock(repository: Path) -> None:
    (repository / ".git" / "index.lock").write_text("")


def leave_a_ref_lock(repository: Path) -> None:
    (repository / ".git" / "refs" / "heads" / "main.lock").write_text("")


WAYS = {
    "same-file-edited": Way(39, edit_the_same_file, "'api/service.py' in"),
    "same-file-staged": Way(39, stage_the_same_file, "'api/service.py' in"),
    "merge-begun": Way(40, begin_a_merge, "a merge is in progress"),
    "cherry-pick-begun": Way(40, begin_a_cherry_pick, "a cherry-pick is in progress"),
    "revert-begun": Way(40, begin_a_revert, "a revert is in progress"),
    "rebase-begun": Way(40, begin_a_rebase, "a rebase is in progress"),
    "bisect-begun": Way(40, begin_a_bisect, "a bisect is in progress"),
    "index-locked": Way(51, leave_an_index_lock, "index.lock"),
    "ref-locked": Way(51, leave_a_ref_lock, "main.lock"),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_landing_is_refused_names_what_is_in_its_way_and_leaves_it(epic: Epic, way: Way) -> None:
    epic.plan(PLAN)
    epic.run()
    way.arrange(epic.repository)
    before = of_the_person(epic.repository)

    merged = api.merge(epic.workspace, "land", api.MergeOptions())

    assert merged.exit_code == 5
    report = merged.document
    assert isinstance(report, MergeReport)
    assert report.status is MergeStatus.LAND_REFUSED
    assert way.says in (report.target.reason or "")
    assert report.next_commands
    assert of_the_person(epic.repository) == before


def test_changes_of_other_files_do_not_stand_in_the_way_and_stay(epic: Epic) -> None:
    epic.plan(PLAN)
    (epic.repository / "docs" / "guide.md").write_text("mine\n")
    (epic.repository / "docs" / "new.md").write_text("new\n")

    ran = epic.run()
    merged = epic.merge()

    assert ran.status is OverallStatus.SUCCESS
    assert merged.status is MergeStatus.LANDED
    assert (epic.repository / "docs" / "guide.md").read_text() == "mine\n"
    assert run_git(epic.repository, "status", "--short") == " M docs/guide.md\n?? docs/new.md"


def test_a_target_that_moved_during_the_run_is_merged_upon_never_overwritten(epic: Epic) -> None:
    epic.plan(PLAN)
    epic.run()
    commit(epic.repository, "docs/guide.md", "mine\n")
    mine = run_git(epic.repository, "rev-parse", "HEAD")

    merged = epic.merge()

    assert merged.status is MergeStatus.LANDED
    assert merged.target.base == mine
    assert run_git(epic.repository, "merge-base", "main", mine) == mine


def test_a_target_that_moved_after_the_train_was_built_is_not_overwritten(epic: Epic) -> None:
    epic.plan(PLAN)
    epic.run()
    epic.merge(api.MergeOptions(land=False))
    commit(epic.repository, "docs/guide.md", "mine\n")
    before = of_the_person(epic.repository)

    answer = api.land(epic.workspace, "land")

    assert answer.exit_code == 5
    assert of_the_person(epic.repository) == before
    assert epic.merge().status is MergeStatus.LANDED


def test_a_full_disk_stops_a_run_before_anything_is_made(tmp_path: Path, epic: Epic) -> None:
    epic.plan(PLAN)
    disk, out = tmp_path / "disk", tmp_path / "out.json"
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=4M none "$1" && cp -r "$2/." "$1" || exit 99\n'
        'cd "$1" && shift 2 && before=$(git for-each-ref refs/heads; cat .git/config)\n'
        '"$@"; code=$?\n'
        'test "$before" = "$(git for-each-ref refs/heads; cat .git/config)" || exit 98\n'
        "test ! -e .worktrees/land/api || exit 97\n"
        "exit $code\n"
    )
    argv = ["unshare", "-rm", "sh", "-c", script, "sh", str(disk), str(epic.repository)]
    if (
        shutil.which("unshare") is None
        or subprocess.run(
            ["unshare", "-rm", "mount", "-t", "tmpfs", "none", str(disk)],
            check=False,
            capture_output=True,
        ).returncode
    ):
        pytest.skip("a small disk of its own cannot be mounted here")

    with out.open("wb") as stdout:
        done = subprocess.run(
            [*argv, *ARGV, "-C", str(disk), "--json", "run", "land"],
            env=os.environ,
            stdout=stdout,
            check=False,
        )

    assert done.returncode == 1
    assert "free" in json.loads(out.read_text())["error"]["message"]


def test_files_whose_names_differ_in_case_only_are_a_conflict(epic: Epic) -> None:
    domains = [
        {"name": name, "new_files": [path], "command": f"mkdir -p new; echo {name} > {path}"}
        for name, path in (("lower", "new/readme.txt"), ("upper", "new/README.txt"))
    ]
    text = {"epic_id": "case", "domains": domains, "validation": ["true"]}
    epic.plan(json.dumps(text))

    epic.run(api.RunRequest(mode=Mode.PARALLEL))
    merged = epic.merge()

    assert merged.status is MergeStatus.CONFLICT
    conflict = epic.merged("upper").conflict
    assert conflict is not None
    assert ConflictKind.CASE_CLASH in {path.kind for path in conflict.paths}
