"""Every kind of conflict that git knows, in both directions."""

from dataclasses import dataclass

import pytest

from ropewalk.git.merge_tree import MergedTree, merge_tree
from ropewalk.git.repository import Place
from ropewalk.git.trees import list_tree
from ropewalk.model.conflict import ConflictKind as Kind
from tests.git.bench import LINES, Bench, Content, bench_of, changed

Files = dict[str, Content]
MIRROR = {1: 1, 2: 3, 3: 2}


@dataclass(frozen=True, kw_only=True)
class Case:
    """Two changes of one base, and what is found; ``~ours`` stands for the id of that side.

    ``kept`` are paths that git leaves in its tree beside the conflicted ones, ``says`` is a part of
    what it says about the first path.
    """

    base: Files
    ours: Files
    theirs: Files
    found: dict[str, tuple[Kind, tuple[int, ...]]]
    kept: tuple[str, ...] = ()
    says: str | None = None


def link(target: bytes) -> Content:
    return ("120000", target)


def module(digit: bytes) -> Content:
    return ("160000", digit * 40)


def moved(files: Files, folder: str) -> Files:
    """Take all files away and put them, by their last name, below a folder."""
    there = {f"{folder}/{path.split('/')[-1]}": content for path, content in files.items()}
    return dict.fromkeys(files) | there


