"""What lies in a worktree is taken in whole, without touching it and without trusting it."""

import os
import threading
from pathlib import Path

import pytest

from ropewalk.errors import StorageError, WorktreeError
from ropewalk.git.admin import private_folder
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import (
    brought_into,
    read_head,
    remember_brought,
    snapshot,
)
from ropewalk.git.worktree import add_worktree, admin_dir
from tests.conftest import RunGit


@pytest.fixture
def worktree(place: Place, repository: Path, git: RunGit) -> Path:
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "exclude").write_text("*.log\n")
    path = repository / ".worktrees" / "shop" / "api"
    add_worktree(place, path, git(repository, "rev-parse", "HEAD"), reason="ropewalk shop/api")
    return path


def listing(git: RunGit, repository: Path, commit: str) -> set[str]:
    return set(git(repository, "ls-tree", "-r", "-z", "--name-only", commit).split("\0")) - {""}


def test_a_clean_worktree_is_its_head(place: Place, worktree: Path) -> None:
    taken = snapshot(place, worktree)

    assert not taken.is_dirty
    assert taken.commit == taken.parent == read_head(place, worktree)


def test_changed_new_deleted_and_staged_files_are_taken_and_ignored_ones_not(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    (worktree / "README.md").write_text("changed\n")
    (worktree / "new.txt").write_text("new\n")
    (worktree / "staged.txt").write_text("staged\n")
    git(worktree, "add", "staged.txt")
    (worktree / "web" / "app.js").unlink()
    (worktree / "noise.log").write_text("noise\n")
    (worktree / "run.sh").write_text("#!/bin/sh\n")
    (worktree / "run.sh").chmod(0o755)
    (worktree / "link").symlink_to("/etc/hostname")
    (worktree / "deep" / "er").mkdir(parents=True)
    (worktree / "deep" / "er" / "x").write_text("x")

    taken = snapshot(place, worktree)

    names = listing(git, repository, taken.commit)
    assert names >= {"new.txt", "staged.txt", "run.sh", "link", "deep/er/x"}
    assert not names & {"web/app.js", "noise.log"}
    assert git(repository, "show", f"{taken.commit}:README.md") == "changed"
    modes = git(repository, "ls-tree", taken.commit, "run.sh", "link").split()
    assert {"100755", "120000"} <= set(modes)
    assert git(repository, "rev-parse", f"{taken.commit}^") == taken.parent


def test_worktree_index_and_head_stay_byte_identical(
    place: Place, worktree: Path, git: RunGit
) -> None:
    (worktree / "README.md").write_text("changed\n")
    git(worktree, "add", "README.md")
    (worktree / "new.txt").write_text("new\n")
    admin = admin_dir(place, worktree)
    before = [(admin / name).read_bytes() for name in ("index", "HEAD")]

    snapshot(place, worktree)

    assert [(admin / name).read_bytes() for name in ("index", "HEAD")] == before
    assert git(worktree, "status", "--porcelain") == "M  README.md\n?? new.txt"


def test_the_same_files_give_the_same_commit(place: Place, worktree: Path) -> None:
    (worktree / "new.txt").write_text("new\n")
    first = snapshot(place, worktree)
    (worktree / "new.txt").write_text("other\n")
    between = snapshot(place, worktree)
    (worktree / "new.txt").write_text("new\n")

    assert snapshot(place, worktree) == first
    assert between.commit != first.commit


def test_a_change_that_keeps_size_and_seconds_is_seen(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    for number in range(20):
        (worktree / "README.md").write_text(f"{number:04}")

        taken = snapshot(place, worktree)

        assert git(repository, "show", f"{taken.commit}:README.md") == f"{number:04}"


def test_flags_in_the_worktrees_own_index_hide_nothing(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    git(worktree, "update-index", "--assume-unchanged", "README.md")
    git(worktree, "update-index", "--skip-worktree", "web/app.js")
    (worktree / "README.md").write_text("hidden\n")
    (worktree / "web" / "app.js").write_text("hidden\n")

    taken = snapshot(place, worktree)

    assert git(repository, "show", f"{taken.commit}:README.md") == "hidden"
    assert git(repository, "show", f"{taken.commit}:web/app.js") == "hidden"


def test_it_works_while_somebody_holds_the_index_lock(place: Place, worktree: Path) -> None:
    (admin_dir(place, worktree) / "index.lock").touch()
    (worktree / "new.txt").write_text("new\n")

    assert snapshot(place, worktree).is_dirty


def test_excluded_paths_are_never_taken(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    for name in ("secret.env", "other.env", "folder/inner", "odd\nname", "*"):
        (worktree / name).parent.mkdir(exist_ok=True)
        (worktree / name).write_text("x")

    taken = snapshot(place, worktree, exclude=("secret.env", "folder", "odd\nname", "*"))

    names = listing(git, repository, taken.commit)
    assert "other.env" in names
    assert not names & {"secret.env", "folder/inner", "odd\nname", "*"}


def test_what_was_brought_in_is_never_taken_without_being_named(
    place: Place, worktree: Path
) -> None:
    (worktree / "node_modules").symlink_to("/usr")
    remember_brought(place, worktree, ["node_modules"])

    taken = snapshot(place, worktree)

    assert brought_into(place, worktree) == ("node_modules",)
    assert not taken.is_dirty


@pytest.mark.parametrize(
    "name", [":(exclude)x", "*", "-x", '"q"', "tab\tname", "new\nline", " lead", "ä", "a;b"]
)
def test_odd_names_are_taken_literally(
    place: Place, repository: Path, worktree: Path, git: RunGit, name: str
) -> None:
    (worktree / name).write_text("odd\n")

    taken = snapshot(place, worktree)

    assert name in listing(git, repository, taken.commit)


def test_names_that_are_no_utf8_are_taken(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    name = os.fsdecode(b"\xff\xfe")
    (worktree / name).write_text("odd\n")

    taken = snapshot(place, worktree)

    assert name in listing(git, repository, taken.commit)


def test_a_file_becomes_a_folder_and_a_folder_a_file(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    (worktree / "README.md").unlink()
    (worktree / "README.md").mkdir()
    (worktree / "README.md" / "inner").write_text("x")
    (worktree / "web" / "app.js").unlink()
    (worktree / "web" / "index.html").unlink()
    (worktree / "web").rmdir()
    (worktree / "web").write_text("x")

    names = listing(git, repository, snapshot(place, worktree).commit)

    assert names >= {"README.md/inner", "web"}
    assert not names & {"README.md", "web/app.js"}


def test_special_files_are_left_out_and_do_not_block(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    os.mkfifo(worktree / "pipe")
    (worktree / "README.md").unlink()
    os.mkfifo(worktree / "README.md")

    taken = snapshot(place, worktree)

    assert not taken.partial
    assert not listing(git, repository, taken.commit) & {"pipe", "README.md"}


def test_a_repository_inside_becomes_a_flagged_link(
    place: Place, worktree: Path, git: RunGit
) -> None:
    git(worktree, "init", "-q", "inner")
    git(worktree / "inner", "commit", "-q", "--allow-empty", "-m", "x")

    taken = snapshot(place, worktree)

    assert taken.gitlinks == ("inner",)
    assert taken.is_dirty
    assert not taken.partial


def test_a_repository_inside_without_a_commit_makes_it_partial(
    place: Place, repository: Path, worktree: Path, git: RunGit
) -> None:
    git(worktree, "init", "-q", "inner")
    (worktree / "new.txt").write_text("new\n")
    (worktree / "other.txt").write_text("new\n")

    taken = snapshot(place, worktree)

    assert taken.partial
    assert {"new.txt", "other.txt"} <= listing(git, repository, taken.commit)


def test_conflict_markers_of_a_merge_under_way_are_flagged(
    place: Place, worktree: Path, git: RunGit
) -> None:
    base = git(worktree, "rev-parse", "HEAD")
    (worktree / "README.md").write_text("ours\n")
    git(worktree, "commit", "-qam", "ours")
    git(worktree, "checkout", "-q", "-B", "theirs", base)
    (worktree / "README.md").write_text("theirs\n")
    git(worktree, "commit", "-qam", "theirs")
    git(worktree, "merge", "-q", "HEAD@{2}", exit_code=1)

    taken = snapshot(place, worktree)

    assert taken.has_markers
    assert git(worktree, "status", "--porcelain") == "UU README.md"


def test_a_line_of_equal_signs_or_removed_markers_is_no_marker(
    place: Place, worktree: Path, git: RunGit
) -> None:
    (worktree / "README.md").write_text("<<<<<<< a\n=======\n>>>>>>> b\n")
    git(worktree, "commit", "-qam", "markers")
    (worktree / "README.md").write_text("Title\n=======\n<<<<<<<\n")

    assert not snapshot(place, worktree).has_markers


def test_poisoned_git_files_run_nothing_and_change_nothing(
    place: Place, repository: Path, worktree: Path, git: RunGit, tmp_path: Path
) -> None:
    snapshot(place, worktree)
    mark = tmp_path / "ran"
    git(repository, "config", "core.fsmonitor", f"touch {mark}")
    git(repository, "config", "filter.x.clean", f"touch {mark}; cat")
    git(repository, "config", "core.worktree", str(tmp_path))
    (repository / ".git" / "info" / "attributes").write_text("* filter=x\n")
    (worktree / ".gitattributes").write_text("* filter=x\n")
    inner = worktree / "inner"
    git(worktree, "init", "-q", "inner")
    (inner / "f").write_text("x")
    git(inner, "add", "--all")
    git(inner, "commit", "-q", "-m", "x")
    git(inner, "config", "filter.x.clean", f"touch {mark}; cat")
    git(inner, "config", "core.fsmonitor", f"touch {mark}")
    (inner / ".gitattributes").write_text("* filter=x\n")
    (inner / "f").write_text("changed")
    (worktree / ".git").write_text(f"gitdir: {tmp_path}\n")
    (worktree / "README.md").write_text("changed\n")

    taken = snapshot(place, worktree)
    again = snapshot(place, worktree)

    assert not mark.exists()
    assert taken == again
    assert taken.gitlinks == ("inner",)
    assert taken.parent is not None


def test_a_damaged_private_index_is_made_anew(place: Place, worktree: Path) -> None:
    kept = next((place.common_dir / "ropewalk" / "trees").glob("*/index"))
    kept.write_bytes(b"garbage")

    assert not snapshot(place, worktree).is_dirty


def test_objects_go_to_a_quarantine_when_asked(
    place: Place, repository: Path, worktree: Path, git: RunGit, tmp_path: Path
) -> None:
    (worktree / "new.txt").write_text("nowhere else\n")

    taken = snapshot(place, worktree, objects=tmp_path / "quarantine")

    git(repository, "cat-file", "-e", taken.commit, exit_code=1)
    assert snapshot(place, worktree).commit == taken.commit
    git(repository, "cat-file", "-e", taken.commit)


def test_an_unreadable_head_is_replaced_by_the_base(
    place: Place, worktree: Path, git: RunGit
) -> None:
    base = git(worktree, "rev-parse", "HEAD")
    (admin_dir(place, worktree) / "HEAD").write_bytes(b"\xff" * 10)
    (worktree / "new.txt").write_text("new\n")

    with_base = snapshot(place, worktree, base=base)
    without = snapshot(place, worktree)

    assert with_base.parent == base
    assert without.parent is None
    assert without.tree == with_base.tree


def test_a_deleted_worktree_is_an_error(place: Place, worktree: Path) -> None:
    worktree.rename(worktree.with_name("gone"))

    with pytest.raises(WorktreeError) as caught:
        snapshot(place, worktree)

    assert caught.value.code == "worktree_missing"


def test_a_worktree_replaced_by_a_link_is_not_followed(
    place: Place, worktree: Path, tmp_path: Path
) -> None:
    worktree.rename(worktree.with_name("gone"))
    worktree.symlink_to(tmp_path)

    with pytest.raises(WorktreeError):
        snapshot(place, worktree)


def test_a_worktree_below_a_link_is_not_followed(
    place: Place, worktree: Path, tmp_path: Path
) -> None:
    worktree.parent.rename(tmp_path / "moved")
    worktree.parent.symlink_to(tmp_path / "moved")

    with pytest.raises(WorktreeError, match="symbolic link"):
        snapshot(place, worktree)


def test_snapshots_of_one_worktree_at_once_agree(place: Place, worktree: Path) -> None:
    (worktree / "new.txt").write_text("new\n")
    commits = []
    threads = [
        threading.Thread(target=lambda: commits.append(snapshot(place, worktree).commit))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(commits) == 6
    assert len(set(commits)) == 1


def test_a_kept_index_that_cannot_be_copied_is_an_error_that_names_it(
    place: Place, worktree: Path
) -> None:
    kept = private_folder(place, worktree) / "index"
    kept.unlink()
    kept.mkdir()

    with pytest.raises(StorageError, match=f"cannot copy {kept}"):
        snapshot(place, worktree)
