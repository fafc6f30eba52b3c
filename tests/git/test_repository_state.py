import os
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.errors import GitError
from ropewalk.git.repository import (
    Place,
    checked_out_at,
    current_identity,
    find_place,
    head_branch,
    operation_in_progress,
    repository_notes,
    stale_locks,
)
from tests.conftest import RunGit


@pytest.fixture
def linked(repository: Path, tmp_path: Path, git: RunGit) -> Path:
    path = tmp_path / "linked"
    git(repository, "worktree", "add", "-q", "-b", "side", str(path))
    return path


def test_a_detached_head_has_no_branch(place: Place, git: RunGit) -> None:
    git(place.top, "checkout", "-q", "--detach")

    assert head_branch(place) is None
    assert find_place(place.top) == place


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("MERGE_HEAD", "merge"),
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
        ("BISECT_LOG", "bisect"),
        ("rebase-merge/todo", "rebase"),
        ("rebase-apply/next", "rebase"),
        ("rebase-apply/applying", "am"),
    ],
)
def test_a_begun_operation_is_named(place: Place, name: str, operation: str) -> None:
    before = operation_in_progress(place)
    path = place.git_dir / name
    path.parent.mkdir(exist_ok=True)
    path.touch()

    assert (before, operation_in_progress(place)) == (None, operation)


def test_a_real_conflicted_merge_is_an_operation_in_progress(place: Place, git: RunGit) -> None:
    top = place.top
    git(top, "checkout", "-q", "-b", "side")
    (top / "README.md").write_text("side\n", encoding="utf-8")
    git(top, "commit", "-q", "-am", "side")
    git(top, "checkout", "-q", "main")
    (top / "README.md").write_text("main\n", encoding="utf-8")
    git(top, "commit", "-q", "-am", "main")
    git(top, "merge", "-q", "side", exit_code=1)

    assert operation_in_progress(place) == "merge"


def test_a_plain_repository_has_no_notes(place: Place) -> None:
    assert repository_notes(place) == ()


def test_a_shallow_clone_is_noted(repository: Path, tmp_path: Path, git: RunGit) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "second")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")

    notes = repository_notes(find_place(tmp_path / "shallow"))

    assert any(note.startswith("shallow clone") for note in notes)


def test_a_partial_clone_is_noted(repository: Path, tmp_path: Path, git: RunGit) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{repository}", "partial")

    notes = repository_notes(find_place(tmp_path / "partial"))

    assert any(note.startswith("partial clone") for note in notes)


def test_a_sparse_checkout_is_noted(place: Place, git: RunGit) -> None:
    git(place.top, "sparse-checkout", "set", "api")

    assert any(note.startswith("sparse checkout") for note in repository_notes(place))


def test_submodules_are_counted(place: Place, git: RunGit) -> None:
    head = git(place.top, "rev-parse", "HEAD")
    git(place.top, "update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    git(place.top, "commit", "-q", "-m", "submodule")

    assert any(note.startswith("1 submodules") for note in repository_notes(place))


def test_lfs_pointers_without_the_filter_are_counted(place: Place, git: RunGit) -> None:
    top = place.top
    (top / "docs" / ".gitattributes").write_text("*.bin filter=lfs\n", encoding="utf-8")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    for name in ("a.bin", "b.bin"):
        (top / "docs" / name).write_text(pointer, encoding="utf-8")
    git(top, "add", "--all")
    git(top, "commit", "-q", "-m", "large files")

    without = repository_notes(place)
    git(top, "config", "filter.lfs.smudge", "cat")

    assert any(note.startswith("2 LFS pointers") for note in without)
    assert repository_notes(place) == ()


def test_a_branch_is_found_in_the_worktrees_that_have_it(
    place: Place, linked: Path, git: RunGit
) -> None:
    assert checked_out_at(place, "refs/heads/main") == (place.top,)
    assert checked_out_at(place, "refs/heads/side") == (linked,)
    assert checked_out_at(place, "refs/heads/none") == ()


def test_a_branch_of_a_worktree_with_a_newline_in_its_name_is_found(
    place: Place, tmp_path: Path, git: RunGit
) -> None:
    odd = tmp_path / "new\nbranch refs/heads/main"
    git(place.top, "worktree", "add", "-q", "-b", "odd", str(odd))

    assert checked_out_at(place, "refs/heads/odd") == (odd,)
    assert checked_out_at(place, "refs/heads/main") == (place.top,)


def test_the_identity_of_the_configuration_is_taken(
    place: Place, git: RunGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NAME", "EMAIL"):
        monkeypatch.delenv(f"GIT_AUTHOR_{name}")
    git(place.top, "config", "user.name", "Grace <of> Hopper")
    git(place.top, "config", "user.email", "grace@example.invalid")

    identity = current_identity(place)

    assert (identity.name, identity.email) == ("Grace of Hopper", "grace@example.invalid")
    assert identity.date is None


def test_an_identity_in_the_environment_is_taken(place: Place) -> None:
    assert current_identity(place).email == "author@example.invalid"


def test_without_an_identity_the_error_says_how_to_set_one(
    place: Place, git: RunGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    git(place.top, "config", "user.useConfigOnly", "true")

    with pytest.raises(GitError) as caught:
        current_identity(place)

    assert caught.value.code == "identity"
    assert "user.email" in caught.value.hint


def test_lock_files_are_described_and_left_alone(place: Place) -> None:
    locks = [
        place.git_dir / "index.lock",
        place.git_dir / "refs" / "heads" / "main.lock",
    ]
    before = stale_locks(place)
    for lock in locks:
        lock.touch()
    os.mkfifo(place.git_dir / "HEAD.lock")

    found = stale_locks(place)

    assert before == ()
    assert len(found) == 3
    assert all(any(str(lock) in line and "s old" in line for line in found) for lock in locks)
    assert any("HEAD.lock" in line and "not a file" in line for line in found)
    assert all(lock.exists() for lock in locks)


def test_the_owner_of_a_lock_without_a_name_is_unknown(place: Place) -> None:
    lock = place.git_dir / "config.lock"
    lock.symlink_to("nowhere")

    assert "owner unknown" in stale_locks(place)[0]


def test_a_place_can_be_given_trusted_filters(place: Place) -> None:
    assert replace(place, filters=("filter.a.clean=cat",)).filters == ("filter.a.clean=cat",)
