import os
from pathlib import Path

import pytest

from ropewalk.git.command import GitContext, run
from ropewalk.git.objects import write_blob, write_tree_from
from ropewalk.git.repository import Place
from ropewalk.git.trees import (
    LARGE_BYTES,
    RawChange,
    TreeEntry,
    changed_paths,
    changes_between,
    diff_text,
    list_tree,
    raw_changes,
)
from ropewalk.model.result import Renamed
from tests.conftest import RunGit

ODD_NAMES = (b"tab\there", b"new\nline", b'quote"d', b"raw \xff", b" blank", b":(exclude)x", b"-x")


@pytest.fixture
def head(place: Place, git: RunGit) -> str:
    return git(place.top, "rev-parse", "HEAD")


def commit_all(git: RunGit, top: Path) -> str:
    git(top, "add", "--all")
    git(top, "commit", "-q", "-m", "change")
    return git(top, "rev-parse", "HEAD")


def put(context: GitContext, base: str, *entries: tuple[str, str, bytes]) -> str:
    return write_tree_from(
        context,
        base,
        put=[
            TreeEntry(mode=mode, path=path, oid=write_blob(context, content))
            for mode, path, content in entries
        ],
    )


def test_every_file_of_a_commit_is_listed(place: Place, head: str) -> None:
    entries = list_tree(place.context, head)

    assert len(entries) == 12
    assert entries[0].path == "README.md"
    assert entries[0].mode == "100644"
    assert list_tree(place.context, f"{head}:db") == tuple(
        TreeEntry(mode=entry.mode, oid=entry.oid, path=entry.path.removeprefix("db/"))
        for entry in entries
        if entry.path.startswith("db/")
    )


def test_a_listing_from_below_the_top_is_still_the_full_tree(place: Place, head: str) -> None:
    below = GitContext(directory=place.top / "db")

    assert list_tree(below, head) == list_tree(place.context, head)


def test_created_modified_deleted_and_moved_files_are_told_apart(
    place: Place, head: str, git: RunGit
) -> None:
    top = place.top
    (top / "new.txt").write_text("a\nb\n", encoding="utf-8")
    (top / "README.md").write_text("# Shop\n\nA larger shop.\n", encoding="utf-8")
    (top / "web" / "app.js").unlink()
    git(top, "mv", "docs/notes.txt", "docs/moved.txt")
    tip = commit_all(git, top)

    changes = changes_between(place.context, head, tip)

    assert changes.files.created == ("new.txt",)
    assert changes.files.modified == ("README.md",)
    assert changes.files.deleted == ("web/app.js",)
    assert changes.files.renamed == (Renamed(old="docs/notes.txt", new="docs/moved.txt"),)
    assert (changes.insertions, changes.deletions) == (3, 4)
    assert (changes.gitlinks, changes.symlinks_outside, changes.large) == ((), (), ())


def test_no_change_is_no_change(place: Place, head: str) -> None:
    changes = changes_between(place.context, head, head)

    assert changes.files.paths == ()
    assert (changes.insertions, changes.deletions) == (0, 0)


def test_binary_files_count_no_lines(place: Place, head: str) -> None:
    tip = put(place.context, head, ("100644", "b.bin", b"\0" * 100))

    changes = changes_between(place.context, head, tip)

    assert changes.files.created == ("b.bin",)
    assert changes.insertions == 0


def test_a_changed_mode_and_a_changed_type_are_modifications(place: Place, head: str) -> None:
    readme = list_tree(place.context, head)[0]
    tip = write_tree_from(
        place.context, head, put=[TreeEntry(mode="100755", oid=readme.oid, path="README.md")]
    )
    tip = put(place.context, tip, ("120000", "db/models.py", b"schema.sql"))

    changes = changes_between(place.context, head, tip)

    assert changes.files.modified == ("README.md", "db/models.py")


