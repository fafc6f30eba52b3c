"""Files in a worktree that are still what was copied from the main checkout, such as ``.env``.

They are nobody's work and may be secret: they are not taken into git's objects when a worktree is
saved, and come from the main checkout again when it is restored.
"""

import filecmp
import os
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from ropewalk.git.provision_files import copy
from ropewalk.git.repository import Place
from ropewalk.git.snapshot import is_below


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


def _is_same(one: Path, other: Path) -> bool:
    try:
        modes = one.lstat().st_mode, other.lstat().st_mode
        if not all(map(stat.S_ISREG, modes)) or (modes[0] ^ modes[1]) & stat.S_IXUSR:
            return False
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False
