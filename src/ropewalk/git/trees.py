"""What trees hold and how two of them differ, read without running any program of the repository.

Paths are text in which bytes that are no UTF-8 stand as lone surrogates (`os.fsdecode`).
"""

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ropewalk.errors import GitError
from ropewalk.git.command import GitContext, run
from ropewalk.model.result import FileChanges, Renamed

LARGE_BYTES: Final = 50 * 1024 * 1024
FOLDER_MODE: Final = "040000"
_GITLINK: Final = "160000"
_SYMLINK: Final = "120000"
_UNSAFE: Final = re.compile(r"(?:^|/)(?:\.{0,2}|\.git|git~1)(?:/|\Z)", re.IGNORECASE)
# Records follow each other, so that nothing in a path can look like one.
_ENTRIES: Final = re.compile(
    r"(?:([0-9a-f]{40,64})|:(\d+) (\d+) ([0-9a-f]+) ([0-9a-f]+) ([A-Z])\d*\0([^\0]+))\0"
)
_PLAIN: Final = ("--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
# For pairs of commits on stdin: all entries that differ, directories included.
ENTRIES_ARGV: Final = (
    *("diff-tree", "--stdin", "-r", "-t", "-z", "--raw", "--no-abbrev", "--no-renames"),
    *("--always", *_PLAIN),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One file, symlink or submodule of a tree; mode as six octal digits."""

    mode: str
    oid: str
    path: str


class RawChange(NamedTuple):
    """One path that two trees hold differently; a side without it has a mode of zeros.

    There are thousands of them; a tuple is made in a fifth of the time of a dataclass.
    """

    status: str
    old_mode: str
    new_mode: str
    old_oid: str
    new_oid: str
    path: str
    old_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How a head differs from its base.

    Attributes:
        files: the paths, moved ones recognised.
        insertions: lines added, binary files not counted.
        deletions: lines removed, binary files not counted.
        gitlinks: paths that became another commit of a submodule or nested repository.
        symlinks_outside: new symlinks that lead out of the tree or into its git directory.
        large: new files above `LARGE_BYTES`.
    """

    files: FileChanges
    insertions: int
    deletions: int
    gitlinks: tuple[str, ...]
    symlinks_outside: tuple[str, ...]
    large: tuple[str, ...]


def list_tree(context: GitContext, commit: str) -> tuple[TreeEntry, ...]:
    """Return every entry of a commit's or tree's full tree, in git's order."""
    listing = run(context, "ls-tree", "-r", "-z", "--full-tree", commit).stdout
    return tuple(_parse_entry(record) for record in os.fsdecode(listing).split("\0")[:-1])


def list_names(context: GitContext, commit: str) -> tuple[str, ...]:
    """Return the path of every entry of a commit's or tree's full tree, in git's order."""
    listing = run(context, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit).stdout
    return tuple(os.fsdecode(listing).split("\0")[:-1])


def changes_between(context: GitContext, base: str, head: str) -> Changes:
    """Return how the tree of `head` differs from the tree of `base`; both are object ids."""
    output = run(
        context,
        *("diff-tree", "-r", "-z", "--raw", "--numstat", "--no-abbrev", "-M", *_PLAIN),
        *(base, head),
    )
    fields = os.fsdecode(output.stdout).split("\0")[:-1]
    raw = tuple(_parse_raw(fields))
    insertions, deletions = _count_lines(fields)
    return Changes(
        files=_sort_files(raw),
        insertions=insertions,
        deletions=deletions,
        gitlinks=tuple(change.path for change in raw if change.new_mode == _GITLINK),
        symlinks_outside=_find_leading_outside(context, raw),
        large=_find_large(context, raw),
    )


def raw_changes(context: GitContext, base: str, head: str) -> tuple[RawChange, ...]:
    """Return every path that differs, without recognising moves."""
    output = run(
        context,
        *("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", *_PLAIN, base, head),
    )
    return tuple(_parse_raw(os.fsdecode(output.stdout).split("\0")[:-1]))


def raw_changes_of(
    context: GitContext, base: str, heads: Sequence[str]
) -> tuple[tuple[RawChange, ...], ...]:
    """Return what `raw_changes` returns for each of many commits, with one process.

    Raises:
        GitError: one of them is missing or is no commit.
    """
    return tuple(
        tuple(filter(is_file, entries)) for entries in raw_entries_of(context, base, heads)
    )


def raw_entries_of(
    context: GitContext, base: str, heads: Sequence[str]
) -> tuple[tuple[RawChange, ...], ...]:
    """Return what `raw_changes_of` returns with the directories, each before what is in it.

    Raises:
        GitError: one of them is missing or is no commit.
    """
    if not heads:
        return ()
    output = run(
        context,
        *ENTRIES_ARGV,
        stdin="".join(f"{head} {base}\n" for head in heads).encode(),
    )
    found: list[list[RawChange]] = []
    asked: list[str] = []
    # Before the entries of a commit stands its id.
    for head, old_mode, new_mode, old_oid, new_oid, status, path in _ENTRIES.findall(
        os.fsdecode(output.stdout)
    ):
        if head:
            asked.append(head)
            found.append([])
        else:
            change = RawChange(status, old_mode, new_mode, old_oid, new_oid, path, path)
            found[-1].append(change)
    if asked != list(heads):
        raise GitError("git diff-tree did not answer for every commit")
    return tuple(map(tuple, found))


def is_file(change: RawChange) -> bool:
    """Whether a change is one of a file, symlink or submodule, and not one of a directory."""
    return FOLDER_MODE not in (change.old_mode, change.new_mode)


def changed_paths(context: GitContext, base: str, head: str) -> frozenset[str]:
    """Return the paths that differ; a moved file counts with both names."""
    return frozenset(change.path for change in raw_changes(context, base, head))


def is_safe_path(path: str) -> bool:
    """Whether no part of a path leads out of a work tree or into a git directory."""
    return _UNSAFE.search(path) is None


def diff_text(
    context: GitContext, base: str, head: str, *, paths: Sequence[str] = (), color: bool = False
) -> bytes:
    """Return the patch between two commits or trees, of some literal paths when any are given."""
    shade = "--color=always" if color else "--color=never"
    output = run(
        context,
        *("diff-tree", "-r", "-p", "-M", "--full-index", shade, *_PLAIN, base, head),
        *("--", *paths),
    )
    return output.stdout


def _parse_entry(record: str) -> TreeEntry:
    facts, _tab, path = record.partition("\t")
    mode, _kind, oid = facts.split()
    return TreeEntry(mode=mode, oid=oid, path=path)


def _parse_raw(fields: Sequence[str]) -> Iterator[RawChange]:
    """Read ``:mode mode oid oid status``, path, and a second path where it was moved."""
    at = 0
    while at < len(fields) and fields[at].startswith(":"):
        old_mode, new_mode, old_oid, new_oid, status = fields[at][1:].split(" ")
        has_two = status[0] in "RC"
        path, old_path = fields[at + 2 if has_two else at + 1], fields[at + 1]
        yield RawChange(status[0], old_mode, new_mode, old_oid, new_oid, path, old_path)
        at += 3 if has_two else 2


def _count_lines(fields: Sequence[str]) -> tuple[int, int]:
    """Add up the ``added TAB removed TAB path`` records that follow the raw ones."""
    added = removed = 0
    at = 0
    while at < len(fields):
        if fields[at].startswith(":"):
            at += 3 if fields[at].rpartition(" ")[2][0] in "RC" else 2
            continue
        plus, minus, path = fields[at].split("\t", 2)
        added += int(plus) if plus.isdigit() else 0
        removed += int(minus) if minus.isdigit() else 0
        at += 1 if path else 3
    return added, removed


def _sort_files(raw: Sequence[RawChange]) -> FileChanges:
    return FileChanges(
        created=tuple(change.path for change in raw if change.status in "AC"),
        modified=tuple(change.path for change in raw if change.status in "MT"),
        deleted=tuple(change.path for change in raw if change.status == "D"),
        renamed=tuple(
            Renamed(old=change.old_path, new=change.path) for change in raw if change.status == "R"
        ),
    )


def _find_leading_outside(context: GitContext, raw: Sequence[RawChange]) -> tuple[str, ...]:
    links = [change for change in raw if change.new_mode == _SYMLINK]
    return tuple(
        change.path
        for change in links
        if _leads_outside(
            change.path, os.fsdecode(run(context, "cat-file", "blob", change.new_oid).stdout)
        )
    )


def _leads_outside(path: str, target: str) -> bool:
    if target.startswith("/"):
        return True
    reached = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    parts = reached.split("/")
    return ".." in parts or any(part.lower() == ".git" for part in parts)


def _find_large(context: GitContext, raw: Sequence[RawChange]) -> tuple[str, ...]:
    files = [change for change in raw if change.status != "D" and change.new_mode != _GITLINK]
    if not files:
        return ()
    sizes = run(
        context,
        *("cat-file", "--batch-check=%(objectsize)", "--buffer"),
        stdin="".join(f"{change.new_oid}\n" for change in files).encode(),
    ).text.split("\n")
    return tuple(
        change.path
        for change, size in zip(files, sizes, strict=True)
        if size.isdigit() and int(size) > LARGE_BYTES
    )
