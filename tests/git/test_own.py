from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.errors import GitError, StorageError
from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import commit_tree, is_ancestor, tree_of, write_tree_from
from ropewalk.git.own import absorb, own_context, quarantine, refresh_own
from ropewalk.git.repository import Place, find_place
from ropewalk.git.trees import TreeEntry, list_tree
from tests.conftest import RunGit
from tests.git.conftest import PERSON


def test_the_own_directory_is_made_once_and_kept(place: Place) -> None:
    first = own_context(place).git_dir
    assert first is not None
    inode = first.stat().st_ino

    again = own_context(place).git_dir

    assert again == first == place.common_dir / "ropewalk" / "bare"
    assert again.stat().st_ino == inode
    assert [path.name for path in first.parent.iterdir()] == ["bare"]


def test_many_that_need_it_at_once_share_one(place: Place, git: RunGit) -> None:
    head = git(place.top, "rev-parse", "HEAD")

    def read(_number: int) -> str:
        return tree_of(own_context(place), head)

    with ThreadPoolExecutor(16) as pool:
        trees = set(pool.map(read, range(32)))

    assert trees == {git(place.top, "rev-parse", "HEAD^{tree}")}
    assert [path.name for path in (place.common_dir / "ropewalk").iterdir()] == ["bare"]


def test_a_file_in_the_way_is_put_aside(place: Place) -> None:
    folder = place.common_dir / "ropewalk"
    folder.mkdir()
    (folder / "bare").write_text("in the way", encoding="utf-8")

    own = own_context(place)

    assert own.git_dir == folder / "bare"
    assert [path.read_text() for path in folder.glob("bare.changed-*")] == ["in the way"]


def test_an_own_directory_that_cannot_be_made_is_an_error(place: Place) -> None:
    (place.common_dir / "ropewalk").write_text("in the way", encoding="utf-8")

    with pytest.raises(StorageError) as caught:
        own_context(place)

    assert caught.value.hint


def test_an_empty_work_tree_stands_in_where_none_is_given(place: Place) -> None:
    own = own_context(place)

    assert own.work_tree is not None
    assert list(own.work_tree.iterdir()) == []


def test_files_that_the_person_excludes_stay_excluded(
    place: Place, tmp_path: Path, git: RunGit
) -> None:
    everywhere = tmp_path / "everywhere"
    everywhere.write_text("*.global\n!keep.local\n", encoding="utf-8")
    git(place.top, "config", "core.excludesFile", str(everywhere))
    (place.git_dir / "info").mkdir(exist_ok=True)
    (place.git_dir / "info" / "exclude").write_text("*.local\n", encoding="utf-8")
    for name in ("a.global", "b.local", "keep.local", "c.seen"):
        (place.top / name).touch()

    own = own_context(place, work_tree=place.top, index=tmp_path / "index")
    run(own, "read-tree", git(place.top, "rev-parse", "HEAD"))
    listed = run(own, "ls-files", "--others", "--exclude-standard").text

    assert listed == git(place.top, "ls-files", "--others", "--exclude-standard") == "c.seen"


def test_exclude_patterns_of_the_home_directory_are_taken(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "git").mkdir()
    (tmp_path / "git" / "ignore").write_text("*.home\n", encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    own = own_context(place)

    assert own.git_dir is not None
    assert b"*.home" in (own.git_dir / "info" / "exclude").read_bytes()


def test_a_refresh_takes_what_changed_since(place: Place) -> None:
    own = own_context(place)
    assert own.git_dir is not None
    (place.git_dir / "info").mkdir(exist_ok=True)
    (place.git_dir / "info" / "exclude").write_text("*.later\n", encoding="utf-8")
    (own.git_dir / "shallow").write_text("", encoding="utf-8")

    refresh_own(place)

    assert b"*.later" in (own.git_dir / "info" / "exclude").read_bytes()
    assert not (own.git_dir / "shallow").exists()


def test_a_shallow_clone_is_read_up_to_its_boundary(
    repository: Path, tmp_path: Path, git: RunGit
) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "second")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    place = find_place(tmp_path / "shallow")
    head = git(place.top, "rev-parse", "HEAD")

    own = own_context(place)

    assert run(own, "rev-list", head).text == head
    assert is_ancestor(own, head, head)
    refresh_own(place)
    assert own.git_dir is not None
    assert (own.git_dir / "shallow").read_text(encoding="utf-8") == f"{head}\n"


