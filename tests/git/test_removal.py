"""A worktree is taken away only when all that lies in it is known to be kept."""

import os
import subprocess
from pathlib import Path

import pytest

from ropewalk.errors import WorktreeError
from ropewalk.git.repository import Place
from ropewalk.git.trash import restore_worktree, save_worktree
from ropewalk.git.worktree import (
    add_worktree,
    admin_dir,
    list_worktrees,
    remove_worktree,
)
from tests.conftest import RunGit

REF = "refs/ropewalk/shop/trash/api"
Content = dict[str, tuple[str, bytes]]


@pytest.fixture
def worktree(place: Place, repository: Path, git: RunGit) -> Path:
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "exclude").write_text("*.log\n.env\nbuild/\n")
    path = repository / ".worktrees" / "shop" / "api"
    add_worktree(place, path, git(repository, "rev-parse", "HEAD"), reason="ropewalk shop/api")
    return path


def content(root: Path) -> Content:
    """Every file and link below a folder, but the file that makes it a worktree."""
    found: Content = {}
    for folder, folders, files in os.walk(root):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for path in (Path(folder, name) for name in (*files, *links)):
            name = str(path.relative_to(root))
            if path.is_symlink():
                found[name] = ("link", os.fsencode(path.readlink()))
            elif name != ".git":
                kind = "program" if os.access(path, os.X_OK) else "file"
                found[name] = (kind, path.read_bytes())
    return found


def untracked(root: Path, git: RunGit) -> None:
    (root / "new").mkdir()
    (root / "new" / "file.txt").write_bytes(b"new\0binary\xff")
    (root / "new" / "run.sh").write_text("#!/bin/sh\n")
    (root / "new" / "run.sh").chmod(0o755)
    (root / "link").symlink_to("/nowhere/at all")


def test_files_over_the_limit_stay_on_disk(place: Place, worktree: Path, tmp_path: Path) -> None:
    (worktree / "big.log").write_bytes(b"x" * 2000)
    (worktree / "small.log").write_bytes(b"y" * 10)

    saved = save_worktree(place, worktree, REF, limit=1000)
    removal = remove_worktree(place, worktree, saved=saved, trash=tmp_path / "trash")

    assert not worktree.exists()
    assert removal.kept is not None
    assert removal.kept.parent == tmp_path / "trash"
    assert (removal.kept / "big.log").read_bytes() == b"x" * 2000
    restore_worktree(place, REF, worktree, kept=removal.kept)
    assert (worktree / "big.log").read_bytes() == b"x" * 2000
    assert (worktree / "small.log").read_bytes() == b"y" * 10


def test_what_cannot_be_saved_stays_beside_where_there_is_no_trash(
    place: Place, worktree: Path
) -> None:
    (worktree / "big.log").write_bytes(b"x" * 2000)

    for _ in range(2):
        saved = save_worktree(place, worktree, REF, limit=1000)
        kept = remove_worktree(place, worktree, saved=saved).kept
        assert kept is not None
        assert (kept / "big.log").is_file()
        restore_worktree(place, REF, worktree)
        (worktree / "big.log").write_bytes(b"x" * 2000)

    assert len(list(worktree.parent.glob(".kept-api-*[!t]"))) == 2


def test_an_index_that_cannot_be_read_keeps_the_folder(
    place: Place, worktree: Path, git: RunGit
) -> None:
    (admin_dir(place, worktree) / "index").write_bytes(b"garbage")

    saved = save_worktree(place, worktree, REF)
    kept = remove_worktree(place, worktree, saved=saved).kept

    assert kept is not None
    assert kept.with_name(f"{kept.name}.git").joinpath("index").read_bytes() == b"garbage"


def test_a_git_folder_in_the_place_of_the_git_file_is_saved(
    place: Place, worktree: Path, git: RunGit
) -> None:
    (worktree / ".git").unlink()
    git(worktree, "init", "-q")
    git(worktree, "commit", "-q", "--allow-empty", "-m", "hidden")
    commit = git(worktree, "rev-parse", "HEAD")

    remove_worktree(place, worktree, saved=save_worktree(place, worktree, REF))
    restore_worktree(place, REF, worktree)

    (worktree / "dot-git" / "refs").mkdir(exist_ok=True)
    assert git(worktree, "--git-dir=dot-git", "cat-file", "-t", commit) == "commit"


