"""Worktrees are made whole or not at all, many at once, and never over something that exists."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ropewalk.errors import InvalidInput, WorktreeError
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import seed_index, snapshot
from ropewalk.git.worktree import (
    WorktreeRequest,
    add_worktree,
    add_worktrees,
    admin_dir,
    clear_locks,
    list_worktrees,
    read_head,
    unlock,
)
from tests.conftest import RunGit

MAKE_MANY = """
import sys
import time
from pathlib import Path
from ropewalk.git.repository import find_place
from ropewalk.git.worktree import WorktreeRequest, add_worktrees
place = find_place(Path(sys.argv[1]))
requests = [
    WorktreeRequest(path=place.top / ".worktrees" / sys.argv[3] / f"d{n}", commit=sys.argv[2],
                    reason=f"ropewalk {sys.argv[3]}/d{n}")
    for n in range(int(sys.argv[4]))
]
add_worktrees(place, requests, jobs=len(requests))
"""


@pytest.fixture
def head(repository: Path, git: RunGit) -> str:
    return git(repository, "rev-parse", "HEAD")


@pytest.fixture
def path(repository: Path) -> Path:
    return repository / ".worktrees" / "shop" / "api"


def never(path: Path) -> bool:
    return False


def always(path: Path) -> bool:
    return True


def test_a_new_worktree_is_detached_locked_and_holds_every_file(
    place: Place, path: Path, head: str, git: RunGit
) -> None:
    entry = add_worktree(place, path, head, reason="ropewalk shop/api")

    assert (entry.path, entry.head, entry.locked) == (path, head, "ropewalk shop/api")
    assert git(path, "status", "--porcelain", "--ignored") == ""
    assert git(path, "branch", "--show-current") == ""
    assert (path / "db" / "schema.sql").read_bytes() == (
        place.top / "db" / "schema.sql"
    ).read_bytes()
    assert list_worktrees(place) == (entry,)
    assert admin_dir(place, path) == entry.admin


def test_a_reason_always_says_whose_lock_it_is(place: Place, path: Path, head: str) -> None:
    entry = add_worktree(place, path, head, reason="shop/api")

    assert entry.locked == "ropewalk shop/api"


def test_files_are_as_git_itself_makes_them(
    place: Place, repository: Path, path: Path, git: RunGit
) -> None:
    (repository / ".gitattributes").write_text("*.crlf text eol=crlf\n*.id ident\n*.up filter=up\n")
    git(repository, "config", "filter.up.smudge", "tr a-z A-Z")
    git(repository, "config", "filter.up.clean", "tr A-Z a-z")
    (repository / "a.crlf").write_bytes(b"one\r\ntwo\r\n")
    (repository / "b.id").write_bytes(b"$Id$\n")
    (repository / "c.up").write_bytes(b"lower\n")
    (repository / "run.sh").write_bytes(b"#!/bin/sh\n")
    (repository / "run.sh").chmod(0o755)
    (repository / "link").symlink_to("run.sh")
    Path(os.fsdecode(os.fsencode(repository) + b'/odd \xff\n"name')).write_bytes(b"odd")
    git(repository, "add", "--all")
    git(repository, "commit", "-qm", "odd files")
    commit = git(repository, "rev-parse", "HEAD")
    twin = repository.parent / "twin"
    git(repository, "worktree", "add", "-q", "--detach", str(twin), commit)

    add_worktree(place, path, commit, reason="ropewalk shop/api")

    assert contents(path) == contents(twin)
    assert contents(path)["c.up"] == (b"LOWER\n", False)


def contents(root: Path) -> dict[str, tuple[bytes, bool]]:
    found = {}
    for folder, _folders, files in os.walk(root):
        for name in files:
            file = Path(folder, name)
            relative = str(file.relative_to(root))
            if file.is_symlink():
                found[relative] = (os.fsencode(file.readlink()), True)
            elif relative != ".git":
                found[relative] = (file.read_bytes(), os.access(file, os.X_OK))
    return found


def test_a_fresh_worktree_of_a_sparse_checkout_holds_all_files(
    place: Place, repository: Path, path: Path, head: str, git: RunGit
) -> None:
    git(repository, "sparse-checkout", "set", "api")

    add_worktree(place, path, head, reason="ropewalk shop/api")

    assert (path / "web" / "app.js").is_file()
    git(path, "checkout", "-q", "--detach", "HEAD")
    assert (path / "web" / "app.js").is_file()
    assert not (repository / "web").exists()
    assert not snapshot(place, path).is_dirty


def test_hooks_of_the_person_do_not_run(
    place: Place, repository: Path, path: Path, head: str, tmp_path: Path
) -> None:
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\nexit 1\n")
    hook.chmod(0o755)

    add_worktree(place, path, head, reason="ropewalk shop/api")

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("what", ["folder", "file", "link", "dangling"])
def test_a_path_that_exists_is_never_reused(
    place: Place, path: Path, head: str, tmp_path: Path, what: str
) -> None:
    path.parent.mkdir(parents=True)
    match what:
        case "folder":
            path.mkdir()
        case "file":
            path.write_text("mine")
        case "link":
            path.symlink_to(tmp_path)
        case _:
            path.symlink_to(tmp_path / "nowhere")

    with pytest.raises(InvalidInput) as caught:
        add_worktree(place, path, head, reason="ropewalk shop/api", is_ours=always)

    assert caught.value.code == "worktree_exists"
    assert os.path.lexists(path)
    assert list_worktrees(place) == ()


def test_a_registration_whose_folder_was_moved_is_never_reused(
    place: Place, path: Path, head: str
) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")
    moved = path.rename(path.with_name("elsewhere"))

    with pytest.raises(InvalidInput) as caught:
        add_worktree(place, path, head, reason="ropewalk shop/api", is_ours=always)

    assert caught.value.code == "worktree_registered"
    assert (moved / "README.md").is_file()
    assert [entry.prunable for entry in list_worktrees(place)] == [True]


def test_a_path_through_a_link_is_refused(
    place: Place, repository: Path, head: str, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (repository / ".worktrees").symlink_to(tmp_path / "other")

    with pytest.raises(InvalidInput, match="symbolic links"):
        add_worktree(place, repository / ".worktrees" / "api", head, reason="ropewalk shop/api")

    assert list((tmp_path / "other").iterdir()) == []


def test_only_full_ids_of_commits_are_taken(place: Place, path: Path) -> None:
    with pytest.raises(InvalidInput, match="'main' is not a full commit id"):
        add_worktree(place, path, "main", reason="ropewalk shop/api")


def test_an_unknown_commit_leaves_nothing_behind(place: Place, path: Path) -> None:
    with pytest.raises(WorktreeError, match="could not be made"):
        add_worktree(place, path, "1" * 40, reason="ropewalk shop/api")

    assert not path.exists()
    assert list_worktrees(place) == ()


def test_when_one_of_many_fails_those_made_are_taken_down(
    place: Place, path: Path, head: str
) -> None:
    requests = [
        WorktreeRequest(path=path.with_name("a"), commit=head, reason="ropewalk shop/a"),
        WorktreeRequest(path=path.with_name("b"), commit="1" * 40, reason="ropewalk shop/b"),
        WorktreeRequest(path=path.with_name("c"), commit=head, reason="ropewalk shop/c"),
    ]

    with pytest.raises(WorktreeError):
        add_worktrees(place, requests)

    assert list_worktrees(place) == ()
    assert list(path.parent.iterdir()) == []


def test_a_failing_filter_takes_the_worktree_down(
    place: Place, repository: Path, path: Path, git: RunGit
) -> None:
    (repository / ".gitattributes").write_text("*.x filter=broken\n")
    (repository / "a.x").write_text("text\n")
    git(repository, "add", "--all")
    git(repository, "commit", "-qm", "filtered")
    git(repository, "config", "filter.broken.smudge", "false")
    git(repository, "config", "filter.broken.required", "true")

    with pytest.raises(WorktreeError, match="could not be made"):
        add_worktree(place, path, git(repository, "rev-parse", "HEAD"), reason="ropewalk x/y")

    assert list_worktrees(place) == ()
    assert not path.exists()


def test_sixteen_at_once_from_two_processes_all_succeed(
    place: Place, repository: Path, head: str
) -> None:
    make_in_two_processes(repository, head, names=("one", "two"), each=8)

    entries = list_worktrees(place)
    assert len(entries) == 16
    assert {entry.head for entry in entries} == {head}
    assert all((entry.path / "web" / "index.html").is_file() for entry in entries)


def make_in_two_processes(
    repository: Path, head: str, *, names: tuple[str, str], each: int
) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE_MANY, repository, head, name, str(each)],
            stderr=subprocess.PIPE,
        )
        for name in names
    ]
    errors = [process.communicate(timeout=110)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors


@pytest.mark.parametrize("trap", ["pipe", "endless", "folder", "garbage"])
def test_a_trap_in_an_admin_folder_neither_hangs_nor_fools_the_reader(
    place: Place, path: Path, head: str, trap: str
) -> None:
    entry = add_worktree(place, path, head, reason="ropewalk shop/api")
    target = entry.admin / "HEAD"
    target.unlink()
    match trap:
        case "pipe":
            os.mkfifo(target)
        case "endless":
            target.symlink_to("/dev/zero")
        case "folder":
            target.mkdir()
        case _:
            target.write_bytes(b"\0\xff" * 50_000)

    assert read_head(place, path) is None
    assert list_worktrees(place)[0].head is None


def test_head_of_a_branch_is_the_commit_of_the_branch(
    place: Place, path: Path, head: str, git: RunGit
) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")
    git(path, "checkout", "-q", "-b", "topic")
    git(path, "commit", "-q", "--allow-empty", "-m", "more")

    assert read_head(place, path) == git(path, "rev-parse", "topic")


def test_a_replaced_git_file_does_not_hide_the_worktree(
    place: Place, path: Path, head: str, tmp_path: Path
) -> None:
    entry = add_worktree(place, path, head, reason="ropewalk shop/api")
    (path / ".git").write_text(f"gitdir: {tmp_path}\n")

    assert admin_dir(place, path) == entry.admin
    assert read_head(place, path) == head


def test_a_folder_that_is_no_worktree_has_no_admin_folder(place: Place, tmp_path: Path) -> None:
    with pytest.raises(WorktreeError, match="not a worktree"):
        admin_dir(place, tmp_path)
    assert read_head(place, tmp_path) is None


def test_unlock_lets_git_prune(place: Place, path: Path, head: str) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")

    unlock(place, path)

    assert list_worktrees(place)[0].locked is None


def test_locks_left_by_a_killed_git_are_cleared(place: Place, path: Path, head: str) -> None:
    admin = add_worktree(place, path, head, reason="ropewalk shop/api").admin
    (admin / "index.lock").touch()

    found = clear_locks(place, path)

    assert found == ("index.lock",)
    assert clear_locks(place, path) == ()


def test_seeding_from_a_missing_index_is_no_error(place: Place, path: Path, head: str) -> None:
    add_worktree(place, path, head, reason="ropewalk shop/api")

    seed_index(place, path, path / "nothing")

    assert not snapshot(place, path).is_dirty
