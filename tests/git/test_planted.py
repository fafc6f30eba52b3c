"""What an agent could plant in the shared git directory, and that reading does not obey it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ropewalk.git.command import run
from ropewalk.git.merge_tree import merge_tree
from ropewalk.git.objects import commit_tree
from ropewalk.git.own import own_context
from ropewalk.git.repository import Place, find_place, read_filters
from ropewalk.git.trees import changes_between, diff_text
from tests.conftest import RunGit
from tests.git.conftest import PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """A repository with two branches that clash, and a program that leaves a mark when it runs."""

    place: Place
    ours: str
    theirs: str
    script: Path
    marker: Path


@pytest.fixture
def trap(tmp_path: Path, git: RunGit) -> Trap:
    top = tmp_path / "trap"
    git(tmp_path, "init", "-q", "--initial-branch=main", str(top))
    marker, script = tmp_path / "marker", tmp_path / "evil"
    script.write_text(f"#!/bin/sh\necho run >> '{marker}'\nexit 0\n", encoding="utf-8")
    script.chmod(0o755)
    (top / ".gitattributes").write_text("*.txt filter=e diff=e merge=e\n", encoding="utf-8")
    for name in ("f.txt", "plain.dat"):
        (top / name).write_text("one\ntwo\nthree\n", encoding="utf-8")
    git(top, "add", "--all")
    git(top, "commit", "-q", "-m", "base")
    tips = []
    for side in ("ours", "theirs"):
        git(top, "checkout", "-q", "-b", side, "main")
        for name in ("f.txt", "plain.dat"):
            (top / name).write_text(f"one\n{side}\nthree\n", encoding="utf-8")
        git(top, "commit", "-q", "-a", "-m", side)
        tips.append(git(top, "rev-parse", "HEAD"))
    place = find_place(top)
    # As long as before, so that git has to read it.
    (top / "f.txt").write_text("one\ndirty!\nthree\n", encoding="utf-8")
    return Trap(place=place, ours=tips[0], theirs=tips[1], script=script, marker=marker)


def configure(*pairs: tuple[str, str]) -> Callable[[Trap, RunGit], None]:
    def plant(trap: Trap, git: RunGit) -> None:
        for key, value in pairs:
            git(trap.place.top, "config", key, value.replace("EVIL", str(trap.script)))

    return plant


def plant_hooks(trap: Trap, _git: RunGit) -> None:
    for name in ("pre-commit", "post-checkout", "reference-transaction", "post-index-change"):
        hook = trap.place.git_dir / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        shutil.copy(trap.script, hook)


def plant_hooks_path(trap: Trap, git: RunGit) -> None:
    plant_hooks(trap, git)
    moved = trap.script.with_name("moved-hooks")
    (trap.place.git_dir / "hooks").rename(moved)
    git(trap.place.top, "config", "core.hooksPath", str(moved))


def plant_include(trap: Trap, git: RunGit) -> None:
    included = trap.script.with_name("included")
    included.write_text(
        f'[filter "e"]\n\tclean = {trap.script}\n[core]\n\tfsmonitor = {trap.script}\n',
        encoding="utf-8",
    )
    git(trap.place.top, "config", "include.path", str(included))


def plant_worktree_config(trap: Trap, git: RunGit) -> None:
    git(trap.place.top, "config", "extensions.worktreeConfig", "true")
    (trap.place.git_dir / "config.worktree").write_text(
        f'[filter "e"]\n\tclean = {trap.script}\n', encoding="utf-8"
    )


def plant_attributes(trap: Trap, git: RunGit) -> None:
    info = trap.place.git_dir / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("* merge=x filter=x\n", encoding="utf-8")
    git(trap.place.top, "config", "merge.x.driver", str(trap.script))
    git(trap.place.top, "config", "filter.x.clean", str(trap.script))


def plant_common_dir(trap: Trap, git: RunGit) -> None:
    other = trap.script.with_name("other.git")
    shutil.copytree(trap.place.git_dir, other)
    git(other, "--git-dir=.", "config", "filter.e.clean", str(trap.script))
    (trap.place.git_dir / "commondir").write_text(f"{other}\n", encoding="utf-8")


FIRES_IN_STATUS = {
    "fsmonitor": configure(("core.fsmonitor", "EVIL")),
    "filter-clean": configure(("filter.e.clean", "EVIL")),
    "filter-process": configure(("filter.e.process", "EVIL"), ("filter.e.required", "false")),
    "include": plant_include,
    "config-worktree": plant_worktree_config,
    "info-attributes": plant_attributes,
    "common-dir": plant_common_dir,
}
FIRES_IN_DIFF = {
    "diff-external": configure(("diff.external", "EVIL")),
    "diff-command": configure(("diff.e.command", "EVIL")),
    "diff-textconv": configure(("diff.e.textconv", "EVIL")),
}
FIRES_IN_MERGE = {
    "merge-driver": configure(("merge.e.driver", "EVIL %O %A %B")),
    "merge-default": configure(("merge.default", "x"), ("merge.x.driver", "EVIL")),
}
FIRES_IN_COMMIT = {
    "hooks": plant_hooks,
    "hooks-path": plant_hooks_path,
    "gpg": configure(("commit.gpgSign", "true"), ("gpg.program", "EVIL")),
}
# Vectors that the commands below never reach, or that git answers with its built-in ones.
FIRES_NOWHERE_HERE = {
    "filter-smudge": configure(("filter.e.smudge", "EVIL")),
    "editor": configure(("core.editor", "EVIL")),
    "pager": configure(("core.pager", "EVIL")),
    "credential": configure(("credential.helper", "EVIL")),
    "alias": configure(("alias.status", "!EVIL"), ("alias.x", "!EVIL")),
    "ssh": configure(("core.sshCommand", "EVIL")),
    "core-worktree": configure(("core.worktree", "/")),
    "core-bare": configure(("core.bare", "true")),
    "alternate-refs": configure(("core.alternateRefsCommand", "EVIL")),
    "trailer": configure(("trailer.x.command", "EVIL")),
    "pack-objects-hook": configure(("uploadpack.packObjectsHook", "EVIL")),
    "union-default": configure(("merge.default", "union")),
    "renormalize": configure(("merge.renormalize", "true")),
    "unparsable": lambda trap, _git: _break_config(trap),
}
EVERY = FIRES_IN_STATUS | FIRES_IN_DIFF | FIRES_IN_MERGE | FIRES_IN_COMMIT | FIRES_NOWHERE_HERE


def _break_config(trap: Trap) -> None:
    (trap.place.git_dir / "config").write_text("[broken\n", encoding="utf-8")


def read_everything(trap: Trap) -> None:
    """Collect the work tree, compare, merge: what the coordinator does after an agent."""
    own = own_context(trap.place)
    private = own_context(
        trap.place, work_tree=trap.place.top, index=trap.script.with_name("private-index")
    )
    collected = replace(private, author=PERSON, committer=PERSON)
    run(collected, "read-tree", trap.ours)
    run(collected, "status", "--porcelain=v2", "-z")
    run(collected, "add", "--all", ".")
    tree = run(collected, "write-tree").text
    commit = commit_tree(collected, tree, parents=[trap.ours], message="collected")
    changes = changes_between(own, trap.ours, commit)
    patch = diff_text(own, trap.ours, commit)
    merged = merge_tree(own, trap.ours, trap.theirs)

    assert "f.txt" in changes.files.modified
    assert b"+dirty" in patch
    assert not merged.is_clean
    assert [path.path for path in merged.paths] == ["f.txt", "plain.dat"]


@pytest.mark.parametrize("vector", sorted(EVERY))
def test_nothing_planted_runs_or_changes_what_is_read(trap: Trap, git: RunGit, vector: str) -> None:
    EVERY[vector](trap, git)
    trap.marker.unlink(missing_ok=True)

    read_everything(trap)

    assert not trap.marker.exists()


@pytest.mark.parametrize("vector", sorted(EVERY))
def test_nothing_planted_runs_when_the_own_directory_is_older_than_the_plant(
    trap: Trap, git: RunGit, vector: str
) -> None:
    own_context(trap.place)
    EVERY[vector](trap, git)
    trap.marker.unlink(missing_ok=True)

    read_everything(trap)

    assert not trap.marker.exists()


@pytest.mark.parametrize(
    ("vector", "command"),
    [
        *((vector, ("status",)) for vector in sorted(FIRES_IN_STATUS)),
        *((vector, ("diff",)) for vector in sorted(FIRES_IN_DIFF)),
        *((vector, ("merge-tree", "--write-tree", "ours", "theirs")) for vector in FIRES_IN_MERGE),
        *((vector, ("commit", "-q", "-m", "x", "--allow-empty")) for vector in FIRES_IN_COMMIT),
    ],
)
def test_control_the_same_plant_runs_in_the_persons_repository(
    trap: Trap, git: RunGit, vector: str, command: tuple[str, ...]
) -> None:
    EVERY[vector](trap, git)
    trap.marker.unlink(missing_ok=True)
    os.utime(trap.place.top / "f.txt", (1, 1))

    run_plainly(trap.place.top, command)

    assert trap.marker.exists()


def run_plainly(top: Path, command: tuple[str, ...]) -> None:
    """Run git as a person would, whatever it answers."""
    subprocess.run(["git", *command], cwd=top, capture_output=True, check=False)


def test_an_agent_gains_nothing_by_writing_into_the_own_directory(trap: Trap, git: RunGit) -> None:
    bare = own_context(trap.place).git_dir
    assert bare is not None
    git(bare, "--git-dir=.", "config", "filter.e.clean", str(trap.script))
    git(bare, "--git-dir=.", "config", "merge.e.driver", str(trap.script))
    (bare / "info" / "attributes").write_text("* merge=union\n", encoding="utf-8")
    (bare / "empty" / ".gitattributes").write_text("* merge=union\n", encoding="utf-8")

    read_everything(trap)

    assert not trap.marker.exists()
    assert len(list(bare.parent.glob("bare.changed-*"))) == 1


@pytest.mark.parametrize("name", ["HEAD", "config"])
def test_a_pipe_in_the_own_directory_blocks_nothing(trap: Trap, name: str) -> None:
    bare = own_context(trap.place).git_dir
    assert bare is not None
    (bare / name).unlink()
    os.mkfifo(bare / name)

    read_everything(trap)

    assert (bare / name).is_file()


def test_a_filter_runs_only_when_the_caller_trusts_it(
    trap: Trap, tmp_path: Path, git: RunGit
) -> None:
    git(trap.place.top, "config", "filter.e.clean", "tr a-z A-Z")
    trusted = replace(trap.place, filters=read_filters(trap.place))

    blobs = []
    for number, place in enumerate((trap.place, trusted)):
        own = own_context(place, work_tree=place.top, index=tmp_path / str(number))
        run(own, "add", "f.txt")
        blobs.append(run(own, "cat-file", "blob", ":f.txt").stdout)

    assert blobs == [b"one\ndirty!\nthree\n", b"ONE\nDIRTY!\nTHREE\n"]