@pytest.mark.parametrize("where", ["file", "ignored", "index", "head"])
def test_a_change_after_saving_stops_the_removal(
    place: Place, worktree: Path, git: RunGit, where: str
) -> None:
    saved = save_worktree(place, worktree, REF)
    match where:
        case "file":
            (worktree / "late.txt").write_text("late")
        case "ignored":
            (worktree / "late.log").write_text("late")
        case "index":
            (worktree / "late.txt").write_text("late")
            git(worktree, "add", "late.txt")
            (worktree / "late.txt").unlink()
        case _:
            git(worktree, "commit", "-q", "--allow-empty", "-m", "late")
    before = content(worktree)

    with pytest.raises(WorktreeError, match="changed after it was saved"):
        remove_worktree(place, worktree, saved=saved)

    assert content(worktree) == before
    git(worktree, "status")


@pytest.mark.parametrize("fault", ["not saved", "other worktree", "no ref", "no id"])
def test_only_a_saved_pinned_commit_of_this_worktree_allows_removal(
    place: Place, worktree: Path, git: RunGit, fault: str
) -> None:
    saved = save_worktree(place, worktree, REF)
    path = worktree
    match fault:
        case "not saved":
            saved = git(place.top, "rev-parse", "HEAD")
        case "other worktree":
            path = worktree.with_name("db")
            add_worktree(place, path, git(place.top, "rev-parse", "HEAD"), reason="ropewalk x")
        case "no ref":
            git(place.top, "update-ref", "-d", REF)
        case _:
            saved = "HEAD"

    with pytest.raises(WorktreeError):
        remove_worktree(place, path, saved=saved)

    assert (path / "README.md").is_file()
    assert admin_dir(place, path).is_dir()


def test_a_worktree_that_somebody_else_locked_stays(
    place: Place, worktree: Path, git: RunGit
) -> None:
    saved = save_worktree(place, worktree, REF)
    git(place.top, "worktree", "unlock", str(worktree))
    git(place.top, "worktree", "lock", "--reason", "in use", str(worktree))

    with pytest.raises(WorktreeError, match="locked by somebody else: in use"):
        remove_worktree(place, worktree, saved=saved)

    assert (worktree / "README.md").is_file()


def test_a_moved_worktree_keeps_its_registration(place: Place, worktree: Path) -> None:
    saved = save_worktree(place, worktree, REF)
    moved = worktree.rename(worktree.with_name("moved"))

    with pytest.raises(WorktreeError, match="not where it was made"):
        remove_worktree(place, worktree, saved=saved)

    assert (moved / "README.md").is_file()
    assert len(list_worktrees(place)) == 1


def test_a_worktree_through_a_link_stays(place: Place, worktree: Path, tmp_path: Path) -> None:
    saved = save_worktree(place, worktree, REF)
    target = worktree.rename(tmp_path / "target")
    worktree.symlink_to(target)

    with pytest.raises(WorktreeError):
        remove_worktree(place, worktree, saved=saved)

    assert (target / "README.md").is_file()
    assert worktree.is_symlink()


def test_the_main_worktree_cannot_be_saved_as_one_to_remove(place: Place) -> None:
    with pytest.raises(WorktreeError, match="not a worktree of this repository"):
        save_worktree(place, place.top, REF)


