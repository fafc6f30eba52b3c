"""Brings files into a worktree: ignored ones by pattern, named ones, links. Never over anything.

Nothing is written outside of the worktree, also not through a symbolic link that is committed in
the repository. Where the file system can, copies share their blocks until one is changed.
"""

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from ropewalk.errors import InvalidInput
from ropewalk.git.command import run
from ropewalk.git.repository import Place
from ropewalk.store.files import Refusal, read_untrusted
from ropewalk.store.patterns import Patterns

INCLUDE_FILE = ".worktreeinclude"
_INCLUDE_LIMIT = 1024 * 1024
_OWN_FOLDERS = frozenset({".git", ".worktrees", ".workflow"})
_BLOCK = 1 << 30


def included(place: Place, worktree: Path, include: Sequence[str]) -> tuple[str, ...]:
    """Return the ignored files of the main checkout that the patterns name."""
    lines = (*_include_file(worktree), *include)
    if not lines or place.bare:
        return ()
    options = ("--others", "--ignored", "--exclude-standard")
    listing = run(place.context, "ls-files", "-z", *options).stdout
    ignored = (os.fsdecode(name) for name in listing.split(b"\0") if name)
    return Patterns(lines).select(
        name for name in ignored if name.split("/")[0] not in _OWN_FOLDERS and name[-1] != "/"
    )


def _include_file(worktree: Path) -> Iterator[str]:
    data = read_untrusted(worktree, INCLUDE_FILE, _INCLUDE_LIMIT)
    if not isinstance(data, Refusal):
        yield from data.decode(errors="surrogateescape").splitlines()


def named(place: Place, names: Sequence[str]) -> Iterator[str]:
    """Yield the paths that the configuration names, each of which has to be there.

    Raises:
        InvalidInput: one is missing, or leaves the repository.
    """
    for name in names:
        path = PurePosixPath(name)
        parts = path.parts
        if path.is_absolute() or not parts or ".." in parts or parts[0] in _OWN_FOLDERS:
            raise InvalidInput(f"'{name}' in [worktree] is not a path inside the repository")
        if place.bare or not os.path.lexists(place.top / path):
            raise InvalidInput(
                f"'{name}' in [worktree] is not there: {place.top / path}",
                hint="make it, or take it out of ropewalk.toml",
            )
        yield str(path)


def copy(top: Path, worktree: Path, name: str) -> tuple[str, ...]:
    """Copy one file or folder unless git put it there already; return what is new.

    Raises:
        InvalidInput: a symbolic link on its way leads out of the worktree.
        OSError: the disk refused.
    """
    source, target = top / name, worktree / name
    if os.path.lexists(target):
        return ()
    _make_parents(worktree, name)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, ignore=_ignore_own, copy_function=clone)
    else:
        clone(source, target)
    return (name,)


def link(top: Path, worktree: Path, name: str) -> tuple[str, ...]:
    """Link one file or folder to the main checkout unless git put it there already.

    Raises:
        InvalidInput: a symbolic link on its way leads out of the worktree.
        OSError: the disk refused.
    """
    target = worktree / name
    if os.path.lexists(target):
        return ()
    _make_parents(worktree, name)
    target.symlink_to(top / name)
    return (name,)


def clone(source: str | Path, target: str | Path) -> None:
    """Copy a file with its mode and times, sharing blocks where the file system can.

    Raises:
        OSError: the disk refused, or it is no file and no link.
    """
    is_plain = stat.S_ISREG(os.lstat(source).st_mode)
    if not is_plain or not hasattr(os, "copy_file_range"):
        shutil.copy2(source, target, follow_symlinks=False)
        return
    try:
        _share(source, target)
    except OSError:
        # Not on this file system, or not between these two: whatever is wrong is said by the copy.
        shutil.copyfile(source, target)
    shutil.copystat(source, target)


def first_problem(error: OSError) -> str:
    """Return which file could not be copied and why; of a folder, the first of its files."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        source, _target, why = error.args[0][0]
        return f"{source}: {why}"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def _share(source: str | Path, target: str | Path) -> None:
    with open(source, "rb") as reader, open(target, "wb") as writer:  # noqa: PTH123
        left = os.fstat(reader.fileno()).st_size
        while left > 0:
            done = os.copy_file_range(reader.fileno(), writer.fileno(), min(left, _BLOCK))
            if done == 0:
                break
            left -= done


def _ignore_own(folder: str, names: list[str]) -> set[str]:  # noqa: ARG001
    return {name for name in names if name == ".git"}


def _make_parents(worktree: Path, name: str) -> None:
    """Make the folders above a path; refuse one that a link leads out of the worktree."""
    parent = (worktree / name).parent
    if parent.resolve() != parent:
        raise InvalidInput(f"'{name}' cannot be brought in: a symbolic link is on its way")
    parent.mkdir(parents=True, exist_ok=True)
