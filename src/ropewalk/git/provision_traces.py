"""What a set-up command made in a worktree, and whether it would do in another. Reads only."""

import mmap
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ropewalk.git.repository import Place
from ropewalk.git.snapshot import list_changes, load_index, private_index, read_head

# What is left of the making of native modules names its folder, and nothing reads it again.
_BUILD_NAMES = frozenset(("Makefile", "config.gypi"))
_BUILD_SUFFIXES = frozenset((".mk", ".d"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What lies in a worktree beside its commit at a moment of the disk's own clock."""

    others: frozenset[str]
    changed: frozenset[str]
    at_ns: int


def look(place: Place, worktree: Path) -> Look:
    """Look at a worktree; folders that hold nothing of the commit count as one path."""
    with private_index(place, worktree) as context:
        load_index(context, read_head(place, worktree))
        others = {
            *list_changes(context, "--others", "--exclude-standard", "--directory"),
            *list_changes(context, "--others", "--ignored", "--exclude-standard", "--directory"),
        }
        changed = list_changes(context, "--modified", "--deleted")
        index = context.index or worktree
        with tempfile.TemporaryFile(dir=index.parent) as stamp:
            at_ns = os.fstat(stamp.fileno()).st_ctime_ns
    names = frozenset(name.rstrip("/") for name in others)
    return Look(others=names, changed=frozenset(changed), at_ns=at_ns)


def find_made(place: Place, worktree: Path, before: Look) -> tuple[tuple[str, ...], str]:
    """Return what is new since a look, and why it would not do elsewhere, empty where it would."""
    now = look(place, worktree)
    made = tuple(sorted(now.others - before.others))
    if now.changed != before.changed or any(
        _is_touched(worktree / name, before.at_ns) for name in before.others | before.changed
    ):
        return made, "it changed what was there"
    if not made:
        return made, "it made nothing in the worktree"
    for name in made:
        why_not = _why_bound(worktree, worktree / name)
        if why_not:
            return made, why_not
    return made, ""


def _is_touched(path: Path, since_ns: int) -> bool:
    if not os.path.lexists(path):
        return True
    return any(facts.st_ctime_ns > since_ns for _, facts in _walk(path))


def _why_bound(worktree: Path, top: Path) -> str:
    """Say what ties a file or folder to the worktree that it was made in, empty for nothing."""
    needle = os.fsencode(worktree)
    for path, facts in _walk(top):
        shown = path.relative_to(worktree)
        if path.name == ".git":
            return f"{shown} is a repository"
        if stat.S_ISLNK(facts.st_mode):
            if os.fsencode(path.readlink()).startswith(needle):
                return f"{shown} leads to its own place"
        elif stat.S_ISREG(facts.st_mode):
            if not _is_of_a_build(shown) and _holds(path, needle):
                return f"{shown} holds the path of its worktree"
        elif not stat.S_ISDIR(facts.st_mode):
            return f"{shown} is no file"
    return ""


def _is_of_a_build(path: Path) -> bool:
    is_build = path.name in _BUILD_NAMES or path.suffix in _BUILD_SUFFIXES
    return is_build and {"node_modules", "build"} <= set(path.parts)


def _holds(path: Path, needle: bytes) -> bool:
    with path.open("rb") as stream:
        if os.fstat(stream.fileno()).st_size < len(needle):
            return False
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(needle) >= 0


def _walk(top: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield a path and everything below it, links not followed."""
    yield top, top.lstat()
    if top.is_symlink() or not top.is_dir():
        return
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = Path(folder, name)
            yield path, path.lstat()
