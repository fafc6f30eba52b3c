"""Rows of commits are, tree by tree, what git makes of the same changes through an index."""

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from ropewalk.errors import GitError
from ropewalk.git.command import GitContext
from ropewalk.git.commit_row import NewCommit, make_row, read_trees, top_of
from ropewalk.git.objects import commit_tree, tree_of, write_blob, write_tree_from
from ropewalk.git.own import own_context, quarantined
from ropewalk.git.packs import take_in
from ropewalk.git.repository import Place, find_place
from ropewalk.git.trees import TreeEntry, list_names, raw_entries_of
from tests.conftest import RunGit
from tests.git.conftest import PERSON

NAMES = ("a", "a.b", "a-b", "b", " blank", "tab\there", "line\nbreak", '"quoted"', "\udcff", "ß")
MODES = ("100644", "100755", "120000", "160000")
Files = Mapping[str, str | None]


class Workshop:
    """Makes commits of given files, without a checkout."""

    def __init__(self, place: Place) -> None:
        person = place.context
        self.context = GitContext(
            directory=person.directory, git_dir=person.git_dir, author=PERSON, committer=PERSON
        )
        self.blobs = [write_blob(self.context, f"{n}\n".encode()) for n in range(4)]

    def tree(self, base: str | None, files: Files, *, mode: str = "100644") -> str:
        """Return a tree with files put in, each with a blob by name, or taken out with None."""
        put = [
            TreeEntry(mode=mode, oid=oid, path=path)
            for path, oid in files.items()
            if oid is not None
        ]
        gone = [path for path, oid in files.items() if oid is None]
        return write_tree_from(self.context, base, put=put, remove=gone)

    def commit(self, tree: str, *parents: str, message: str = "made\n") -> str:
        return commit_tree(self.context, tree, parents=parents, message=message)

    def changes(self, base: str, head: str) -> NewCommit:
        """Return the commit that brings in what lies between two."""
        entries = raw_entries_of(self.context, base, [head])[0]
        return NewCommit(entries=entries, merged=head, message="made\n", identity=PERSON)


@pytest.fixture
def shop(place: Place) -> Workshop:
    return Workshop(place)


def some_path(chance: random.Random) -> str:
    """Return a path made of few names, so that many meet in one directory."""
    return "/".join(chance.choice(NAMES) for _ in range(chance.randint(1, 4)))


def is_free(path: str, taken: set[str]) -> bool:
    """Whether a path neither is one of some others, nor above or below one."""
    return not any(
        f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/") for other in taken
    )


def sides_of(chance: random.Random, blobs: list[str]) -> tuple[dict[str, str], list[Files]]:
    """Return the files of a base, and what some domains make of it; no two touch the same path."""
    taken: set[str] = set()
    base: dict[str, str] = {}
    sides: list[dict[str, str | None]] = [{} for _ in range(5)]
    for _ in range(60):
        path = some_path(chance)
        if not is_free(path, taken):
            continue
        taken.add(path)
        side = chance.choice(sides)
        match chance.randrange(5):
            case 0:
                base[path] = chance.choice(blobs)
            case 1:
                base[path], side[path] = blobs[0], blobs[1]
            case 2:
                base[path], side[path] = chance.choice(blobs), None
            case 3:
                side[path] = chance.choice(blobs)
            case _:
                # A file where a directory was, or the other way round, in the hands of one side.
                base[path], side[path], side[f"{path}/below"] = blobs[2], None, blobs[3]
    return base, [side for side in sides if side]


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_every_tree_of_a_row_is_that_of_an_index(
    tmp_path: Path, git: RunGit, object_format: str
) -> None:
    git(tmp_path, "init", "-q", f"--object-format={object_format}", "r")
    git(tmp_path / "r", "commit", "-q", "--allow-empty", "-m", "start")
    shop = Workshop(find_place(tmp_path / "r"))
    for seed in range(8):
        chance = random.Random(seed)
        files, sides = sides_of(chance, shop.blobs)
        start = shop.commit(shop.tree(None, files))
        first, *heads = [shop.commit(shop.tree(start, side), start) for side in sides]
        touched = {entry.path for entry in shop.changes(start, first).entries}

        row = make_row(
            shop.context,
            first,
            [shop.changes(start, head) for head in heads],
            touched=touched if seed % 2 else (),
        )
        take_in(shop.context, row.pack)

        tree = before = first
        for made, head, side in zip(row.made, heads, sides[1:], strict=True):
            tree = shop.tree(tree, side)
            assert made.tree == tree, seed
            assert made.commit == shop.commit(tree, before, head), seed
            before = made.commit


def test_no_ref_is_written_and_the_commits_stand_one_on_another(
    place: Place, shop: Workshop, git: RunGit
) -> None:
    head = git(place.top, "rev-parse", "HEAD")
    heads = [
        shop.commit(shop.tree(head, {f"new/{name}": shop.blobs[0]}), head) for name in ("a", "b")
    ]
    commits = [shop.changes(head, one) for one in heads]

    with quarantined(own_context(place)) as apart:
        row = make_row(apart, head, commits, known=read_trees(apart, (top_of(head),)))
        take_in(apart, row.pack)
        assert set(list_names(apart, row.made[-1].commit)) >= {"new/a", "new/b"}
    take_in(own_context(place), row.pack)

    last = row.made[-1].commit
    assert git(place.top, "rev-list", "--first-parent", f"{head}..{last}").split() == [
        one.commit for one in reversed(row.made)
    ]
    assert [tree_of(place.context, one.commit) for one in row.made] == [m.tree for m in row.made]
    assert git(place.top, "for-each-ref", "refs/ropewalk") == ""
    assert git(place.top, "log", "-1", "--format=%an %at %cn", last) == "Ada 1700000000 Ada"


def test_a_change_of_something_else_than_what_is_there_is_no_row(shop: Workshop) -> None:
    start = shop.commit(shop.tree(None, {"f": shop.blobs[0], "d/f": shop.blobs[0]}))
    for path in ("f", "d/f"):
        head = shop.commit(shop.tree(start, {path: shop.blobs[1]}), start)
        gone = shop.commit(shop.tree(start, {path: None}))
        other = shop.commit(shop.tree(start, {path: shop.blobs[2]}))

        for onto in (gone, other):
            with pytest.raises(GitError, match="is not what a change of it begins with"):
                make_row(shop.context, onto, [shop.changes(start, head)])


def test_modes_that_git_has_no_more_are_not_written_again(shop: Workshop, git: RunGit) -> None:
    old = b"100664 f\0" + bytes.fromhex(shop.blobs[0])
    path = shop.context.directory / "old-tree"
    path.write_bytes(old)
    argv = ("hash-object", "--literally", "-w", "-t", "tree", str(path))
    start = shop.commit(git(shop.context.directory, *argv))
    head = shop.commit(shop.tree(start, {"new": shop.blobs[1]}), start)

    with pytest.raises(GitError, match="entries that git would write in another way"):
        make_row(shop.context, start, [shop.changes(start, head)])


def test_a_commit_that_is_not_here_is_an_error(shop: Workshop) -> None:
    with pytest.raises(GitError, match="is not here"):
        make_row(shop.context, "1" * 40, [])