FILE: Files = {"f": LINES, "other": b"x\n"}
OLD: Files = {f"old/{name}": LINES + name.encode() for name in "abcd"}
TWO: Files = {f"one/{n}": LINES + n.encode() for n in "abc"}
TWO |= {f"two/{n}": LINES + b"two " + n.encode() for n in "def"}
SPLIT: Files = dict.fromkeys(OLD) | {
    f"{folder}/{name}": OLD[f"old/{name}"]
    for name, folder in zip("abcd", ("one", "one", "two", "two"), strict=True)
}
REVERSED = b"".join(reversed(LINES.splitlines(keepends=True)))
CASES: dict[str, Case] = {
    "content": Case(
        base=FILE,
        ours={"f": changed(2, b"ours")},
        theirs={"f": changed(2, b"theirs")},
        found={"f": (Kind.CONTENT, (1, 2, 3))},
    ),
    "content, one side moved the file": Case(
        base=FILE,
        ours={"f": None, "g": changed(2, b"ours")},
        theirs={"f": changed(2, b"theirs")},
        found={"g": (Kind.CONTENT, (1, 2, 3))},
    ),
    "add add": Case(
        base=FILE,
        ours={"new": b"ours\n"},
        theirs={"new": b"theirs\n"},
        found={"new": (Kind.ADD_ADD, (2, 3))},
    ),
    "two files moved to one name": Case(
        base={"f": LINES, "g": REVERSED},
        ours={"f": None, "new": LINES},
        theirs={"g": None, "new": REVERSED},
        found={"new": (Kind.ADD_ADD, (2, 3))},
    ),
    "a file moved to where one is added": Case(
        base=FILE,
        ours={"f": None, "new": changed(2, b"ours")},
        theirs={"f": changed(9, b"theirs"), "new": b"new\n"},
        found={"new": (Kind.ADD_ADD, (2, 3))},
    ),
    "a file moved, edited by both, to where one is added": Case(
        base=FILE,
        ours={"f": None, "new": changed(2, b"ours")},
        theirs={"f": changed(2, b"theirs"), "new": b"new\n"},
        found={"new": (Kind.RENAME_COLLISION, (2, 3))},
        says="rename of f -> new has content conflicts AND collides with another path",
    ),
    "add add, modes": Case(
        base=FILE,
        ours={"new": b"same\n"},
        theirs={"new": ("100755", b"same\n")},
        found={"new": (Kind.ADD_ADD_MODE, (2, 3))},
    ),
    "symlink": Case(
        base={"link": link(b"a")},
        ours={"link": link(b"b")},
        theirs={"link": link(b"c")},
        found={"link": (Kind.SYMLINK, (1, 2, 3))},
    ),
    "symlink, added": Case(
        base=FILE,
        ours={"link": link(b"b")},
        theirs={"link": link(b"c")},
        found={"link": (Kind.SYMLINK, (2, 3))},
    ),
    "modify delete": Case(
        base=FILE,
        ours={"f": changed(2, b"edited")},
        theirs={"f": None},
        found={"f": (Kind.MODIFY_DELETE, (1, 2))},
    ),
    "mode delete": Case(
        base=FILE,
        ours={"f": ("100755", LINES)},
        theirs={"f": None},
        found={"f": (Kind.MODIFY_DELETE, (1, 2))},
    ),
    "rename rename": Case(
        base=FILE,
        ours={"f": None, "left": LINES},
        theirs={"f": None, "right": changed(2, b"edited")},
        found={
            "f": (Kind.RENAME_RENAME, (1,)),
            "left": (Kind.RENAME_RENAME, (2,)),
            "right": (Kind.RENAME_RENAME, (3,)),
        },
        says="f renamed to left in ours and to right in theirs",
    ),
    "rename delete": Case(
        base=FILE,
        ours={"f": None, "moved": LINES},
        theirs={"f": None},
        found={"moved": (Kind.RENAME_DELETE, (1, 2))},
        says="f renamed to moved in ours, but deleted in theirs",
    ),
    "rename delete, edited": Case(
        base=FILE,
        ours={"f": None, "moved": changed(2, b"edited")},
        theirs={"f": None},
        found={"moved": (Kind.RENAME_DELETE, (1, 2))},
    ),
    "file directory": Case(
        base=FILE,
        ours={"x": b"file\n"},
        theirs={"x/inside": b"below\n"},
        found={"x~ours": (Kind.FILE_DIRECTORY, (2,))},
        kept=("x/inside",),
    ),
    "file directory, the file was there": Case(
        base=FILE,
        ours={"f": changed(2, b"edited")},
        theirs={"f": None, "f/inside": b"below\n"},
        found={"f~ours": (Kind.FILE_DIRECTORY, (1, 2))},
        kept=("f/inside",),
    ),
    "binary": Case(
        base={"b": b"\0base"},
        ours={"b": b"\0ours"},
        theirs={"b": b"\0theirs"},
        found={"b": (Kind.BINARY, (1, 2, 3))},
        says="Cannot merge binary files: b (ours vs. theirs)",
    ),
    "binary, added": Case(
        base=FILE,
        ours={"b": b"\0ours"},
        theirs={"b": b"\0theirs"},
        found={"b": (Kind.BINARY, (2, 3))},
    ),
    "file and symlink": Case(
        base=FILE,
        ours={"f": link(b"elsewhere")},
        theirs={"f": changed(2, b"theirs")},
        found={
            "f": (Kind.DISTINCT_TYPES, (2,)),
            "f~theirs": (Kind.DISTINCT_TYPES, (1, 3)),
        },
    ),
    "file and submodule": Case(
        base=FILE,
        ours={"new": module(b"2")},
        theirs={"new": LINES},
        found={
            "new": (Kind.DISTINCT_TYPES, (2,)),
            "new~theirs": (Kind.DISTINCT_TYPES, (3,)),
        },
    ),
    "symlink and submodule": Case(
        base=FILE,
        ours={"new": module(b"2")},
        theirs={"new": link(b"elsewhere")},
        found={
            "new~ours": (Kind.DISTINCT_TYPES, (2,)),
            "new~theirs": (Kind.DISTINCT_TYPES, (3,)),
        },
    ),
    "submodule": Case(
        base={"sub": module(b"1")},
        ours={"sub": module(b"2")},
        theirs={"sub": module(b"3")},
        found={"sub": (Kind.SUBMODULE, (1, 2, 3))},
    ),
    "submodule, added": Case(
        base=FILE,
        ours={"sub": module(b"2")},
        theirs={"sub": module(b"3")},
        found={"sub": (Kind.SUBMODULE, (2, 3))},
    ),
    "submodule, deleted": Case(
        base=FILE | {"sub": module(b"1")},
        ours={"sub": module(b"2")},
        theirs={"sub": None},
        found={"sub": (Kind.SUBMODULE, (1, 2))},
    ),
    "submodule and directory": Case(
        base=FILE,
        ours={"sub": module(b"2")},
        theirs={"sub/inside": b"below\n"},
        found={"sub~ours": (Kind.FILE_DIRECTORY, (2,))},
        kept=("sub/inside",),
    ),
    "a file added below a directory that was moved": Case(
        base=OLD,
        ours=moved(OLD, "new"),
        theirs={"old/added": b"added\n"},
        found={"new/added": (Kind.DIR_RENAME_SUGGESTED, (3,))},
        says="old/added added in theirs inside a directory that was renamed in ours, "
        "suggesting it should perhaps be moved to new/added",
    ),
    "a file moved into a directory that was moved": Case(
        base=OLD | {"x": LINES * 2},
        ours=moved(OLD, "new"),
        theirs={"x": None, "old/x": LINES * 2},
        found={"new/x": (Kind.DIR_RENAME_SUGGESTED, (3,))},
    ),
    "a file added where the move of its directory puts another one": Case(
        base=OLD,
        ours=moved(OLD, "new") | {"new/added": b"in the way\n"},
        theirs={"old/added": b"added\n"},
        found={"new/added": (Kind.DIR_RENAME_SUGGESTED, (2, 3))},
    ),
    "a file in the way of a directory that was moved": Case(
        base=OLD,
        ours=moved(OLD, "new"),
        theirs={"old/added": b"added\n", "new/added": b"in the way\n"},
        found={"new/added": (Kind.DIR_RENAME_IN_WAY, ())},
        kept=("new/added", "old/added"),
        says="in the way of implicit directory rename(s) putting the following path(s) there: "
        "old/added",
    ),
    "two directories moved into one": Case(
        base=TWO,
        ours=moved(TWO, "new"),
        theirs={"one/same": b"1\n", "two/same": b"2\n"},
        found={"new/same": (Kind.DIR_RENAME_COLLISION, ())},
        kept=("one/same", "two/same"),
        says="Cannot map more than one path to new/same",
    ),
    "a directory moved to several": Case(
        base=OLD,
        ours=SPLIT,
        theirs={"old/added": b"added\n"},
        found={"old": (Kind.DIR_RENAME_SPLIT, ())},
        kept=("old/added",),
        says="Unclear where to rename old to",
    ),
    "names that differ in case": Case(
        base=FILE,
        ours={"Read.md": b"ours\n"},
        theirs={"read.md": b"theirs\n"},
        found={"Read.md": (Kind.CASE_CLASH, (2,)), "read.md": (Kind.CASE_CLASH, (3,))},
        says="differs only in case from read.md",
    ),
    "directories that differ in case": Case(
        base=FILE,
        ours={"Docs/a": b"ours\n"},
        theirs={"docs/b": b"theirs\n"},
        found={"Docs": (Kind.CASE_CLASH, (2,)), "docs": (Kind.CASE_CLASH, (3,))},
    ),
    "a file and a directory that differ in case": Case(
        base=FILE,
        ours={"Docs": b"ours\n"},
        theirs={"docs/b": b"theirs\n"},
        found={"Docs": (Kind.CASE_CLASH, (2,)), "docs": (Kind.CASE_CLASH, (3,))},
    ),
    "names that differ in normal form": Case(
        base=FILE,
        ours={"\u00e9": b"ours\n"},
        theirs={"e\u0301": b"theirs\n"},
        found={"e\u0301": (Kind.CASE_CLASH, (3,)), "\u00e9": (Kind.CASE_CLASH, (2,))},
        says="differs only in the form of its letters from",
    ),
}


