"""Trains laid in rows are, commit by commit, what ``git merge`` makes in a worktree."""

import os
import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.histories import Branches, Tree, changed, make_tree, write_branches
from benchmarks.trains import IDENTITY, build, given_of, tools_of
from ropewalk.errors import GitError
from ropewalk.merging.values import MergeInput, MergeOptions, Train
from ropewalk.model.merge import MergedDomain, MergedDomainStatus, OnConflict
from tests.conftest import run_git
from tests.merging.epics import DATE, Epic, entry, statuses

MERGED = MergedDomainStatus.MERGED
DOMAINS = 6


def generated(root: Path, seed: int) -> Branches:
    """Write a base and branches; with an even seed most of them keep to a folder of their own."""
    chance = random.Random(seed)
    base = make_tree(chance, folders=8, files=40)
    branches: list[Tree] = []
    for number in range(DOMAINS):
        is_apart = seed % 2 == 0 and chance.random() < 0.8
        below = f"d{number}/".encode() if is_apart else b""
        times = chance.randint(1, 4)
        branches.append(changed(chance, base, f"b{number}", times=times, below=below))
    return write_branches(root, base, branches)


def built(root: Path, branches: Branches, *, squash: bool = False) -> tuple[MergeInput, Train]:
    given = replace(given_of(root, branches), options=MergeOptions(squash=squash))
    return given, build(given, tools_of(root))


class Worktree:
    """Where git merges the same heads in the same order."""

    def __init__(self, root: Path, folder: Path, base: str) -> None:
        self.folder = folder
        self.number = 0
        run_git(root, "worktree", "add", "--quiet", "--detach", str(folder), base)

    def merge(self, head: str, message: str) -> int:
        facts = {
            "NAME": IDENTITY.name,
            "EMAIL": IDENTITY.email,
            "DATE": f"{DATE + self.number} +0000",
        }
        env = {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in facts.items()}
        text = self.folder.with_name("message")
        text.write_text(message, encoding="utf-8")
        options = ("-c", "merge.directoryRenames=conflict", "merge", "-q", "--no-ff")
        ended = subprocess.run(
            ["git", *options, "--cleanup=verbatim", "-F", str(text), head],
            cwd=self.folder,
            env={**os.environ, **env},
            capture_output=True,
            check=False,
        )
        self.number += ended.returncode == 0
        return ended.returncode

    def put_back(self, commit: str) -> None:
        run_git(self.folder, "reset", "--quiet", "--hard", commit)
        run_git(self.folder, "clean", "-fdxq")

    def head(self) -> str:
        return run_git(self.folder, "rev-parse", "HEAD")


def message_of(root: Path, commit: str) -> str:
    return run_git(root, "cat-file", "commit", commit).partition("\n\n")[2] + "\n"


def require_equal(root: Path, worktree: Worktree, step: MergedDomain, head: str) -> None:
    """Merge one step with git: a conflict where we say so, else the very same commit."""
    if step.status is MERGED:
        assert worktree.merge(head, message_of(root, str(step.commit))) == 0, step.name
        assert worktree.head() == step.commit, step.name
    else:
        assert step.status is MergedDomainStatus.CONFLICT
        before = worktree.head()
        assert worktree.merge(head, "in vain\n") != 0, step.name
        worktree.put_back(before)


@pytest.mark.parametrize("seed", range(12))
def test_every_commit_and_every_conflict_is_that_of_git_merge(tmp_path: Path, seed: int) -> None:
    root = tmp_path / "repository"
    branches = generated(root, seed)

    given, train = built(root, branches)

    heads = {result.domain: str(result.head) for result in given.results}
    worktree = Worktree(root, tmp_path / "worktree", branches.base)
    for step in train.domains:
        require_equal(root, worktree, step, heads[step.name])
    assert train.result == worktree.head()
    run_git(root, "fsck", "--strict", "--connectivity-only")


def test_branches_in_folders_of_their_own_leave_one_pack_and_no_loose_object(
    tmp_path: Path,
) -> None:
    root = tmp_path / "repository"
    chance = random.Random(7)
    base = make_tree(chance, folders=DOMAINS, files=60)
    trees = [
        changed(chance, base, f"b{n}", times=8, below=f"d{n}/".encode()) for n in range(DOMAINS)
    ]
    branches = write_branches(root, base, trees)
    before = counted(root)

    _given, train = built(root, branches)

    assert len(train.steps) == DOMAINS
    after = counted(root)
    assert after["packs"] == before["packs"] + 1
    assert after["count"] == before["count"]


