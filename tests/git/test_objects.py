from dataclasses import replace
from pathlib import Path

import pytest

from ropewalk.errors import GitError
from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import (
    commit_message,
    commit_parents,
    commit_tree,
    commits_between,
    is_ancestor,
    merge_base,
    read_blob,
    read_blobs,
    tree_of,
    write_blob,
    write_tree_from,
)
from ropewalk.git.own import own_context
from ropewalk.git.repository import Place, find_place
from ropewalk.git.trees import TreeEntry, list_tree
from tests.conftest import RunGit
from tests.git.conftest import PERSON


@pytest.fixture
def own(place: Place) -> GitContext:
    return replace(own_context(place), author=PERSON, committer=PERSON)


@pytest.fixture
def head(place: Place, git: RunGit) -> str:
    return git(place.top, "rev-parse", "HEAD")


def test_the_same_commit_has_the_same_id_every_time(own: GitContext, head: str) -> None:
    tree = tree_of(own, head)

    first = commit_tree(own, tree, parents=[head], message="same")
    second = commit_tree(own, tree, parents=[head], message="same")

    assert first == second
    assert commit_parents(own, first) == (head,)
    assert commit_parents(own, head) == ()
    assert tree_of(own, first) == tree


def test_a_merge_has_two_parents_in_order(own: GitContext, head: str) -> None:
    tree = tree_of(own, head)
    left, right = (
        commit_tree(own, tree, parents=[head], message=name) for name in ("left", "right")
    )

    merge = commit_tree(own, tree, parents=[right, left], message="merge")

    assert commit_parents(own, merge) == (right, left)
    assert merge_base(own, left, right) == head
    assert set(commits_between(own, head, merge)) == {left, right, merge}
    assert commits_between(own, head, merge)[-1] == merge
    assert commits_between(own, head, head) == ()


@pytest.mark.parametrize(
    "message", ["one line", "subject\n\nbody\n\nEpic: x\nDomain: y", "ümlaut €", "# no comment", ""]
)
def test_a_message_is_kept(own: GitContext, head: str, message: str) -> None:
    commit = commit_tree(own, tree_of(own, head), parents=[], message=message)

    assert commit_message(own, commit) == message


def test_a_commit_without_an_identity_is_an_error(place: Place, head: str) -> None:
    context = own_context(place)

    with pytest.raises(GitError):
        commit_tree(
            replace(context, settings=("user.useConfigOnly=true",)),
            tree_of(context, head),
            parents=[head],
            message="x",
        )


def test_ancestors_are_recognised(own: GitContext, head: str) -> None:
    tip = commit_tree(own, tree_of(own, head), parents=[head], message="x")

    assert is_ancestor(own, head, tip)
    assert is_ancestor(own, tip, tip)
    assert not is_ancestor(own, tip, head)


def test_unrelated_histories_have_no_base(own: GitContext, head: str) -> None:
    orphan = commit_tree(own, tree_of(own, head), parents=[], message="orphan")

    assert merge_base(own, head, orphan) is None


def test_commits_are_oldest_first_whatever_their_dates(own: GitContext, head: str) -> None:
    tree, tip, made = tree_of(own, head), head, []
    for date in ("1700000300", "1700000200", "1700000100"):
        person = replace(PERSON, date=f"{date} +0000")
        context = replace(own, author=person, committer=person)
        tip = commit_tree(context, tree, parents=[tip], message=date)
        made.append(tip)

    assert commits_between(own, head, tip) == tuple(made)


def test_a_file_of_a_commit_is_read(own: GitContext, head: str) -> None:
    content = read_blob(own, head, "db/schema.sql", limit=1000)

    assert content is not None
    assert content.startswith(b"CREATE TABLE")
    assert read_blob(own, head, "db/schema.sql", limit=len(content)) == content
    assert read_blob(own, head, "db/schema.sql", limit=len(content) - 1) is None


@pytest.mark.parametrize("path", ["gone", "db", "db/", "db/*.sql", "../README.md", "link"])
def test_what_is_no_file_of_the_commit_is_none(own: GitContext, head: str, path: str) -> None:
    link = TreeEntry(mode="120000", oid=write_blob(own, b"README.md"), path="link")
    tree = write_tree_from(own, head, put=[link])

    assert read_blob(own, tree, path, limit=1000) is None


def test_many_blobs_are_read_at_once(own: GitContext) -> None:
    contents = [b"", b"\n", b"a\nb", bytes(range(256)) * 300, b"a\nb"]
    oids = [write_blob(own, content) for content in contents]

    found = read_blobs(own, oids)

    assert [found[oid] for oid in oids] == contents
    assert read_blobs(own, []) == {}


@pytest.mark.parametrize("missing", [True, False])
def test_something_that_is_no_blob_is_an_error(
    own: GitContext,
    head: str,
    missing: bool,  # noqa: FBT001
) -> None:
    with pytest.raises(GitError, match="is not a blob"):
        read_blobs(own, [write_blob(own, b"x"), "1" * 40 if missing else head])


def test_a_blob_is_written_without_any_filter(place: Place, git: RunGit) -> None:
    git(place.top, "config", "core.autocrlf", "true")
    oid = write_blob(own_context(find_place(place.top)), b"a\r\nb\r\n")

    assert run(place.context, "cat-file", "blob", oid).stdout == b"a\r\nb\r\n"


def test_a_tree_is_written_from_another_one(own: GitContext, head: str) -> None:
    entry = TreeEntry(mode="100755", oid=write_blob(own, b"x"), path="db/new\n\tfile")

    tree = write_tree_from(own, head, put=[entry], remove=["README.md", "not-there"])

    before = {item.path for item in list_tree(own, head)}
    assert {item.path for item in list_tree(own, tree)} == (before - {"README.md"}) | {entry.path}
    assert entry in list_tree(own, tree)


def test_a_file_can_take_the_place_of_a_directory(own: GitContext, head: str) -> None:
    entry = TreeEntry(mode="100644", oid=write_blob(own, b"x"), path="db")
    below = [item.path for item in list_tree(own, head) if item.path.startswith("db/")]

    tree = write_tree_from(own, head, put=[entry], remove=below)

    assert entry in list_tree(own, tree)


def test_a_tree_is_written_from_nothing(own: GitContext) -> None:
    assert list_tree(own, write_tree_from(own, None)) == ()


def test_a_path_that_must_not_exist_is_refused(own: GitContext) -> None:
    entry = TreeEntry(mode="100644", oid=write_blob(own, b"x"), path=".git/config")

    with pytest.raises(GitError):
        write_tree_from(own, None, put=[entry])


def test_writing_a_tree_leaves_the_index_of_the_context_alone(
    place: Place, head: str, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    context = own_context(place, index=index)

    write_tree_from(context, head, remove=["README.md"])

    assert not index.exists()