@pytest.fixture
def bench(place: Place) -> Bench:
    return bench_of(place)


def readable(text: str, sides: dict[str, str]) -> str:
    for oid, name in sides.items():
        text = text.replace(oid, name)
    return text


def found_in(merged: MergedTree, sides: dict[str, str]) -> dict[str, tuple[Kind, tuple[int, ...]]]:
    return {
        readable(path.path, sides): (path.kind, tuple(stage.stage for stage in path.stages))
        for path in merged.paths
    }


@pytest.mark.parametrize("name", CASES)
def test_every_kind_of_conflict_is_told_by_its_stages(bench: Bench, name: str) -> None:
    case = CASES[name]
    root = bench.commit(None, case.base)
    ours, theirs = bench.commit(root, case.ours), bench.commit(root, case.theirs)
    sides = {ours: "ours", theirs: "theirs"}

    merged = merge_tree(bench.context, ours, theirs)
    mirrored = merge_tree(bench.context, theirs, ours)

    assert found_in(merged, sides) == case.found
    assert found_in(mirrored, sides) == {
        path: (kind, tuple(sorted(MIRROR[stage] for stage in stages)))
        for path, (kind, stages) in case.found.items()
    }
    for each in (merged, mirrored):
        assert not each.is_clean
        assert each.tree is not None
        assert set(case.kept) <= {entry.path for entry in list_tree(bench.context, each.tree)}
    if case.says is not None:
        assert case.says in readable(merged.paths[0].detail or "", sides)


def test_a_plain_conflict_has_nothing_to_say_beyond_its_kind(bench: Bench) -> None:
    merged = bench.merge(FILE, {"f": changed(2, b"ours")}, {"f": changed(2, b"theirs")})

    assert merged.paths[0].detail is None
    assert "CONFLICT (content): Merge conflict in f" in merged.messages