@pytest.mark.parametrize("raw", ODD_NAMES)
def test_any_name_is_read_as_it_is(place: Place, head: str, raw: bytes) -> None:
    name = os.fsdecode(raw)
    tip = put(place.context, head, ("100644", name, b"x\n"))
    moved = write_tree_from(
        place.context,
        tip,
        remove=[name],
        put=[TreeEntry(mode="100644", oid=write_blob(place.context, b"x\n"), path=f"{name}2")],
    )

    assert changes_between(place.context, head, tip).files.created == (name,)
    assert changes_between(place.context, head, tip).insertions == 1
    assert changes_between(place.context, tip, moved).files.renamed == (
        Renamed(old=name, new=f"{name}2"),
    )
    assert changed_paths(place.context, tip, moved) == {name, f"{name}2"}
    assert name in {entry.path for entry in list_tree(place.context, tip)}
    assert b"+x" in diff_text(place.context, head, tip, paths=[name])


def test_submodules_that_appear_or_move_are_reported(place: Place, head: str, git: RunGit) -> None:
    link = TreeEntry(mode="160000", oid=head, path="nested")
    with_link = write_tree_from(place.context, head, put=[link])
    other = TreeEntry(mode="160000", oid="1" * 40, path="nested")
    moved = write_tree_from(place.context, with_link, put=[other])

    assert changes_between(place.context, head, with_link).gitlinks == ("nested",)
    assert changes_between(place.context, with_link, moved).gitlinks == ("nested",)
    assert changes_between(place.context, with_link, head).gitlinks == ()


@pytest.mark.parametrize(
    ("target", "is_outside"),
    [
        ("/etc/passwd", True),
        ("../../x", True),
        ("../api/routes.py", False),
        ("../..", True),
        ("../.git/config", True),
        ("../.GIT/config", True),
        ("schema.sql", False),
        ("../db/../api", False),
    ],
)
def test_symlinks_that_lead_outside_are_reported(
    place: Place,
    head: str,
    target: str,
    is_outside: bool,  # noqa: FBT001
) -> None:
    tip = put(place.context, head, ("120000", "db/link", target.encode()))

    changes = changes_between(place.context, head, tip)

    assert changes.symlinks_outside == (("db/link",) if is_outside else ())


def test_large_files_are_reported(place: Place, head: str) -> None:
    tip = put(
        place.context,
        head,
        ("100644", "large.bin", bytes(LARGE_BYTES + 1)),
        ("100644", "small.bin", b"\0"),
    )

    assert changes_between(place.context, head, tip).large == ("large.bin",)
    assert changes_between(place.context, tip, head).large == ()


def test_raw_changes_hold_modes_and_ids_of_both_sides(place: Place, head: str) -> None:
    before = next(entry for entry in list_tree(place.context, head) if entry.path == "README.md")
    tip = put(place.context, head, ("100755", "README.md", b"x\n"))

    (change,) = raw_changes(place.context, head, tip)

    assert change == RawChange(
        status="M",
        old_mode="100644",
        new_mode="100755",
        old_oid=before.oid,
        new_oid=run(place.context, "rev-parse", f"{tip}:README.md").text,
        path="README.md",
        old_path="README.md",
    )


def test_a_patch_can_be_of_some_paths_and_in_colour(place: Place, head: str) -> None:
    tip = put(place.context, head, ("100644", "a", b"a\n"), ("100644", "b", b"b\n"))

    patch = diff_text(place.context, head, tip, paths=["a"])
    coloured = diff_text(place.context, head, tip, color=True)

    assert b"+++ b/a" in patch
    assert b"+++ b/b" not in patch
    assert b"\x1b[" not in patch
    assert b"\x1b[" in coloured


def test_a_patch_applies(place: Place, head: str, git: RunGit) -> None:
    tip = put(place.context, head, ("100644", "README.md", b"new\n"))
    patch = diff_text(place.context, head, tip)

    git(place.top, "apply", "--index", stdin=patch.decode())

    assert git(place.top, "write-tree") == tip