def counted(root: Path) -> dict[str, int]:
    lines = run_git(root, "count-objects", "-v").splitlines()
    pairs = (line.split(": ") for line in lines)
    return {name: int(number) for name, number in pairs}


def test_a_squashed_row_has_the_trees_of_the_merged_one(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    branches = generated(root, 2)

    _given, merged = built(root, branches)
    _given, squashed = built(root, branches, squash=True)

    assert [step.tree for step in squashed.steps] == [step.tree for step in merged.steps]
    assert all(len(step.parents) == 1 for step in squashed.steps)
    before = (branches.base, *(step.commit for step in squashed.steps))
    for step, parent in zip(squashed.steps, before, strict=False):
        assert step.parents == (parent,)
        assert run_git(root, "rev-parse", f"{step.commit}^{{tree}}") == step.tree


def test_a_mixed_train_merges_what_overlaps_and_lays_the_rest_around_it(epic: Epic) -> None:
    epic.domain("a", {"a/new.py": "a\n"})
    epic.domain("b", {"docs/notes.txt": "one\n"})
    epic.domain("c", {"docs/notes.txt": "two\n"})
    epic.domain("d", {"d/new.py": "d\n"}, depends_on=("c",))
    epic.domain("e", {"e/new.py": "e\n"})
    epic.domain("f", None, head=epic.heads["e"])
    on_e = epic.domain("g", {"e/more.py": "g\n"}, on=epic.heads["e"], depends_on=("e",))

    report = epic.merge(on_conflict=OnConflict.PARK)

    assert statuses(report) == {
        **dict.fromkeys(("a", "b", "e", "g"), "merged"),
        "c": "parked",
        "d": "blocked",
        "f": "nothing_to_merge",
    }
    assert entry(report, "g").parents == (entry(report, "e").commit, on_e)
    assert epic.read("main", "e/more.py") == "g"


def test_changes_of_the_target_since_the_base_count_like_those_of_a_domain(epic: Epic) -> None:
    epic.domain("api", {"api/auth.py": "AUTH = 1\n"})
    epic.domain("docs", {"docs/guide.md": "# Mine\n"})
    (epic.root / "docs" / "guide.md").write_text("# Theirs\n", encoding="utf-8")
    run_git(epic.root, "commit", "--quiet", "--all", "--message=meanwhile")

    report = epic.merge()

    assert statuses(report) == {"api": "merged", "docs": "conflict"}


def test_folders_emptied_by_two_domains_together_do_not_swallow_what_a_third_adds(
    epic: Epic,
) -> None:
    def move(*names: str) -> dict[str, str | None]:
        texts = {name: (epic.root / "web" / name).read_text(encoding="utf-8") for name in names}
        return {f"web/{name}": None for name in names} | {
            f"site/{name}": text for name, text in texts.items()
        }

    epic.domain("a", move("app.js"))
    epic.domain("b", move("index.html"))
    epic.domain("c", {"web/new.js": "export const n = 1;\n"}, depends_on=("a", "b"))

    report = epic.merge(land=False)

    found = entry(report, "c")
    assert found.status == "conflict"
    assert found.conflict is not None
    assert [path.kind for path in found.conflict.paths] == ["dir_rename_suggested"]


def test_a_head_with_names_that_must_not_exist_is_left_out_and_named(epic: Epic) -> None:
    blob = run_git(epic.root, "hash-object", "-w", "--stdin", stdin="[core]\n")
    inner = run_git(epic.root, "mktree", stdin=f"100644 blob {blob}\tconfig\n")
    tree = run_git(epic.root, "mktree", stdin=f"040000 tree {inner}\t.git\n")
    head = run_git(epic.root, "commit-tree", "-p", epic.base, "-m", "evil", tree)
    epic.domain("evil", None, head=head)
    epic.domain("good", {"good.py": "1\n"})

    report = epic.merge()

    assert statuses(report) == {"evil": "skipped", "good": "merged"}
    assert ".git/config" in str(entry(report, "evil").reason)


def test_a_domain_whose_objects_are_missing_is_an_error_and_writes_nothing(epic: Epic) -> None:
    tree = run_git(epic.root, "mktree", "--missing", stdin=f"100644 blob {'1' * 40}\tgone.py\n")
    head = run_git(epic.root, "commit-tree", "-p", epic.base, "-m", "broken", tree)
    epic.domain("good", {"good.py": "1\n"})
    epic.domain("torn", None, head=head)
    refs = epic.refs()

    with pytest.raises(GitError, match="1111111"):
        epic.merge()

    assert epic.refs() == refs