def test_the_worktree_that_one_stands_in_stays(
    place: Place, worktree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = save_worktree(place, worktree, REF)
    monkeypatch.chdir(worktree / "api")

    with pytest.raises(WorktreeError, match="you stand in"):
        remove_worktree(place, worktree, saved=saved)

    assert (worktree / "README.md").is_file()


def test_a_worktree_in_which_a_program_works_stays(place: Place, worktree: Path) -> None:
    saved = save_worktree(place, worktree, REF)
    with subprocess.Popen(["sleep", "60"], cwd=worktree / "api") as program:
        try:
            with pytest.raises(WorktreeError, match=f"process {program.pid} is at work"):
                remove_worktree(place, worktree, saved=saved)
        finally:
            program.kill()

    assert (worktree / "README.md").is_file()


def test_a_worktree_that_holds_another_stays(place: Place, worktree: Path, git: RunGit) -> None:
    git(place.top, "worktree", "add", "-q", "--detach", str(worktree / "inner"))
    saved = save_worktree(place, worktree, REF)

    with pytest.raises(WorktreeError, match="holds another worktree"):
        remove_worktree(place, worktree, saved=saved)

    assert (worktree / "inner" / "README.md").is_file()


def test_something_in_the_way_of_the_removal_is_left_alone(place: Place, worktree: Path) -> None:
    saved = save_worktree(place, worktree, REF)
    blocker = worktree.with_name(".removing-api")
    blocker.write_text("mine")

    with pytest.raises(WorktreeError, match="in the way"):
        remove_worktree(place, worktree, saved=saved)

    assert blocker.read_text() == "mine"
    assert (worktree / "README.md").is_file()


def test_an_interrupted_removal_is_finished(place: Place, worktree: Path, git: RunGit) -> None:
    untracked(worktree, git)
    saved = save_worktree(place, worktree, REF)
    worktree.rename(worktree.with_name(".removing-api"))

    removal = remove_worktree(place, worktree, saved=saved)

    assert removal.kept is None
    assert list(worktree.parent.iterdir()) == []
    assert list_worktrees(place) == ()


def test_a_removal_interrupted_after_its_registration_went_is_finished(
    place: Place, worktree: Path
) -> None:
    saved = save_worktree(place, worktree, REF)
    aside = worktree.with_name(".removing-api")
    admin_dir(place, worktree).rename(worktree.with_name(".removing-api.git"))
    worktree.rename(aside)

    remove_worktree(place, worktree, saved=saved)

    assert list(worktree.parent.iterdir()) == []


def test_folders_without_write_permission_go_as_well(place: Place, worktree: Path) -> None:
    (worktree / "build" / "deep").mkdir(parents=True)
    (worktree / "build" / "deep" / "file").write_text("x")
    (worktree / "build" / "deep").chmod(0o500)

    removal = remove_worktree(place, worktree, saved=save_worktree(place, worktree, REF))

    assert removal.kept is None
    assert not worktree.exists()


def test_saving_and_removing_run_nothing_that_was_configured(
    place: Place, worktree: Path, git: RunGit, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    for key in ("filter.x.clean", "filter.x.smudge", "core.fsmonitor"):
        git(place.top, "config", key, f"touch {mark}; cat")
    (place.common_dir / "info" / "attributes").write_text("* filter=x\n")
    (worktree / "README.md").write_text("changed")

    remove_worktree(place, worktree, saved=save_worktree(place, worktree, REF))

    assert not mark.exists()


def test_a_trash_that_cannot_be_made_leaves_the_folder_where_it_is(
    place: Place, worktree: Path, tmp_path: Path
) -> None:
    (worktree / "big.log").write_bytes(b"x" * 2000)
    (tmp_path / "trash").write_text("a file in the way")

    saved = save_worktree(place, worktree, REF, limit=1000)
    kept = remove_worktree(place, worktree, saved=saved, trash=tmp_path / "trash").kept

    assert kept == worktree.with_name(".removing-api")
    assert (kept / "big.log").is_file()


def test_a_commit_that_only_looks_saved_is_not_believed(
    place: Place, worktree: Path, git: RunGit
) -> None:
    saved = save_worktree(place, worktree, REF)
    account = git(place.top, "log", "-1", "--format=%B", saved)
    tree = git(place.top, "mktree")
    forged = git(place.top, "commit-tree", "-m", account, tree)
    untitled = git(place.top, "commit-tree", "-m", f"x{account}", f"{saved}^{{tree}}")
    for number, commit in enumerate((forged, untitled)):
        git(place.top, "update-ref", f"refs/ropewalk/shop/trash/{number}", commit)

        with pytest.raises(WorktreeError):
            remove_worktree(place, worktree, saved=commit)

    assert (worktree / "README.md").is_file()


def test_a_submodules_own_commits_keep_the_git_files(
    place: Place, worktree: Path, git: RunGit
) -> None:
    modules = admin_dir(place, worktree) / "modules" / "lib"
    modules.mkdir(parents=True)
    (modules / "HEAD").write_text("ref: refs/heads/main\n")

    saved = save_worktree(place, worktree, REF)
    kept = remove_worktree(place, worktree, saved=saved).kept

    assert kept is not None
    assert (kept.with_name(f"{kept.name}.git") / "modules" / "lib" / "HEAD").is_file()