def test_line_endings_are_converted_as_the_person_has_it(
    repository: Path, tmp_path: Path, git: RunGit
) -> None:
    git(repository, "config", "core.autocrlf", "true")
    place = find_place(repository)
    (place.top / "README.md").write_bytes(b"windows\r\n")

    own = own_context(place, work_tree=place.top, index=tmp_path / "index")
    run(own, "read-tree", git(repository, "rev-parse", "HEAD"))
    run(own, "add", "README.md")

    assert run(own, "cat-file", "blob", ":README.md").stdout == b"windows\n"


def test_no_ref_of_the_person_is_seen(place: Place) -> None:
    assert run(own_context(place), "for-each-ref").text == ""


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_both_object_formats_are_read(tmp_path: Path, git: RunGit, object_format: str) -> None:
    git(tmp_path, "init", "-q", f"--object-format={object_format}", "new")
    top = tmp_path / "new"
    (top / "a").write_text("a\n", encoding="utf-8")
    git(top, "add", "a")
    git(top, "commit", "-q", "-m", "a")
    head = git(top, "rev-parse", "HEAD")

    own = own_context(find_place(top))

    assert [entry.path for entry in list_tree(own, head)] == ["a"]
    assert tree_of(own, head) == git(top, "rev-parse", "HEAD^{tree}")


def make_commit(context: GitContext, parent: str, path: str, content: bytes) -> str:
    blob = run(context, "hash-object", "-w", "--stdin", stdin=content).text
    entry = TreeEntry(mode="100644", oid=blob, path=path)
    tree = write_tree_from(context, parent, put=[entry])
    return commit_tree(context, tree, parents=[parent], message="made")


def test_objects_in_quarantine_are_not_in_the_repository_until_they_are_absorbed(
    place: Place, tmp_path: Path, git: RunGit
) -> None:
    head = git(place.top, "rev-parse", "HEAD")
    own = replace(own_context(place), author=PERSON, committer=PERSON)
    apart = quarantine(own, tmp_path / "apart")

    commit = make_commit(apart, head, "new.txt", b"new\n")
    git(place.top, "cat-file", "-e", commit, exit_code=1)
    absorb(apart, own, tips=[commit], known=[head])

    assert git(place.top, "show", f"{commit}:new.txt") == "new"
    assert "new.txt" in git(place.top, "ls-tree", "--name-only", commit)
    git(place.top, "fsck", "--strict")


def test_a_quarantine_of_the_persons_repository_shares_its_objects(
    place: Place, signed: GitContext, tmp_path: Path, git: RunGit
) -> None:
    head = git(place.top, "rev-parse", "HEAD")
    apart = quarantine(signed, tmp_path / "apart")

    commit = make_commit(apart, head, "new.txt", b"new\n")

    assert run(apart, "cat-file", "-t", head).text == "commit"
    git(place.top, "cat-file", "-e", commit, exit_code=1)


def test_a_tree_with_a_forbidden_path_is_not_absorbed(
    place: Place, tmp_path: Path, git: RunGit
) -> None:
    head = git(place.top, "rev-parse", "HEAD")
    own = replace(own_context(place), author=PERSON, committer=PERSON)
    apart = quarantine(own, tmp_path / "apart")
    blob = run(apart, "hash-object", "-w", "--stdin", stdin=b"[core]\n").text
    inner = run(apart, "mktree", stdin=f"100644 blob {blob}\tconfig\n".encode()).text
    tree = run(apart, "mktree", stdin=f"040000 tree {inner}\t.git\n".encode()).text
    commit = commit_tree(apart, tree, parents=[head], message="hostile")

    with pytest.raises(GitError, match="hasDotgit"):
        absorb(apart, own, tips=[commit], known=[head])

    git(place.top, "cat-file", "-e", commit, exit_code=1)
