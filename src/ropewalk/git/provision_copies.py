"""Files in a worktree that are still what was copied from the main checkout, such as ``.env``.

They are nobody's work and may be secret: they are not taken into git's objects when a worktree is
saved, and come from the main checkout again when it is restored.
"""

import filecmp
import os
import secrets
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from ropewalk.git.provision_files import copy
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import is_below
from ropewalk.store.files import disk_error


def find_copies(
    place: Place, files: Path, paths: Iterable[str], *, brought: Collection[str]
) -> tuple[str, ...]:
    """Return those paths that were brought in and that the main checkout holds byte for byte.

    Args:
        place: the repository.
        files: where the files of the worktree lie now.
        paths: what to look at, relative to it.
        brought: what was brought in.
    """
    if place.bare or not brought:
        return ()
    return tuple(
        path
        for path in paths
        if is_below(path, brought) and _is_same(place.top / path, files / path)
    )


def bring_again(place: Place, worktree: Path, copies: Iterable[str]) -> None:
    """Copy files from the main checkout again, as far as they are still there.

    Raises:
        InvalidInput: a symbolic link leads out of the worktree.
        OSError: the disk refused.
    """
    for name in copies:
        if not place.bare and os.path.lexists(place.top / name):
            copy(place.top, worktree, name)


def put_changed_aside(place: Place, worktree: Path, brought: Collection[str]) -> tuple[str, ...]:
    """Move files that were brought in and are not what the main checkout holds beside the worktree.

    Returns:
        Their paths, relative to the worktree.

    Raises:
        StorageError: the disk refused.
    """
    if place.bare:
        return ()
    changed = [name for name in brought if _is_changed(place.top / name, worktree / name)]
    if not changed:
        return ()
    aside = worktree.with_name(f".kept-{worktree.name}-{secrets.token_hex(4)}")
    try:
        for name in changed:
            target = aside / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (worktree / name).rename(target)
    except OSError as error:
        raise disk_error("move", worktree / changed[0], error) from error
    return tuple(changed)


def _is_changed(source: Path, path: Path) -> bool:
    """Whether a file was brought in as a file and is another now; not where a source is gone."""
    try:
        is_file = stat.S_ISREG(source.lstat().st_mode)
    except OSError:
        return False
    return is_file and os.path.lexists(path) and not _is_same(source, path)


def _is_same(one: Path, other: Path) -> bool:
    try:
        modes = one.lstat().st_mode, other.lstat().st_mode
        if not all(map(stat.S_ISREG, modes)) or (modes[0] ^ modes[1]) & stat.S_IXUSR:
            return False
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False
